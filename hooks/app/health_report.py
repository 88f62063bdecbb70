"""The heartbeat of a running gluehook: what `gluehook health` and `status` judge, written every 15 seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from hooks.app.reload import Reload
from hooks.engine.lane import Lane
from hooks.events import signals
from hooks.events.durations import format_duration as duration
from hooks.events.wall_clock import local_time
from hooks.journal.journal import Journal
from hooks.rules.subscriptions import Subscriptions
from hooks.runtime import heartbeat
from hooks.runtime.executor import Attempt
from hooks.sources.container_logs import ContainerLogs
from hooks.sources.docker import DockerSource
from hooks.sources.files import FilesSource
from hooks.sources.port_apis import PortApis
from hooks.threads.lasting import LastingThread
from hooks.world.model import World
from hooks.world.tracker import Tracker

_MOST_WAITS = 20


class HealthReport:
    """Knows the parts that have a health, and writes it. Called on the dispatcher's thread."""

    def __init__(
        self, folder: Path, *, docker: DockerSource, files: FilesSource, journal: Journal, reload: Reload,
        tracker: Tracker, attempts: Callable[[], list[Attempt]], warnings: Callable[[], list[str]] = list,
        threads: Callable[[], list[LastingThread]] = list, port_apis: PortApis,
        logs: ContainerLogs, waits: Callable[[], list[str]] = list,
    ) -> None:  # fmt: skip
        self._path = str(folder / heartbeat.FILE_NAME)
        self._docker, self._files, self._journal, self._reload = docker, files, journal, reload
        self._tracker, self._attempts, self._warnings, self._threads = tracker, attempts, warnings, threads
        self._port_apis, self._logs, self._waits = port_apis, logs, waits
        self._port_missing, self._port_since = False, time.time()
        self._problem = ""

    def write(self, subscriptions: Subscriptions, *, stopped: bool = False) -> None:
        """Replace the heartbeat file; `stopped` says that it is the last. A folder that cannot be
        written is reported once."""
        world, rules = self._tracker.world, self._reload.table.rules
        self._note_port(world)
        # a file that was turned down is no illness while an earlier one is in force
        reason = {"rules_rejected" if self._reload.in_force else "rules_reason": self._reload.rejected}
        try:
            heartbeat.write(self._path, {
                "time": time.time(), "sources": self.sources(),
                "rules": sum(rule.enabled for rule in rules), "rules_reason": "", "rules_rejected": "", **reason,
                "overdue": [
                    f"{a.run.id} is beyond its time-out of {duration(a.run.rule.timeout_s)}"
                    for a in self._attempts() if a.overdue
                ],
                "port_used": subscriptions.uses_port, "port_since": self._port_since,
                "port": list(world.port.ports) if world.port else [],
                "gluetun_runs": world.port_of(world.gluetun).gluetun_runs,
                "journal": self._journal.problem, "warnings": [*self._warnings(), *self._logs.warnings()],
                "threads": self._broken_threads(),
                "waits": self._waits(),
                "stopped": stopped,
            })  # fmt: skip
        except OSError as error:
            self._report(f"the heartbeat {self._path} cannot be written: {error.strerror}; health checks will fail")
        else:
            self._problem = ""

    def sources(self) -> dict[str, dict[str, object]]:
        """The health of each source, by name. Any thread may call it."""
        return {
            "docker": self._docker.health(),
            "files": self._files.health(),
            **self._port_apis.health(),
            **self._logs.health(),
        }

    def _broken_threads(self) -> list[str]:
        """One sentence for each thread that does not run now. One that is gone is started anew."""
        threads = self._threads()
        problems = [problem for thread in threads if (problem := thread.problem)]
        for thread in threads:
            thread.revive()
        return problems

    def _note_port(self, world: World) -> None:
        own = world.port_of(world.gluetun)
        missing = own.is_expected and not own.port
        if missing != self._port_missing:
            self._port_missing, self._port_since = missing, time.time()

    def _report(self, problem: str) -> None:
        if problem != self._problem:
            signals.emit(signals.problem, said=problem)
        self._problem = problem


def held_back(lanes: Iterable[Lane], now: float) -> Iterator[str]:
    """A sentence for each lane that waits for conditions, the first of them. `now` is on the engine's clock."""
    held = ((lane, lane.pending[0].unmet) for lane in lanes if lane.pending)
    for lane, unmet in islice(((lane, unmet) for lane, unmet in held if unmet and not unmet.unsure), _MOST_WAITS):
        at = None if unmet.may_hold_at is None else time.time() + unmet.may_hold_at - now
        later = "" if at is None else f"; they may hold at {local_time(at)}"
        yield f"{lane.rule.name} waits for its conditions for {lane.key}: {unmet.verdict.sentence}{later}"


def given_up(lanes: Iterable[Lane]) -> Iterator[str]:
    """A warning for each lane that has used up its limit."""
    for lane in lanes:
        if lane.exhausted is not None:
            yield f"the rule {lane.rule.name} has given up on {lane.key} for now, as its limit is used up"
