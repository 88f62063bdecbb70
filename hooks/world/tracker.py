"""The tracker holds the one world that all sources share and posts the events that each change of it means.

The Docker source calls `apply` with each raw event and `update` with what an inspect showed; the files source calls
`update` with each reading of the port file; a resync (every 5 minutes, after an outage, for new rules) calls `resync`.
Guarantees: events are posted under the lock, so their order is the order of the worlds; each difference is posted once,
whether an event or a reading showed it first. Reading `world` takes no lock, because a world is replaced and never
changed. `post` must not block: it is the inbox of the dispatcher.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from hooks.events.catalogue import Event, Origin
from hooks.world.differences import diff, present
from hooks.world.event_roles import with_role
from hooks.world.model import World
from hooks.world.names import Names
from hooks.world.raw_events import after_event, with_old_name


class Tracker:
    """The world that the sources share. `now` returns ns since the Unix epoch.

    Until it is `settled`, no missing port is reported: it may be that of another file, or of another gluetun.
    """

    def __init__(
        self, world: World, post: Callable[[Event], None], now: Callable[[], int], *, settled: bool = True
    ) -> None:
        self._world, self._tell, self._now = world, post, now
        self._lock = threading.RLock()
        self._settled = settled
        # what a previous run of gluehook read may be out of date: no rule acts on it before it is read again
        self.port_is_remembered = world.file is not None
        self._held_back = False  # a resync left the port out meanwhile
        self.read = _nothing  # called after a reading of containers, under no lock

    @property
    def world(self) -> World:
        """The world at this instant."""
        return self._world

    def state(self) -> Mapping[str, Any]:
        """What `${state.…}` can name now."""
        return self._world.state()

    def name(self, names: Names) -> None:
        """Settings or tables call the containers so from now on."""
        if names != self._world.names:
            self.update(lambda world: world.with_names(names))

    def with_role(self, event: Event) -> Event:
        """The event with the role and the gluetun of its container, as far as they are known."""
        return with_role(self._world, event)

    def apply(self, event: Event) -> None:
        """Take in one raw event: post it, and what follows from its change of the world."""
        with self._lock:
            event = with_old_name(self._world, event)
            before, self._world = self._world, _remember(after_event(self._world, event))
            self._post(with_role(self._world, event))
            for derived in diff(before, self._world, event.origin, event.time):
                if derived.type in _DERIVED:
                    self._post(derived)

    def update(self, change: Callable[[World], World], origin: Origin = "resync") -> None:
        """Change the world to what was read, and post the difference."""
        containers = self._world.containers
        with self._lock:
            for event in self._changed(change, origin):
                self._post(event)
        if self._world.containers is not containers:
            self.read()

    def resync(self, change: Callable[[World], World] = lambda world: world) -> None:
        """As `update`, and post every state that holds: a rule that missed a state, or failed on it, acts on it now."""
        with self._lock:
            for event in self._changed(change, "resync"):
                if event.type not in _PRESENT:
                    self._post(event)
            for event in present(self._world, self._now()):
                if self.port_is_remembered and event.type.startswith("port."):
                    self._held_back = True
                else:
                    self._post(event)
        self.read()

    def port_was_read(self) -> None:
        """The port has been read, and is as the world has it."""
        with self._lock:
            if not self.port_is_remembered:
                return
            self.port_is_remembered = False
            if self._held_back:
                for event in present(self._world, self._now()):
                    if event.type.startswith("port."):
                        self._post(event)

    def settle(self, *, tells: bool) -> None:
        """All has been read, as far as it can be. `tells`: report now which port is missing; else a resync does."""
        with self._lock:
            self._settled = True
            for event in present(self._world, self._now()) if tells and not self.port_is_remembered else ():
                if event.type == _MISSING:
                    self._post(event)

    def _post(self, event: Event) -> None:
        if self._settled or event.type != _MISSING:
            self._tell(event)

    def _changed(self, change: Callable[[World], World], origin: Origin) -> list[Event]:
        before, self._world = self._world, _remember(_with_own_file(self._world, change(self._world)))
        if self._world.file is not before.file and self._world.gluetun == before.gluetun:
            self.port_is_remembered = self._held_back = False  # it has been read anew, and the difference says it
        return diff(before, self._world, origin, self._now())


def _with_own_file(before: World, after: World) -> World:
    """The world without the port of a gluetun that was the main one only until Docker showed another.

    One that a table names may have a port file of its own, and the new main one's file is still to be read.
    """
    is_another = before.gluetun != after.gluetun and before.gluetun in after.names.tables
    by_file = after.file is not None and after.file.source == "files"
    if is_another and by_file and not before.is_listed and after.file is before.file:
        return replace(after, file=None, last_port=None)
    return after


def _nothing() -> None:
    pass


_MISSING = "port.cleared"
# What follows from a raw event. The rest of a difference is the raw event itself.
_DERIVED = frozenset({
    "container.recreated", "container.ip_changed", "port.forwarded", "port.changed", "port.cleared",
})  # fmt: skip
# What `present` returns. A resync leaves these out of its difference, so that no event is posted twice.
_PRESENT = frozenset({
    "container.start", "container.healthy", "container.unhealthy", "port.forwarded", "port.cleared",
})  # fmt: skip


def _remember(world: World) -> World:
    """The world that knows from now on whether Docker has ever shown gluetun, and which port was the last."""
    is_first = world.gluetun in world.containers and not world.gluetun_seen
    return (replace(world, gluetun_seen=True) if is_first else world).with_last_port()
