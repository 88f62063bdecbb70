"""The Docker source: a reader that only enqueues, and a keeper that keeps the world true to the engine.

Subscribe, then list: each opened stream puts a mark into the queue, and the keeper lists
when it meets the mark. What happens meanwhile waits behind it, so nothing falls in between.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from math import inf
from typing import Any

from hooks.docker.client import connect, engine, where
from hooks.docker.inspect import inspect_all, inspect_one, inspect_some
from hooks.docker.refusals import why
from hooks.events import signals
from hooks.events.catalogue import CHANGES_WORLD, Event
from hooks.events.durations import backoff
from hooks.events.jsonl import from_docker
from hooks.sources.docker_stream import Backlog, Failed, Item, Opened, Reader
from hooks.world.changes import addresses_of, all_containers, some_containers
from hooks.world.model import Container
from hooks.world.tracker import Tracker

__all__ = ["DockerSource", "connect"]

_OVERLAP_NS = 10**9  # events of parallel publishers come out of order: facts on docker-events, 1.2
_REMEMBERED = 1024  # events, four times as many as Docker can tell again
_LOOK_S = 5.0
_LATEST_LOOK_S = 0.5  # while a burst lasts; else as soon as the queue is empty
_STOP_S = 0.45
_HEALTH = ("container.healthy", "container.unhealthy")


class DockerSource:
    """Docker's events into the tracker, and a look at the engine wherever events cannot tell.

    `post` takes our own news of this source, `wanted` says whether a rule listens to an event that does not change
    the world, `types` are the event types that rules name. `cursor` (ns) is where an earlier life stopped.
    """

    def __init__(
        self, tracker: Tracker, post: Callable[[Event], None], wanted: Callable[[Event], bool], *,
        types: Iterable[str] = (), cursor: int = 0, resync_s: float = 300.0, silence_s: float = 20.0,
        backoff_s: tuple[float, float] = (0.1, 5.0), backlog: Backlog | None = None,
    ) -> None:  # fmt: skip
        self._tracker, self._post, self._wanted = tracker, post, wanted
        self._resync_s, self._backoff_s = resync_s, backoff_s
        self._backlog = backlog or Backlog()
        self.cursor = cursor or time.time_ns()  # the time of the newest event seen, ns since the Unix epoch
        self._born = 0 if cursor else self.cursor  # what was before a first life is nobody's
        self._began = time.monotonic_ns()
        self._listens_since = dict.fromkeys(types, 0)  # ns; what was before is no news to who asks later
        self._reader = Reader(
            self._backlog, frozenset(self._listens_since), self._since,
            silence_s=silence_s, backoff_s=backoff_s,
        )  # fmt: skip
        self.ready = threading.Event()  # the first look is done
        self.connected, self.since = False, time.time_ns()  # since when it is so, ns since the Unix epoch
        self._reason = "it is not seen yet"
        self._stopping = threading.Event()
        self._said_lost = self._said_broken = self._podman = False
        self._certain = False  # nothing can have been missed since the last resync
        self._opened_at = 0
        self._seen: dict[tuple[int, str, str], None] = {}
        self._look_soon: dict[str, None] = {}  # container ids
        self._look_by = self._resync_at = inf
        self._failures, self._dropped = 0, 0
        self._keeper = threading.Thread(target=self._keep, name="docker-keeper", daemon=True)

    def start(self) -> None:
        """Begin. An engine that is away is no error: it is said once and tried again."""
        self._keeper.start()
        self._reader.start()

    def listen(self, types: Iterable[str]) -> None:
        """Tell of these event types from now on, of new ones nothing that happened before. Any thread may call it."""
        now, known = time.time_ns(), self._listens_since
        self._listens_since = {kind: known.get(kind, now) for kind in types}
        self._reader.listen(frozenset(self._listens_since))

    def stop(self) -> None:
        """End within a second, even when the engine hangs. Nothing is posted afterwards."""
        self._stopping.set()
        self._backlog.mark(None)
        self._reader.stop(_STOP_S)
        self._keeper.join(_STOP_S)

    def health(self) -> dict[str, Any]:
        """For the heartbeat: whether the engine is seen, since when (seconds since the Unix epoch), and if not, why."""
        return {"connected": self.connected, "since": self.since / 1e9, "reason": self._reason}

    def inspect_again(self, names: Iterable[str]) -> bool:
        """Look at these containers now, from any thread. False when blind: what they are cannot be told."""
        before = self._tracker.world
        try:
            with closing(connect(_LOOK_S)) as client:
                found = {name: _named(inspect_one(client, name), name) for name in names}
        except Exception:  # noqa: BLE001 - whatever keeps us from looking
            return False
        self._tracker.update(some_containers(before, found))
        return True

    def _since(self) -> int:
        """From which instant on events are wanted, in ns. Where the clock was set back, no time tells what was missed:
        then it is all that Docker remembers of our lives, and what was seen already is known.
        """
        now = time.time_ns()
        born = min(self._born, now - (time.monotonic_ns() - self._began))
        return max(born, self.cursor - _OVERLAP_NS) if self.cursor <= now else born

    # -- the keeper --------------------------------------------------------------------------

    def _keep(self) -> None:
        while not self._stopping.is_set():
            try:
                item = self._next()
                if item is None:
                    self._catch_up()
                else:
                    self._take(item)
            except Exception as error:  # noqa: BLE001 - a keeper that dies is an outage that nobody reports
                self._resync_at = min(self._resync_at, time.monotonic() + self._backoff_s[1])
                said = f"the Docker source stumbled ({type(error).__name__}: {error}); it looks at Docker anew soon"
                signals.emit(signals.problem, said=said, error=error)

    def _next(self) -> Item | None:
        """The next item, or None when it is time to catch up."""
        due_in_s = min(self._resync_at, self._look_by) - time.monotonic()
        if due_in_s <= 0:
            return None
        at_once = self._look_soon or self._backlog.dropped > self._dropped
        try:
            return self._backlog.get(0 if at_once else min(due_in_s, threading.TIMEOUT_MAX))
        except queue.Empty:
            return None

    def _catch_up(self) -> None:
        if self._backlog.dropped > self._dropped or self._resync_at <= time.monotonic():
            self._resync()
        elif self._look_soon:
            self._look()

    def _take(self, item: Item) -> None:
        match item:
            case bytes():
                self._line(item)
            case Opened():
                self._opened_at, self._said_broken, self._podman = item.at, False, engine().podman
                if not (item.after_silence and self.connected):
                    self._certain = False
                    self._resync()
            case Failed():
                self._resync_at = self._look_by = inf
                self._look_soon.clear()
                self._lose(item.reason)

    def _line(self, line: bytes) -> None:
        try:
            raw = json.loads(line)
            key = (int(raw["timeNano"]), str(raw["Actor"]["ID"]), str(raw["Type"] + raw["Action"]))
            event = from_docker(raw, "backlog" if key[0] < self._opened_at else "live")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self._broken(line, error)
            return
        if key in self._seen:
            return
        self._seen[key] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        self.cursor = max(self.cursor, key[0])
        if event:
            self._event(event)

    def _event(self, event: Event) -> None:
        if self._podman and event.type in _HEALTH:
            self._soon(event.data["id"])  # it tells the check before last: facts on podman
            return
        is_new = event.time >= self._listens_since.get(event.type, 0)
        if event.type in CHANGES_WORLD or (is_new and self._wanted(event)):
            self._tracker.apply(event)
        if event.type == "container.start":
            self._soon(event.data["id"])
        elif event.type == "network.connect":
            self._soon(event.data.get("container_id", ""))

    # -- looking -----------------------------------------------------------------------------

    def _soon(self, ident: str) -> None:
        self._look_soon[ident] = None
        self._look_by = min(self._look_by, time.monotonic() + _LATEST_LOOK_S)

    def _look(self) -> None:
        """Addresses come with no event, so whoever was started or connected is looked at."""
        idents, before = list(self._look_soon), self._tracker.world
        self._look_soon, self._look_by = {}, inf
        try:
            with closing(connect(_LOOK_S)) as client:
                found = inspect_some(client, idents, in_full=self._podman)
        except Exception:  # noqa: BLE001 - if the engine is away the reader says so
            self._resync_at = min(self._resync_at, time.monotonic() + self._pause_s())
            return
        for seen in found if not self._stopping.is_set() else ():
            self._tracker.update(
                some_containers(before, {seen.name: seen}) if self._podman else addresses_of(seen), "live"
            )

    def _resync(self) -> None:
        before, dropped = self._tracker.world, self._backlog.dropped
        self._look_soon, self._look_by = {}, inf
        try:
            with closing(connect(_LOOK_S)) as client:
                found = inspect_all(client, before, thorough=not self._certain or dropped > self._dropped)
        except Exception as error:  # noqa: BLE001 - whatever it is, we are blind and try again
            self._resync_at = time.monotonic() + self._pause_s()
            self._lose(why(error, where()))
            return
        if self._stopping.is_set():
            return
        self._tracker.resync(all_containers(before, found))
        self._said_dropped(dropped)
        self._certain, self._failures, self._resync_at = True, 0, time.monotonic() + self._resync_s
        self._restore(found)

    def _pause_s(self) -> float:
        self._failures += 1
        return backoff(*self._backoff_s, self._failures)

    # -- telling -------------------------------------------------------------------------------

    def _lose(self, reason: str) -> None:
        self._certain = False
        if self.connected or not self._said_lost:
            self._switch(connected=False)
        self._reason = reason
        if self._said_lost:
            return
        self._said_lost = True
        self._post(self._news("source.lost", reason=reason))
        again = f"trying again every {self._backoff_s[1]:g} s; the port file is still followed"
        signals.emit(signals.source_lost, name="docker", reason=f"{reason}; {again}")

    def _restore(self, found: Mapping[str, Container]) -> None:
        if self.connected:
            return
        self._switch(connected=True)
        self._reason = ""
        self.ready.set()
        if self._said_lost:
            self._said_lost = False
            self._post(self._news("source.restored"))
        running = sum(container.running for container in found.values())
        kind = "Podman" if self._podman else "Docker"
        detail = f"{kind} {engine().version} at {where()}: {running} of {len(found)} containers run"
        signals.emit(signals.source_restored, name="docker", detail=detail)

    def _switch(self, *, connected: bool) -> None:
        self.connected, self.since = connected, time.time_ns()

    def _news(self, kind: str, **data: str) -> Event:
        return Event(kind, "docker", time.time_ns(), "docker", data={"name": "docker", **data})

    def _said_dropped(self, dropped: int) -> None:
        if dropped > self._dropped:
            said = f"Docker told more than could be taken in: {dropped - self._dropped} events were dropped, "
            signals.emit(signals.problem, said=said + "and every container was looked at instead")
        self._dropped = dropped

    def _broken(self, line: bytes, error: Exception) -> None:
        if not self._said_broken:
            said = f"Docker at {where()} sent what is no event ({type(error).__name__}: {line[:80]!r}); "
            signals.emit(signals.problem, said=said + "such lines are skipped and not told again", error=error)
        self._said_broken = True


def _named(seen: Container | None, name: str) -> Container | None:
    return seen if seen and seen.name == name else None  # a name may also be the beginning of an id
