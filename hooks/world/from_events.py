"""The world as events alone tell it: what a recording or a test believes, where nobody can look."""

from __future__ import annotations

from dataclasses import replace

from hooks.events.catalogue import Event
from hooks.world.model import PortFile, World, after_event
from hooks.world.tracker import Tracker


class WorldFromEvents:
    """A world that is told of event by event, by the same tracker that the live sources share."""

    def __init__(self, gluetun: str) -> None:
        self._told: list[Event] = []
        self._tracker = Tracker(World(gluetun), self._told.append, lambda: 0)

    @property
    def world(self) -> World:
        """What is believed after the events so far. Addresses are not told by any."""
        return self._tracker.world

    def accept(self, event: Event) -> None:
        """Take in an event of ours: what follows from it has an event of its own."""
        self._tracker.update(lambda world: _after(world, event))
        self._told.clear()

    def derive(self, event: Event) -> list[Event]:
        """Take in a raw event of Docker's: the event, and those that follow from it, in the order of a live source."""
        self._tracker.apply(event)
        told, self._told[:] = list(self._told), []
        return told


def _after(world: World, event: Event) -> World:
    if event.type == "port.forwarded":
        ports = tuple(event.data.get("ports") or (event.data.get("port"),))
        return replace(world, file=PortFile(ports, "", str(event.data.get("generation", "")), event.time))
    if event.type == "port.cleared":
        return replace(world, file=PortFile())
    return after_event(world, event)
