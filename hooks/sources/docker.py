"""The Docker source: Docker's events and containers into the tracker, with two threads.

The reader (docker_stream.py) subscribes and only enqueues lines; the keeper here takes them and keeps the world equal
to the engine. app builds the source, calls `listen` when the rules change and `inspect_again` before a due run.
Guarantees. Subscribe, then list: each opened stream puts a mark into the queue and the keeper resyncs at that mark, so
no event falls in between. Every reconnect is a resync, and one comes every `resync_s` anyway. After a reconnect events
are asked for from a second before the last one seen, and those seen already are dropped. An outage is reported once
(`source.lost`), its end as well, and it ends after a good resync. No exception ends a thread (hooks/threads).
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from math import inf
from typing import Any

from hooks.docker.client import connect, engine, where
from hooks.docker.inspect import inspect_all, inspect_one, inspect_some
from hooks.docker.listing import Skipped
from hooks.docker.refusals import why
from hooks.events import signals
from hooks.events.catalogue import CHANGES_WORLD, Event
from hooks.events.durations import backoff
from hooks.sources.docker_lines import Lines
from hooks.sources.docker_stream import Backlog, Failed, Item, Opened, Reader
from hooks.threads.lasting import LastingThread
from hooks.world.changes import addresses_of, all_containers, some_containers
from hooks.world.model import Container
from hooks.world.tracker import Tracker

__all__ = ["DockerSource", "connect"]

_OVERLAP_NS = 10**9  # events of parallel publishers come out of order: facts on docker-events, 1.2
_LATEST_INSPECT_S = 0.5  # while a burst lasts; else as soon as the queue is empty
_STOP_S = 0.45
_CLOCKS_APART_S = 2.0
_HEALTH = ("container.healthy", "container.unhealthy")


class DockerSource:
    """Docker's events into the tracker, and an inspect wherever events do not show enough.

    `post` takes the source's own events (`source.lost`, `source.restored`). `wanted` says whether a rule listens to an
    event that does not change the world. `types` are the event types that rules name. `cursor` (ns) is the time of
    the last event that the previous run of gluehook saw, 0 for none. `inspected` is called after each resync, with
    whether that was the first one of a connection.
    """

    def __init__(
        self, tracker: Tracker, post: Callable[[Event], None], wanted: Callable[[Event], bool], *,
        types: Iterable[str] = (), cursor: int = 0, resync_s: float = 300.0, silence_s: float = 20.0,
        backoff_s: tuple[float, float] = (0.1, 5.0), request_s: float = 5.0, backlog: Backlog | None = None,
        inspected: Callable[[bool], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._tracker, self._post, self._wanted, self._inspected = tracker, post, wanted, inspected
        self._resync_s, self._backoff_s, self._request_s = resync_s, backoff_s, request_s
        self._backlog = backlog or Backlog()
        self.cursor = cursor or time.time_ns()  # the time of the newest event seen, ns since the Unix epoch
        self._born = 0 if cursor else self.cursor  # a first run takes nothing from before its start
        self._began = time.monotonic_ns()
        self._listens_since = dict.fromkeys(types, 0)  # by type, ns: an event from before a rule listened is not for it
        self._reader = Reader(
            self._backlog, frozenset(self._listens_since), self._since,
            silence_s=silence_s, backoff_s=backoff_s,
        )  # fmt: skip
        self.ready = threading.Event()  # the first resync is done
        self.connected, self.since = False, time.time_ns()  # since when it is so, ns since the Unix epoch
        self._reason = "it has not been reached yet"
        self._stopping = threading.Event()
        self._reported_lost = self._podman = False
        self._certain = False  # nothing can have been missed since the last resync
        self._opened_at = 0
        self._lines = Lines()
        self._to_inspect: dict[str, None] = {}  # container ids, in their order
        self._inspect_by = self._resync_at = inf
        self._failures, self._dropped = 0, 0
        self._resynced = (0.0, 0.0)  # when the last resync began, by the monotonic and by the wall clock
        self._skipped: frozenset[Skipped] = frozenset()
        keeper = LastingThread(self._keep, "docker-keeper", "lists containers", failed=self._lose, pause_s=backoff_s)
        self.threads = [keeper, self._reader.thread]

    def start(self) -> None:
        """Start both threads. An engine that is away is no error: it is reported once and tried again."""
        self.threads[0].start()
        self._reader.start()

    def listen(self, types: Iterable[str]) -> None:
        """Deliver these event types from now on; of new ones nothing that happened before. Any thread may call it."""
        now, known = time.time_ns(), self._listens_since
        self._listens_since = {kind: known.get(kind, now) for kind in types}
        self._reader.listen(frozenset(self._listens_since))

    def stop(self) -> None:
        """Stop within a second, even when the engine hangs. Nothing is posted afterwards."""
        self._stopping.set()
        self.threads[0].stop()
        self._backlog.mark(None)
        self._reader.stop(_STOP_S)
        self.threads[0].join(_STOP_S)

    def health(self) -> dict[str, Any]:
        """For the heartbeat: whether it is connected, since when (s since the Unix epoch), and the reason if not.

        `refused`: how many lines were no events.
        """
        refused = self._lines.refused
        return {"connected": self.connected, "since": self.since / 1e9, "reason": self._reason, "refused": refused}

    def inspect_again(self, names: Iterable[str]) -> bool:
        """Inspect the containers of these names now, from any thread. False when that failed."""
        before = self._tracker.world
        try:
            with closing(connect(self._request_s)) as client:
                found = {name: inspect_one(client, name) for name in names}
        except Exception:  # noqa: BLE001 - whatever makes the inspect fail
            return False
        named = {name: one if one and one.name == name else None for name, one in found.items()}  # an id begins so
        self._tracker.update(some_containers(before, named))
        return True

    def _since(self) -> int:
        """From which instant on events are asked for, in ns.

        Where the clock was set back, no time says what was missed: then it is all that Docker remembers since gluehook
        first started, and the keys of events drop those seen already.
        """
        now = time.time_ns()
        born = min(self._born, now - (time.monotonic_ns() - self._began))
        return max(born, self.cursor - _OVERLAP_NS) if self.cursor <= now else born

    # -- the keeper --------------------------------------------------------------------------

    def _keep(self) -> None:
        if self._reported_lost:  # this thread broke, and what it had taken from the queue is gone
            self._certain, self._resync_at = False, time.monotonic()
        while not self._stopping.is_set():
            item = self._next()
            if item is None:
                self._catch_up()
            else:
                self._take(item)

    def _next(self) -> Item | None:
        """The next item, or None when it is time to catch up."""
        due_in_s = min(self._resync_at, self._inspect_by) - time.monotonic()
        if due_in_s <= 0:
            return None
        at_once = self._to_inspect or self._backlog.dropped > self._dropped
        try:
            return self._backlog.get(0 if at_once else min(due_in_s, threading.TIMEOUT_MAX))
        except queue.Empty:
            return None

    def _catch_up(self) -> None:
        if self._backlog.dropped > self._dropped or self._resync_at <= time.monotonic():
            self._resync()
        elif self._to_inspect:
            self._inspect()

    def _take(self, item: Item) -> None:
        match item:
            case bytes():
                self._take_line(item)
            case Opened():
                self._opened_at, self._podman = item.at, engine().podman
                if not (item.after_silence and self.connected):
                    self._certain = False
                    self._resync()
            case Failed():
                self._resync_at = self._inspect_by = inf
                self._to_inspect.clear()
                self._lose(item.reason)

    def _take_line(self, line: bytes) -> None:
        read = self._lines.read(line, self._opened_at)
        if read is None:
            return
        self.cursor = max(self.cursor, read.time)
        if read.event:
            self._take_event(read.event)
        elif self._podman and read.action.startswith("health_status"):
            self._inspect_soon(read.ident)  # with some Podmans the event has no health

    def _take_event(self, event: Event) -> None:
        if self._podman and event.type in _HEALTH:
            self._inspect_soon(event.data["id"])  # Podman sends the health of the check before last
            return
        is_new = event.time >= self._listens_since.get(event.type, 0)
        if event.type in CHANGES_WORLD or (is_new and self._wanted(self._tracker.with_role(event))):
            self._tracker.apply(event)
        if event.type == "container.start":
            self._inspect_soon(event.data["id"])
        elif event.type == "network.connect":
            self._inspect_soon(event.data.get("container_id", ""))
        elif event.type == "container.unpause":
            self._resync_at = min(self._resync_at, time.monotonic())  # a run may have left it alone until now

    # -- inspecting --------------------------------------------------------------------------

    def _inspect_soon(self, ident: str) -> None:
        self._to_inspect[ident] = None
        self._inspect_by = min(self._inspect_by, time.monotonic() + _LATEST_INSPECT_S)

    def _inspect(self) -> None:
        """No event has addresses, so each container that was started or connected is inspected."""
        idents, before = list(self._to_inspect), self._tracker.world
        self._to_inspect, self._inspect_by = {}, inf
        try:
            with closing(connect(self._request_s)) as client:
                found = inspect_some(client, idents, in_full=self._podman)
        except Exception:  # noqa: BLE001 - if the engine is away the reader reports it
            self._resync_at = min(self._resync_at, time.monotonic() + self._pause_s())
            return
        for container in found if not self._stopping.is_set() else ():
            self._tracker.update(
                some_containers(before, {container.name: container}) if self._podman else addresses_of(container),
                "live",
            )

    def _resync(self) -> None:
        before, dropped, began = self._tracker.world, self._backlog.dropped, (time.monotonic(), time.time())
        self._to_inspect, self._inspect_by = {}, inf
        try:
            with closing(connect(self._request_s)) as client:
                since_s = self._since_resync_s(*began) if self._certain and dropped == self._dropped else inf
                reading = inspect_all(client, before, since_s=since_s)
        except Exception as error:  # noqa: BLE001 - whatever it is, the source is lost and tries again
            self._resync_at = time.monotonic() + self._pause_s()
            self._lose(why(error, where()))
            return
        if self._stopping.is_set():
            return
        self._tracker.resync(all_containers(before, reading.containers))
        self._report_dropped(dropped)
        self._lines.report_refused()
        self._report_skipped(reading.skipped)
        is_first, self._certain = not self._certain, True
        self._failures, self._resync_at, self._resynced = 0, time.monotonic() + self._resync_s, began
        self._restore(reading.containers)
        self._inspected(is_first)

    def _since_resync_s(self, monotonic_s: float, wall_s: float) -> float:
        """How long ago the last resync began; infinity where a clock was set or the machine slept since."""
        by_monotonic, by_wall = monotonic_s - self._resynced[0], wall_s - self._resynced[1]
        return by_monotonic + _CLOCKS_APART_S if abs(by_monotonic - by_wall) < _CLOCKS_APART_S else inf

    def _pause_s(self) -> float:
        self._failures += 1
        return backoff(*self._backoff_s, self._failures)

    # -- reporting -----------------------------------------------------------------------------

    def _lose(self, reason: str) -> None:
        self._certain = False
        if self.connected or not self._reported_lost:
            self._switch(connected=False)
        self._reason = reason
        if self._reported_lost:
            return
        self._reported_lost = True
        self._post(self._own_event("source.lost", reason=reason))
        again = f"trying again every {self._backoff_s[1]:g} s; the port file is still followed"
        signals.emit(signals.source_lost, name="docker", reason=f"{reason}; {again}")

    def _restore(self, found: Mapping[str, Container]) -> None:
        if self.connected:
            return
        self._switch(connected=True)
        self._reason = ""
        self.ready.set()
        if self._reported_lost:
            self._reported_lost = False
            self._post(self._own_event("source.restored"))
        running = sum(container.running for container in found.values())
        kind = "Podman" if self._podman else "Docker"
        detail = f"{kind} {engine().version} at {where()}: {running} of {len(found)} containers run"
        signals.emit(signals.source_restored, name="docker", detail=detail)

    def _switch(self, *, connected: bool) -> None:
        self.connected, self.since = connected, time.time_ns()

    def _own_event(self, kind: str, **data: str) -> Event:
        return Event(kind, "docker", time.time_ns(), "docker", data={"name": "docker", **data})

    def _report_dropped(self, dropped: int) -> None:
        if dropped > self._dropped:
            said = f"Docker sent more events than could be handled: {dropped - self._dropped} events were dropped, "
            signals.emit(signals.problem, said=said + "and every container was inspected instead")
        self._dropped = dropped

    def _report_skipped(self, skipped: Iterable[Skipped]) -> None:
        new = frozenset(skipped) - self._skipped
        for one in sorted(new, key=str):
            said = f"Docker's list has an entry that cannot be read: {one}; it is left out, and all others are followed"
            signals.emit(signals.problem, said=said)
        self._skipped = frozenset(skipped)
