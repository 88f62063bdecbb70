"""What a reading of the engine changes in the world: functions from the world now to the world then.

A reading takes time, and events go on meanwhile. So each change is told which world the reading began with (`before`):
where an event has changed a container since, the event is right and the reading is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from hooks.world.model import Container, PortFile, World

Change = Callable[[World], World]


def all_containers(before: World, found: Mapping[str, Container]) -> Change:
    """The change to `found`, which are all containers by name: what is not among them is gone."""

    def change(world: World) -> World:
        for name in before.containers:
            if name not in found and world.containers.get(name) is before.containers[name]:
                world = world.without_container(name)
        world = some_containers(before, found)(world)
        return world if world.is_listed else replace(world, is_listed=True)

    return change


def some_containers(before: World, found: Mapping[str, Container | None]) -> Change:
    """The change to `found`, which are some containers by name; None is one that is gone."""

    def change(world: World) -> World:
        for name, container in found.items():
            if world.containers.get(name) is not before.containers.get(name):
                continue
            if container is None:
                world = world.without_container(name) if name in world.containers else world
            elif world.containers.get(name) != (now := _with_last_addresses(world, container)):
                world = world.with_container(now)
        return world

    return change


def addresses_of(container: Container) -> Change:
    """The change of its addresses and of what its variables tell.

    Whether it runs, and how well, is left to the events in their order.
    """

    def change(world: World) -> World:
        known = world.containers.get(container.name)
        if known is None or known.id != container.id:
            return world
        addresses = _with_last_addresses(world, container).addresses
        now = replace(known, addresses=addresses, network_mode=container.network_mode)
        if container.web_port or container.mounts:  # a list shows none of these
            now = replace(
                now, web_port=container.web_port, port_file=container.port_file, mounts=container.mounts,
                forwards_no_port=container.forwards_no_port,
            )  # fmt: skip
        return world.with_container(now)

    return change


def port_file_read(file: PortFile, now: int, gluetun: str = "") -> Change:
    """The change to the port file as it was read at `now`, ns since the Unix epoch.

    `gluetun` is whose port it is, "" for the main one.
    """

    def change(world: World) -> World:
        return world.with_port_file(file, now, gluetun)

    return change


def _with_last_addresses(world: World, container: Container) -> Container:
    # one that is stopped or between two networks has none; the next is compared with the last
    known = world.last_known(container.name)
    return replace(container, addresses={**known.addresses, **container.addresses}) if known else container
