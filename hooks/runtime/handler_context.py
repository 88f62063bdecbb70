"""What a handler gets: the `Context` of one attempt, made anew whenever a step is rendered or called."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hooks.config.secrets import Secrets
from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.handler import Context, Memory, Retry
from hooks.pairs.containers import with_containers
from hooks.runtime.locks import TargetLocks

if TYPE_CHECKING:
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

    def make(self, event: Event, run: str, deadline: float) -> Context:
        """The context of an attempt at the run of this id; `deadline` is on `clock`."""

        world = self.tracker.world

        def left() -> float:
            return deadline - self.clock()

        return Context(
            event=event, run=run, settings=with_containers(self.settings, world), world=world, memory=self.memory,
            secret=self.secrets.read, docker=self.connect, left=left, wait=self._wait, now=time.time,
            own_id=self.own_id, hold=lambda target: self.locks.hold((target,), run, max(0.0, left())),
        )  # fmt: skip

    def _wait(self, wait_s: float) -> None:
        if self.stopping.wait(wait_s):
            raise Retry("gluehook is stopping; it is done at the next start")
