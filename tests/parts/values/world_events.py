"""A tracker that lists what it posts, and container events in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hooks.events.catalogue import Event
from hooks.world.model import PortFile, World
from hooks.world.raw_events import after_event
from hooks.world.tracker import Tracker


def happened(word: str, name: str, ident: str, at: int, **data: Any) -> Event:
    return Event(f"container.{word}", name, at, "docker", data={"container": name, "id": ident, **data})


def after(*events: Event, world: World | None = None) -> World:
    world = world or World()
    for event in events:
        world = after_event(world, event)
    return world


class Posted:
    """A tracker and what it posted."""

    def __init__(self, world: World | None = None) -> None:
        self.events: list[Event] = []
        self.tracker = Tracker(world or World(), self.events.append, lambda: 1_000)

    def apply(self, *events: Event) -> list[str]:
        return self._new(lambda: [self.tracker.apply(event) for event in events])

    def update(self, change: Callable[[World], World]) -> list[str]:
        return self._new(lambda: self.tracker.update(change))

    def resync(self, change: Callable[[World], World]) -> list[str]:
        return self._new(lambda: self.tracker.resync(change))

    def file(self, *ports: int, mtime: int, reason: str = "") -> list[str]:
        file = PortFile(ports, reason, str(mtime), mtime)
        return self._new(lambda: self.tracker.update(lambda world: replace(world, file=file), "live"))

    def _new(self, act: Callable[[], object]) -> list[str]:
        before = len(self.events)
        act()
        return [event.type for event in self.events[before:]]
