"""The source of container.log: follows the logs of the containers that rules name, in a process of its own.

`hooks.app` calls `listen` with the rules' entries for container.log, `note` with each event that changes the world, and
saves `places`, from which the next run of gluehook goes on. Without such a rule there is no thread and no process.
Guarantees: each line that a rule wants is posted at least once, from the first listening on, while the engine keeps it,
over restarts of gluehook, of the engine and of the container, and for a re-created container of the same name; one that
is posted twice has the same id both times. Of a container that was not followed before, only new lines are read, or all
of one that has started since. A source that is lost is told once, and tried again. gluehook's own container is never
followed: a line that a run of ours logs would start the next.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hooks.docker.client import engine
from hooks.events import signals
from hooks.events.catalogue import CHANGES_WORLD, Event
from hooks.events.durations import backoff
from hooks.rules.log_groups import LOG
from hooks.rules.matching import OneOf
from hooks.rules.table import Entry
from hooks.sources.log_health import LogHealth
from hooks.sources.log_lines_wanted import could_pass
from hooks.sources.log_orders import Order, Place, Wanted
from hooks.sources.log_places import Places
from hooks.sources.log_process import LogProcess
from hooks.sources.periodic import PeriodicThread
from hooks.threads.lasting import LastingThread
from hooks.world.differences import container_event
from hooks.world.model import Container
from hooks.world.tracker import Tracker

_BACKOFF_S = (1.0, 60.0)
_ORDERS_S = 0.2  # between two orders: in a burst of starts the runner has better to do


class ContainerLogs(PeriodicThread):
    """`post` takes the lines and the source's own events, `saved` is what `places` gave to the previous process.

    `own_id` is the container that gluehook runs in.
    """

    def __init__(
        self, tracker: Tracker, post: Callable[[Event], None], *, saved: Any = None, own_id: str = "",
        start_process: Callable[[], LogProcess] = LogProcess,
    ) -> None:  # fmt: skip
        super().__init__("container-logs", "decides which logs are followed")
        self._ended = threading.Event()
        self._tracker, self._post, self._own_id = tracker, post, own_id
        self._start_process = start_process
        self._entries: tuple[Entry, ...] = ()
        self._places = Places(saved)
        self._health = LogHealth(post)
        self._process: LogProcess | None = None
        self._order = Order()
        self._known: Mapping[str, Wanted] = {}  # by id: what the process follows
        self._failures, self._not_before = 0, 0.0
        self._is_begun = False
        self._unanswered: set[str] = set()  # ids of the logs that were not opened yet, and not refused either
        self._opened = threading.Event()
        self._has_process = threading.Event()
        self.reader = LastingThread(self._read, "container-logs-reader", "takes the lines of logs")

    @property
    def threads(self) -> list[LastingThread]:
        """Its threads, as far as they were needed."""
        return [self.thread, self.reader] if self._is_begun else []

    def start(self) -> None:
        """Nothing: it starts when a rule listens."""

    def listen(self, entries: Iterable[Entry]) -> None:
        """Read the logs that these entries are about, from now on."""
        entries = tuple(entries)
        if entries != self._entries:
            self._entries = entries
            self._opened.clear()
            self._places.listen(time.time_ns())
            self._report_own()
        if entries and not self._is_begun:
            self._is_begun = True
            self.thread.start()
            self.reader.start()
        self.wake()

    def wait_open(self, timeout_s: float) -> None:
        """Wait until the logs that rules name now are read, or cannot be."""
        if self._entries and self._tracker.world.is_listed:
            self._opened.wait(timeout_s)

    def note(self, event: Event) -> None:
        """Another container may have to be followed. Costs nothing where none is."""
        if self._entries and event.type in CHANGES_WORLD:
            self.wake()

    def places(self) -> Any:
        """How far the logs are read, as plain values; None where none was ever followed."""
        return self._places.saved(time.time_ns() if self._entries else 0)

    def health(self) -> dict[str, dict[str, Any]]:
        """For the heartbeat; {} where no rule listens."""
        return {"logs": self._health.plain()} if self._entries else {}

    def warnings(self) -> list[str]:
        """One sentence for each container whose log cannot be read."""
        return self._health.warnings() if self._entries else []

    def stop(self) -> None:
        """Stop; nothing is posted afterwards."""
        self.begin_stop()
        self._ended.set()
        self.reader.stop()
        self._has_process.set()
        self.thread.join(2.0)
        if self._process:
            self._process.end()
        self.reader.join(2.0)

    def turn(self) -> float | None:
        """Give the process its orders, or end it where no rule listens."""
        wait_s = self._not_before - time.monotonic()
        if not self._entries:
            self._end_process()
        elif wait_s > 0:
            return wait_s
        elif self._tracker.world.is_listed:
            self._give_orders()
        return None

    # -- which ---------------------------------------------------------------------------------

    def _give_orders(self) -> None:
        wanted = tuple(filter(None, map(self._wanted, self._tracker.world.containers.values())))
        api = engine().api
        order = Order("" if api == "?" else api, wanted)
        if self._process and order == self._order:
            self._report_opened()
            return
        running = {one.id for one in wanted if one.runs}
        self._unanswered = running & (self._unanswered | (running - self._known.keys()))
        self._known = {one.id: one for one in wanted}
        self._health.keep(one.name for one in wanted)
        if self._process is None:
            self._process = self._start_process()
            self._has_process.set()
        self._order, self._not_before = order, time.monotonic() + _ORDERS_S
        self._process.order(order)
        self._report_opened()

    def _wanted(self, container: Container) -> Wanted | None:
        if self._own_id and container.id == self._own_id:
            return None
        event = self._tracker.with_role(container_event(LOG, container, 0, "live"))
        entries = tuple(entry for entry in self._entries if could_pass(entry, event))
        if not entries:
            return None
        after = self._places.of(container)
        running, started = container.running, container.started_at
        return Wanted(container.id, container.name, event.data, entries, after, running, started)

    def _end_process(self) -> None:
        process, self._process, self._known = self._process, None, {}
        if process:
            self._has_process.clear()
            process.end()
            self._health.keep(())

    def _report_own(self) -> None:
        own = next((one.name for one in self._tracker.world.containers.values() if one.id == self._own_id), "")
        if own and any(_names(entry, own) for entry in self._entries):
            said = f"a rule listens to the log of {own}, which is gluehook itself: that log is not followed, because a "
            signals.emit(signals.problem, said=said + "line of a run would start the next run")

    # -- what comes ----------------------------------------------------------------------------

    def _read(self) -> None:
        while not self._ended.is_set():
            self._has_process.wait()
            process = self._process
            if process is None or self._ended.is_set():
                continue
            for line in process.answers():
                if self._ended.is_set():
                    return
                try:
                    self._take(json.loads(line))
                except (ValueError, LookupError, TypeError) as error:
                    said = f"the process that follows logs has sent what makes no sense ({type(error).__name__}); "
                    signals.emit(signals.problem, said=f"{said}it is left out", error=error)
            if process is self._process and not self._ended.is_set():
                self._broke(process)

    def _take(self, answer: Mapping[str, Any]) -> None:
        self._failures = 0
        if "read" in answer:
            for ident, place in answer["read"].items():
                if ident in self._known:
                    self._places.read(self._known[ident], Place(*place))
            return
        kind = next(iter(answer))
        self._unanswered.discard(answer[kind])
        self._report_opened()
        wanted = self._known.get(answer[kind])
        if wanted is None:
            return
        if kind == "line":
            event = _event(wanted, answer)
            self._post(event)
            self._places.read(wanted, Place(answer["time"], answer["n"]))
        elif kind == "dropped":
            self._health.report_dropped(wanted.name, answer["count"])
        else:
            self._health.take(kind, wanted.name, answer.get("said", ""))

    def _report_opened(self) -> None:
        if not self._unanswered:
            self._opened.set()

    def _broke(self, process: LogProcess) -> None:
        self._failures += 1
        pause_s = backoff(*_BACKOFF_S, self._failures - 1)
        self._has_process.clear()
        self._health.lose_all(f"the process that follows logs {process.ended()}")
        self._process, self._not_before = None, time.monotonic() + pause_s
        self.wake()


def _event(wanted: Wanted, answer: Mapping[str, Any]) -> Event:
    place = Place(answer["time"], answer["n"])
    data = {**wanted.fields, "stream": answer["stream"], "line": answer["text"]}
    ident = f"log-{wanted.id[:12]}-{place.time}-{answer['key']}"
    return Event(LOG, wanted.name, place.time, "logs", data=data, id=ident)


def _names(entry: Entry, container: str) -> bool:
    match = entry.match.get("container")
    return isinstance(match, OneOf) and match(container)
