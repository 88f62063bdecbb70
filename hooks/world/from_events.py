"""The world as events alone tell it: what a recording or a test believes, where nobody can look."""

from __future__ import annotations

from dataclasses import replace

from hooks.events.catalogue import Event
from hooks.world.model import PortFile, World, follow
from hooks.world.tracker import View

WORLDLY = frozenset(f"container.{word}" for word in "start die destroy rename healthy unhealthy".split())


class Hearsay:
    """A world that is told of event by event, by the same view that the live sources share."""

    def __init__(self, gluetun: str) -> None:
        self._told: list[Event] = []
        self._view = View(World(gluetun), self._told.append, lambda: 0)

    @property
    def world(self) -> World:
        """What is believed after the events so far. Addresses are not told by any."""
        return self._view.world

    def hear(self, event: Event) -> None:
        """Take in an event of ours: what follows from it has an event of its own."""
        self._view.look(lambda world: _after(world, event))
        self._told.clear()

    def derive(self, event: Event) -> list[Event]:
        """Take in a raw event of Docker's: the event, and those that follow from it, in the order of a live source."""
        self._view.tell(event)
        told, self._told[:] = list(self._told), []
        return told


def _after(world: World, event: Event) -> World:
    if event.type == "port.forwarded":
        ports = tuple(event.data.get("ports") or (event.data.get("port"),))
        return replace(world, file=PortFile(ports, "", str(event.data.get("generation", "")), event.time))
    if event.type == "port.cleared":
        return replace(world, file=PortFile())
    return follow(world, event)
