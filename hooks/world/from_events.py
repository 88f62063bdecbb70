"""A world from events alone, for recordings and rule tests, where no engine can be inspected."""

from __future__ import annotations

from dataclasses import replace

from hooks.events.catalogue import Event
from hooks.world.event_roles import with_role
from hooks.world.model import PortFile, World
from hooks.world.names import NO_NAMES, Names
from hooks.world.raw_events import after_event
from hooks.world.tracker import Tracker


class WorldFromEvents:
    """A world that is updated event by event, through the same tracker that the live sources share."""

    def __init__(self, names: Names = NO_NAMES) -> None:
        self._posted: list[Event] = []
        self._tracker = Tracker(World(names), self._posted.append, lambda: 0)

    @property
    def world(self) -> World:
        """The world after the events so far. It has no addresses, because no event has them."""
        return self._tracker.world

    def with_role(self, event: Event) -> Event:
        """The event with the role and the gluetun of its container, where it does not say them itself."""
        return with_role(self._tracker.world, event)

    def accept(self, event: Event) -> None:
        """Take in an event of ours. What follows from it has an event of its own in the recording."""
        self._tracker.update(lambda world: _after(world, event))
        self._posted.clear()

    def derive(self, event: Event) -> list[Event]:
        """Take in a raw event of Docker's. Returns it and what follows from it, in the order of a live source."""
        self._tracker.apply(event)
        posted, self._posted[:] = list(self._posted), []
        return posted


def _after(world: World, event: Event) -> World:
    if event.type == "port.forwarded":
        ports = tuple(event.data.get("ports") or (event.data.get("port"),))
        return replace(world, file=PortFile(ports, "", str(event.data.get("generation", "")), event.time))
    if event.type == "port.cleared":
        return replace(world, file=PortFile())
    return after_event(world, event)
