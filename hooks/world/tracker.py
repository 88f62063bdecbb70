"""The world that the sources share: each change of it is posted as the events that it means."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from hooks.events.catalogue import Event, Origin
from hooks.world.model import World, after_event, diff, present


class Tracker:
    """The world that the sources share. Events are posted under the lock, so their order is the world's order."""

    def __init__(self, world: World, post: Callable[[Event], None], now: Callable[[], int]) -> None:
        self._world, self._post, self._now = world, post, now
        self._lock = threading.RLock()

    @property
    def world(self) -> World:
        """What is believed at this instant."""
        return self._world

    def apply(self, event: Event) -> None:
        """Take in one raw event: what it says about the world, the event itself, and what follows from it."""
        with self._lock:
            before, self._world = self._world, _remember(after_event(self._world, event))
            self._post(event)
            for derived in diff(before, self._world, event.origin, event.time):
                if derived.type in _FOLLOWS:
                    self._post(derived)

    def update(self, change: Callable[[World], World], origin: Origin = "resync") -> None:
        """Replace the world by what was just seen, and post the difference."""
        with self._lock:
            for event in self._step(change, origin):
                self._post(event)

    def resync(self, change: Callable[[World], World]) -> None:
        """As `look`, but tell every state that holds: whoever missed or failed one acts on it now."""
        with self._lock:
            for event in self._step(change, "resync"):
                if event.type not in _PRESENT:
                    self._post(event)
            for event in present(self._world, self._now()):
                self._post(event)

    def _step(self, change: Callable[[World], World], origin: Origin) -> list[Event]:
        before, self._world = self._world, _remember(change(self._world))
        return diff(before, self._world, origin, self._now())


# What a raw event brings with it. The rest of a diff is the raw event itself, told by Docker.
_FOLLOWS = frozenset({"container.recreated", "container.ip_changed", "port.forwarded", "port.cleared"})
# What `present` tells; a resync leaves these out of its diff, so that nothing is told twice.
_PRESENT = frozenset({
    "container.start", "container.healthy", "container.unhealthy", "port.forwarded", "port.cleared",
})  # fmt: skip


def _remember(world: World) -> World:
    news = world.gluetun in world.containers and not world.gluetun_seen
    return replace(world, gluetun_seen=True) if news else world
