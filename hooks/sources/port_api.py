"""The port from gluetun's control server, where its port file does not count: `FORWARDED_PORT_SOURCE`.

One thread per gluetun polls it and puts each new answer into the tracker, which posts the same events as for the file.
`auto` polls while there is no file, or one that is older than gluetun's start; with a port in the file it only compares
both after a change and at each resync, and there is no thread in between. While the file is empty it goes on comparing:
a file that stays empty while the control server shows a port does not count any more until it is written. A container
event of gluetun wakes it at once.

Guarantees: nothing is asked while gluetun does not run, or where it is set to forward no port. An answer never
replaces what the file said meanwhile. A server that hangs or refuses costs this thread alone; it is `source.lost`,
once, where the port comes from it, and a `problem`, once, where the file was to give it. Unchanged answers are no
event: a new generation begins with another port, another tunnel, a start of gluetun, or a port after none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Literal

from hooks.events.catalogue import CHANGES_WORLD, Event
from hooks.sources import port_file
from hooks.sources.periodic import PeriodicThread
from hooks.sources.port_api_failures import Failures
from hooks.sources.port_comparison import COMPARE_S, Comparison
from hooks.threads.lasting import LastingThread
from hooks.world.changes import port_file_read
from hooks.world.model import Container, OwnPort, PortFile, World
from hooks.world.tracker import Tracker

Mode = Literal["auto", "file", "api"]

SOON_S = 1.0
"""Between two polls while a port is to come: a second is little beside the five that a tunnel needs for it."""
STEADY_S = 5.0
"""Between two polls while the port is there, or does not come: a tunnel that restarts by itself is away so long."""
_HURRY_S = 60.0  # how long after a change the polls come each second
_SELDOM_S = 30.0  # gluetun may be none that forwards a port
_SELDOM_AFTER_S = 600.0
_DOES = "polls gluetun's control server for its port"


def file_counts(file: PortFile, gluetun: Container | None) -> bool:
    """Whether the file is there, and gluetun's container has written or emptied it since its last start."""
    return bool(file.generation) and not (gluetun and file.mtime < gluetun.state_since)


