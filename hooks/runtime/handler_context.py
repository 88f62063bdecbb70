"""What a handler gets: the `Context` of one attempt, made anew whenever a step is rendered or called."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hooks.config.secrets import Secrets
from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.handler import Context, Memory, Retry
from hooks.pairs.for_event import settings_for, world_for
from hooks.pairs.pairs import Pairs
from hooks.rules.table import Table
from hooks.runtime.locks import TargetLocks

if TYPE_CHECKING:
    from hooks.world.model import World
    from hooks.world.tracker import Tracker


@dataclass(frozen=True, slots=True)
class HandlerContexts:
    """What the contexts of all attempts share. `clock` gives monotonic seconds, `tracker` the world as last read."""

    settings: Settings
    secrets: Secrets
    memory: Memory
    tracker: Tracker
    connect: Callable[[float], Any]  # a new docker.APIClient with this time-out in seconds
    own_id: str
    locks: TargetLocks
    stopping: threading.Event
    clock: Callable[[], float]
    table: Callable[[], Table] = Table  # what is in force now
    _found: list[Pairs] = field(default_factory=list)

    def make(self, event: Event, run: str, deadline: float) -> Context:
        """The context of an attempt at the run of this id; `deadline` is on `clock`."""
        world = self.tracker.world
        pairs = self.pairs_in(world)

        def left() -> float:
            return deadline - self.clock()

        return Context(
            event=event, run=run, settings=settings_for(event, self.settings, pairs, world),
            world=world_for(event, pairs, world), memory=self.memory, pairs=pairs,
            secret=self.secrets.read, docker=self.connect, left=left, wait=self._wait, now=time.time,
            own_id=self.own_id, hold=lambda target: self.locks.hold((target,), run, max(0.0, left())),
        )  # fmt: skip

    def pairs_in(self, world: World) -> Pairs:
        """The gluetuns and torrent clients in this world.

        Found anew only in another world: several contexts of an attempt share them.
        """
        table = self.table()
        found = self._found[0].seen_in(world, table) if self._found else Pairs(world, self.settings, self.own_id, table)
        self._found[:] = [found]
        return found

    def _wait(self, wait_s: float) -> None:
        if self.stopping.wait(wait_s):
            raise Retry("gluehook is stopping; it is done at the next start")
