"""What a difference between two worlds means as events, and which states hold in one.

The tracker calls `diff` for each change of the world and `present` for a resync; the app asks `lasts` before a due run.
Guarantees: a state that is the same in both worlds is no event; a container that restarted or was re-created while
nobody listened is one (its id and StartedAt belong to its state), one that was dead in both is none; a port file that
was written again with the same port is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import is_
from typing import Any

from hooks.events.catalogue import CATALOGUE, Event, Origin
from hooks.world.event_roles import with_role
from hooks.world.model import COMPOSE_FIELDS, Container, OwnPort, PortFile, World


def diff(before: World, after: World, origin: Origin, now: int) -> list[Event]:
    """The events that lead from one world to the other. `now` is ns since the Unix epoch."""
    if before is after:
        return []
    events: list[Event] = []
    for name, container in after.containers.items():
        if before.containers.get(name) is not container:
            events += _container_events(before.last_known(name), container, origin, now)
    for name, container in before.containers.items():
        if name not in after.containers:
            events.append(container_event("container.destroy", container, now, origin))
    for name in after.forwarders:
        was, own = before.port_of(name), after.port_of(name)
        if not all(map(is_, was, own)):  # else nothing of it has changed: with several gluetuns, mostly
            events += _port_events(was, own, origin, now)
    return [with_role(after, event) for event in events]


def present(world: World, now: int) -> list[Event]:
    """Every state that holds now, as events of a resync: each lane knows which of them it has handled already."""
    events: list[Event] = []
    for container in world.containers.values():
        if container.running:
            events.append(container_event("container.start", container, container.started_at or now, "resync"))
            if container.health in ("healthy", "unhealthy"):
                kind = f"container.{container.health}"
                events.append(container_event(kind, container, container.started_at or now, "resync"))
    for name in world.forwarders:
        events += _port_state(world.port_of(name), None, "resync", now)
    return [with_role(world, event) for event in events]


def lasts(world: World, event: Event) -> bool:
    """Whether the state that the event began still lasts; True for a state that the world does not hold."""
    container = world.containers.get(event.subject)
    if CATALOGUE[event.type].is_of_gluetun:
        if event.subject not in world.forwarders:
            return False
        own = world.port_of(event.subject)
        match event.type:
            case "port.cleared":
                return own.is_expected and own.port is None
            case "port.forwarded":
                return own.port is not None
        return True
    match event.type:
        case "container.healthy" | "container.unhealthy":
            return container is not None and f"container.{container.health}" == event.type
        case "container.start" | "container.die":
            return (container is not None and container.running) == (event.type == "container.start")
    return True


def _container_events(old: Container | None, new: Container, origin: Origin, now: int) -> Iterator[Event]:
    if old and old.id != new.id:
        yield container_event("container.recreated", new, now, origin, old_id=old.id)
    same = old is not None and old.id == new.id
    restarted = new.running and not (same and old is not None and old.running and old.started_at >= new.started_at)
    if restarted:
        yield container_event("container.start", new, new.started_at or now, origin)
    elif not new.running and old is not None and old.running:
        yield container_event("container.die", new, new.finished_at or now, origin, exit_code=new.exit_code)
    known = new.running and new.health in ("healthy", "unhealthy")
    if known and (restarted or old is None or old.health != new.health):
        yield container_event(f"container.{new.health}", new, now, origin)
    if same and old is not None and not restarted and new.running and old.paused != new.paused:
        yield container_event(f"container.{'pause' if new.paused else 'unpause'}", new, now, origin)
    yield from _address_events(old, new, origin, now)


def _address_events(old: Container | None, new: Container, origin: Origin, now: int) -> Iterator[Event]:
    for network, address in new.addresses.items():
        before = old.addresses.get(network, "") if old else ""
        if old and before and address and before != address:
            yield container_event("container.ip_changed", new, now, origin, network=network, ip=address, old_ip=before)


def _port_events(before: OwnPort, after: OwnPort, origin: Origin, now: int) -> Iterator[Event]:
    gluetun, file, was, port = after.gluetun, after.file, before.file, after.port
    if file and file.reason and (was is None or was.generation != file.generation):
        wrong = {"container": gluetun, "reason": file.reason, "gluetun": gluetun}
        yield Event("port.invalid", gluetun, file.mtime, file.source, origin, wrong)
    previous = before.port if before.is_expected else None
    if port:
        # the ports too: within one tick of the kernel's clock two writes have the same generation
        is_new = previous is None or (previous.ports, previous.generation) != (port.ports, port.generation)
    else:
        is_new = after.is_expected and (previous is not None or not before.is_expected)
    if is_new:
        yield from _port_state(after, before.port, origin, now)
    if port and before.last_port not in (None, port.ports[0]):
        # no resync finds it again, so a rule that only sends a message must get it, however it was found
        origin = "live" if origin == "resync" else origin
        change = {"port": port.ports[0], "old_port": before.last_port}
        data: dict[str, Any] = {"container": gluetun, **change, "gluetun": gluetun}
        yield Event("port.changed", gluetun, port.mtime, port.source, origin, data)


def _port_state(own: OwnPort, old: PortFile | None, origin: Origin, now: int) -> Iterator[Event]:
    gluetun, port = own.gluetun, own.port
    more = {**({"old_port": old.ports[0]} if old else {}), "gluetun": gluetun}
    if port:
        data = {
            "container": gluetun, "port": port.ports[0], "ports": list(port.ports), "generation": port.generation,
            **more,
        }  # fmt: skip
        yield Event("port.forwarded", gluetun, port.mtime, port.source, origin, data)
    elif own.is_expected:
        source = own.file.source if own.file else "files"
        yield Event("port.cleared", gluetun, now, source, origin, {"container": gluetun, **more})


def container_event(kind: str, container: Container, time: int, origin: Origin, **more: Any) -> Event:
    """An event of this type about a container, with the fields that all events of containers have but its role."""
    data: dict[str, Any] = {
        "container": container.name, "id": container.id, "image": container.image,
        "labels": dict(container.labels), **more,
    }  # fmt: skip
    for name in COMPOSE_FIELDS:
        if f"com.docker.compose.{name}" in container.labels:
            data[name] = container.labels[f"com.docker.compose.{name}"]
    return Event(kind, container.name, time, "docker", origin, data)