class PortApi(PeriodicThread):
    """Polls one gluetun. `ask` returns its answer: `ports`, and as `generation` a mark that another tunnel changes.

    It raises an exception where gluetun cannot tell (`said` is the reason, `kind` "late" where it holds the answer;
    `after`: how many seconds it asks to wait; `is_final`: a person must change something first). `file` is the port
    file's path, read in the mode "auto" alone. `gluetun` is whose port it is, "" for the main one.
    """

    def __init__(
        self, tracker: Tracker, post: Callable[[Event], None], ask: Callable[[], PortFile], mode: Mode, file: str, *,
        gluetun: str = "", clock: Callable[[], float] = time.monotonic, now_ns: Callable[[], int] = time.time_ns,
        wait: Callable[[threading.Event, float | None], object] = threading.Event.wait,
    ) -> None:  # fmt: skip
        super().__init__("port-api", _DOES, wait)
        self._tracker, self._post, self._ask, self._mode, self._file = tracker, post, ask, mode, file
        self._clock, self._now_ns, self._gluetun = clock, now_ns, gluetun
        self._listened = False
        self.asked = threading.Event()  # the first answer is there, or it is known that none comes now
        self._lock = threading.Lock()
        self._hurry_until, self._compare_at = 0.0, inf
        self._is_due = False  # to compare, at the next beat
        self._life: tuple[str, int] | None = None  # of gluetun's container: its id, and since when it is as it is
        self._starting = threading.Lock()  # around "is there a thread, does it end"
        self._is_begun = self._is_active = False
        self._failures = Failures(lambda: self.name, post, clock, now_ns)
        self._comparison = Comparison()

    @property
    def _own(self) -> OwnPort:
        """The port of this gluetun, as last read."""
        world = self._tracker.world
        return world.port_of(self._gluetun or world.gluetun)

    def read_file(self, path: str) -> None:
        """The port file is at this path from now on, "" for nowhere."""
        if path != self._file:
            self._file = path
            self.asked.clear()  # the answer before was about another file
            self.wake()

    @property
    def name(self) -> str:
        """The source's name, with that of gluetun's container."""
        return f"api:{self._gluetun or self._tracker.world.gluetun}"

    @property
    def in_use(self) -> bool:
        """Whether the port comes from the control server now."""
        return self._listened and (self._mode == "api" or self._is_ours(self._own))

    @property
    def stands_in(self) -> bool:
        """Whether the control server is asked because the file gives no port."""
        return self._listened and self._mode == "auto" and not self._counts(port_file.read(self._file), self._own)

    def start(self) -> None:
        """From now on there is a thread whenever there is something to do."""
        self._is_begun = True
        self.wake()

    def wake(self) -> None:
        """Begin the next turn now."""
        super().wake()
        with self._starting:
            if not self._is_begun or self._is_active or self._stopping or not self._listened:
                return
            self._is_active = True
            self.thread = LastingThread(self._run, "port-api", _DOES)
            self.thread.start()

    def health(self) -> dict[str, object]:
        """For the heartbeat: `connected`, `since` when (s since the epoch), and the `reason` if not."""
        return self._failures.health()

    def set(self, *, listened: bool) -> None:
        """Whether a rule uses the port."""
        self._listened = listened and self._mode != "file"
        self.hurry()

    def note(self, event: Event) -> None:
        """A container event was posted: one of gluetun's is a reason to ask now."""
        if not self._listened or event.type not in CHANGES_WORLD or event.subject != (own := self._own).gluetun:
            return
        gluetun = own.container
        before, self._life = self._life, (gluetun.id, gluetun.state_since) if gluetun else None
        if self._life != before:
            self.hurry()
        elif event.origin == "resync":
            self._compare_at = min(self._compare_at, self._clock())
            self.wake()
        elif self._is_active:  # Podman reports each health check
            self.wake()

    def hurry(self) -> None:
        """Ask now, and each second for a while."""
        self._hurry_until = self._clock() + _HURRY_S
        self._compare_at = self._clock() + COMPARE_S[0]
        self._failures.hurry()
        self.wake()

    def file_changed(self) -> None:
        """The port file has changed: ask now if it gives no port, else compare later, out of the reaction's way."""
        if self._own.port is None:
            self.hurry()
        else:
            self._compare_at, self._is_due = self._clock() + COMPARE_S[0], True

    def beat(self) -> None:
        """Some seconds have passed."""
        if self._is_due:
            self._is_due = False
            self.wake()

    def poll_now(self) -> bool:
        """Ask now, from any thread. False where that failed, so that nobody can tell what holds."""
        with self._lock:
            return self._poll() if self.in_use else True

    def replaces(self, file: PortFile) -> bool:
        """Whether the control server's answer stands in place of this reading of the file."""
        if self._mode != "auto":
            return False
        own = self._own
        return self._is_ours(own) and not self._counts(file, own)

    def turn(self) -> float | None:
        """Ask, or compare, if that is due. Returns for how long to sleep."""
        own = self._own
        if not self._listened:
            return None
        if not own.container.running if own.container else own.is_seen:
            self._failures.end("gluetun does not run, so there is no port")
            return None
        if own.container and own.container.forwards_no_port:  # each poll would stand in its log
            self._failures.end("gluetun forwards no port")
            return None
        with self._lock:
            if self._mode == "auto" and self._counts(file := port_file.read(self._file), own):
                return self._compare(file)
            return self._pause_s(well=self._poll())

    def _run(self) -> None:
        while not self._stopping:
            self._wakeup.clear()  # before the turn, so that a `wake` during it begins another one
            file = self._file
            timeout_s = self.turn()
            if file == self._file and not self._wakeup.is_set():  # else another turn begins at once
                self.asked.set()
            with self._starting:
                if timeout_s is None and not self._wakeup.is_set():
                    self._is_active = False
                    return
            if not self._stopping:
                self._wait(self._wakeup, timeout_s)

    # -- asking -------------------------------------------------------------------------------

    def _poll(self) -> bool:
        before, now = self._own, self._now_ns()  # an answer is as old as its question
        try:
            found = self._ask()
        except Exception as error:  # noqa: BLE001 - whatever makes it fail
            if not self._stopping:
                self._failures.add(error, in_use=self.in_use, file=self._file)
            return False
        if self._stopping:
            return True
        if self._mode == "auto" and self._counts(port_file.read(self._file), self._own):
            return True  # it was written before the control server shows the port
        self._failures.end("gluetun's control server answers again")
        self._accept(before, found, now)
        return True

    def _accept(self, before: OwnPort, found: PortFile, now: int) -> None:
        known = before.file if self._is_ours(before) else None
        if known is not None and _is_same(known, found) and (before.port or not found.ports):
            self._tracker.port_was_read()
            return
        reading = replace(found, source=self.name, mtime=now, generation=f"{now}-{found.generation}")
        self._hurry_until = max(self._hurry_until, self._clock() + (0.0 if found.ports else _HURRY_S))

        def change(world: World) -> World:
            known = world.port_of(self._gluetun or world.gluetun).file
            if known is before.file:
                return port_file_read(reading, now, self._gluetun)(world)
            self.wake()  # the world is another than that in which it was asked: ask again
            return world

        self._tracker.update(change, "resync" if before.file is None else "live")

    def _pause_s(self, *, well: bool) -> float:
        if not well and (pause_s := self._failures.pause_s()) is not None:
            return pause_s
        late_s = self._clock() - self._hurry_until
        if well and self._own.port:
            return STEADY_S
        return SOON_S if late_s < 0 else STEADY_S if late_s < _SELDOM_AFTER_S else _SELDOM_S

    def _is_ours(self, own: OwnPort) -> bool:
        return own.file is not None and own.file.source == f"api:{own.gluetun}"

    # -- comparing ----------------------------------------------------------------------------

    def _counts(self, file: PortFile, own: OwnPort) -> bool:
        """Whether the file has the word."""
        if not file_counts(file, own.container):
            return False
        if file.is_empty and self._is_ours(own) and own.port and own.file and file.mtime < own.file.mtime:
            self._comparison.left_empty = file.generation  # by a previous run of gluehook
        return file.generation != self._comparison.left_empty

    def _compare(self, file: PortFile) -> float | None:
        """Ask whether the control server has another port than the file. Silent where it cannot be asked."""
        self._failures.end("gluetun's port file is there again")
        if self._clock() >= self._compare_at:
            pause_s = self._compared(file)
            self._compare_at = inf if pause_s is None else self._clock() + pause_s
        return None if self._compare_at == inf else max(0.0, self._compare_at - self._clock())

    def _compared(self, file: PortFile) -> float | None:
        """Compare now. Returns after how many seconds to do so again, None for at the next change."""
        before, now = self._own, self._now_ns()
        # a port that comes without being written is no change of the file
        next_s = None if not file.is_empty else COMPARE_S[0] if self._clock() < self._hurry_until else _SELDOM_S
        try:
            found = self._ask()
        except Exception as error:  # noqa: BLE001 - the file is there, so nothing depends on it
            return None if getattr(error, "is_final", False) else next_s
        if port_file.read(self._file) != file:  # it was written meanwhile, and that begins another comparison
            return None
        if self._comparison.take(self._file, before.gluetun, file, found):
            return COMPARE_S[0 if file.is_empty else 1]
        if file.generation == self._comparison.left_empty:
            self._accept(before, found, now)
            return 0.0
        return next_s


def _is_same(known: PortFile, found: PortFile) -> bool:
    mark = known.generation.rpartition("-")[2]
    return known.ports == found.ports and (not found.ports or mark == found.generation)
