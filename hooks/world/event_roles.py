"""The fields `role` and `gluetun` of an event: which program its container is, and to which gluetun it belongs.

The tracker and the replay complete each event of a container and of a port by it. What an event says itself stays as it
is: a recording knows the roles of its server, and a rule test says what it means.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hooks.events.catalogue import CATALOGUE, Event
from hooks.images.roles import ONE_IS_MEANT, TORRENT_CLIENTS, usual_names
from hooks.world.model import Container, World


def with_role(world: World, event: Event) -> Event:
    """The event with these two fields, as far as they are known."""
    if CATALOGUE[event.type].is_of_gluetun:
        return event if "gluetun" in event.data else _with_gluetun(event, event.subject or world.gluetun)
    if not event.type.startswith(("container.", "port.")):
        return event
    container = world.containers.get(event.subject)
    if container and container.id != event.data.get("id"):
        container = None
    role = event.data.get("role") or (container and container.role) or _role(world, event)
    if role in ONE_IS_MEANT and event.subject in _besides(world, role):
        role = event.data.get("role", "")
    gluetun = event.data.get("gluetun") or _gluetun(world, event.subject, role, container)
    if role == event.data.get("role", "") and gluetun == event.data.get("gluetun", ""):
        return event
    return _with(event, **({"role": role} if role else {}), **({"gluetun": gluetun} if gluetun else {}))


def _besides(world: World, role: str) -> tuple[str, ...]:
    """Of several containers of a role of which one is meant, those beside the one with the usual name."""
    found, usual = world.roles.get(role, ()), usual_names(role)
    chosen = [name for name in found if name in usual]
    return tuple(name for name in found if name not in usual) if chosen else ()


def gluetun_of(world: World, container: Container) -> str:
    """The name of the gluetun that the container is, or whose network it shares; "" where there is none.

    A torrent client whose network is not known to be a gluetun's belongs to the one gluetun of the server.
    """
    return _gluetun(world, container.name, container.role, container)


def _gluetun(world: World, name: str, role: str, container: Container | None) -> str:
    if role == "gluetun":
        return name
    kind, _, parent = container.network_mode.partition(":") if container else ("", "", "")
    gluetuns = world.roles.get("gluetun", ())
    if kind == "container":
        for one in gluetuns:
            if parent in (one, world.containers[one].id, *world.earlier.get(one, ())):
                return one
    return world.gluetun if role in TORRENT_CLIENTS and len(gluetuns) < 2 else ""


def _role(world: World, event: Event) -> str:
    image, service = str(event.data.get("image", "")), str(event.data.get("service", ""))
    role = world.names.role_of(event.subject, image, service).name
    # a rename ends the states of the old name, also where only that name said the role
    return role or world.names.role_of(str(event.data.get("old_name", "")), image).name


def _with_gluetun(port: Event, gluetun: str) -> Event:
    return replace(port, subject=gluetun, data={**port.data, "container": gluetun, "gluetun": gluetun})


def _with(event: Event, **fields: Any) -> Event:
    return replace(event, data={**event.data, **fields})
