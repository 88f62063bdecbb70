"""Says what does not fit together: at the start, after each reload, and when it has changed since.

Each sentence is said once, and once more when it is so no more. A container that is re-created or renamed is two, or
none, for a while: what has changed meanwhile is said after it has lasted a minute. Events are not looked at: each beat
asks whether there are other containers, and then a thread that ends looks, so that no reaction waits for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

from hooks.config.missing_secrets import missing
from hooks.config.secrets import Secrets
from hooks.config.settings import Settings
from hooks.events import signals
from hooks.pairs.doubts import doubts
from hooks.pairs.secret_names import secrets_without_value
from hooks.rules.table import Table
from hooks.sources.docker import DockerSource
from hooks.threads.lasting import LastingThread
from hooks.world.tracker import Tracker

LASTS_S = 60.0


class Doubts:
    """What has been said. `table` returns the rules table that is in force, `clock` seconds."""

    def __init__(
        self, settings: Settings, secrets: Secrets, tracker: Tracker, own_id: str, *, docker: DockerSource,
        table: Callable[[], Table], clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._settings, self._tracker, self._own_id = settings, tracker, own_id
        self._docker, self._table, self._clock = docker, table, clock
        self._find = partial(missing, secrets=secrets)
        self._lock = threading.Lock()
        self._said = set[str]()
        self._since: dict[str, float] = {}  # sentences that are to be said, or are so no more: when that began
        self._seen: object = None  # the containers of the last look
        self._looks_again = False
        self._thread: LastingThread | None = None

    def report(self) -> None:
        """Say at once what is new and what is so no more; nothing about containers before Docker was seen."""
        self.look(0.0)

    def beat(self) -> None:
        """Look in a thread of its own, if something may have changed. Takes no time."""
        if self.is_due and not (self._thread and self._thread.is_alive()):
            self._thread = LastingThread(self.look, "doubts", "looks for what does not fit together")
            self._thread.start()

    @property
    def is_due(self) -> bool:
        """Whether there are other containers than at the last look, or something that may change by itself."""
        if self._seen is None:  # the start says it first
            return False
        return self._looks_again or self._seen is not self._tracker.world.containers

    def look(self, lasts_s: float = LASTS_S) -> None:
        """Say what is new, and what is so no more, for at least so many seconds."""
        with self._lock:
            found, now = self._found(), self._clock()
            changed = set(found) ^ self._said
            since = {one: self._since.get(one, now) for one in changed}
            due = {one for one in changed if now - since[one] >= lasts_s}
            self._since = {one: at for one, at in since.items() if one not in due}
            over, new = sorted(self._said & due), [one for one in found if one in due]
            self._said ^= due
            self._looks_again = self._looks_again or bool(self._since)
        for sentence in over:
            signals.emit(signals.settled, said=f"no longer so: {sentence.partition('; ')[0]}")
        for sentence in new:
            signals.emit(signals.problem, said=sentence)

    def _found(self) -> list[str]:
        world, table = self._tracker.world, self._table()
        self._seen = world.containers
        of_secrets = [*secrets_without_value(table, self._find)]
        self._looks_again = bool(of_secrets)  # a file may be put there at any time
        is_known = self._docker.ready.is_set()
        of_containers = doubts(world, self._settings, table, self._own_id) if is_known else []
        return [*of_secrets, *of_containers]
