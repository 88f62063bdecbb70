"""The control servers of all gluetuns whose port is read: one `PortApi`, with a thread of its own, for each.

One that hangs delays no other. app calls `follow` when a gluetun comes or goes, or its port file is at another path.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from hooks.events.catalogue import CHANGES_WORLD, Event
from hooks.sources.port_api import PortApi
from hooks.threads.lasting import LastingThread
from hooks.world.model import PortFile

_STOP_S = 2.0

Make = Callable[[str, str], PortApi]
"""A `PortApi` for this gluetun ("" for the main one) with its port file at this path ("" for nowhere)."""


class PortApis:
    """`make` builds the source of one gluetun; `file` is where the main one's port file is. `clock`: monotonic s."""

    def __init__(self, make: Make, file: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._make, self._clock = make, clock
        self._by_gluetun = {"": make("", file)}
        self._started, self._listened = False, False

    @property
    def threads(self) -> list[LastingThread]:
        """The threads of all of them."""
        return [one.thread for one in self._all()]

    def start(self) -> None:
        """Start what has something to poll."""
        self._started = True
        for one in self._all():
            one.start()

    def stop(self) -> None:
        """Stop all of them, within two seconds, also where each of them hangs."""
        self._started = False
        for one in self._all():
            one.begin_stop()
        until = self._clock() + _STOP_S
        for one in self._all():
            one.thread.join(max(0.0, until - self._clock()))

    def wait(self, within_s: float, *, also_new: bool = False) -> None:
        """Wait so long for the first answer of those from which a port came to the previous run, or is to come.

        `also_new`: also of those that are asked because there is no file.
        """
        until = self._clock() + within_s
        for one in self._all():
            if one.in_use or (also_new and one.stands_in):
                one.asked.wait(max(0.0, until - self._clock()))

    def follow(self, file: str, others: Mapping[str, str]) -> None:
        """The main port file is there; `others`: the paths of those of other gluetuns, by name, "" for nowhere."""
        known = dict(self._by_gluetun)
        kept = {"": known[""]} | {name: known.get(name) or self._added(name, path) for name, path in others.items()}
        self._by_gluetun = kept
        for name, path in {"": file, **others}.items():
            kept[name].read_file(path)
        for name in known.keys() - kept.keys():
            known[name].stop()

    def set(self, *, listened: bool) -> None:
        """Whether a rule uses the port."""
        self._listened = listened
        for one in self._all():
            one.set(listened=listened)

    def note(self, event: Event) -> None:
        """An event was posted: one of a gluetun's container is a reason to ask now."""
        if event.type in CHANGES_WORLD:
            for one in self._all():
                one.note(event)

    def file_changed(self, gluetun: str = "") -> None:
        """The port file of this gluetun has changed."""
        if one := self._by_gluetun.get(gluetun):
            one.file_changed()

    def beat(self) -> None:
        """Some seconds have passed: what waits for that is done."""
        for one in self._all():
            one.beat()

    def replaces(self, file: PortFile, gluetun: str = "") -> bool:
        """Whether the control server's answer stands in place of this reading of the gluetun's file."""
        one = self._by_gluetun.get(gluetun)
        return one is not None and one.replaces(file)

    def poll_now(self, states: Sequence[Event]) -> bool:
        """Ask those that these states come from. False where one cannot be asked."""
        sources = {event.source for event in states}
        return all(one.poll_now() for one in self._all() if one.name in sources)

    def health(self) -> dict[str, dict[str, object]]:
        """For the heartbeat: by source, of those from which a port comes now."""
        return {one.name: one.health() for one in self._all() if one.in_use}

    def _added(self, gluetun: str, path: str) -> PortApi:
        one = self._make(gluetun, path)
        one.set(listened=self._listened)
        if self._started:
            one.start()
        return one

    def _all(self) -> tuple[PortApi, ...]:
        return tuple(self._by_gluetun.values())  # another thread may replace them meanwhile
