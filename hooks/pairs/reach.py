"""At which address gluehook reaches a container: one on a network that both are in, as Docker shows it.

A container in another's network namespace is reached at the other's address. An address is taken rather than a name,
because names resolve on some networks only, and because Transmission refuses names that it does not know.
"""

from __future__ import annotations

from hooks.world.model import Container, World

_OWN_NETWORK = "127.0.0.1"


def host_of(container: Container, world: World, own_id: str) -> str:
    """The host to write into a URL, "" where no network is shared. `own_id` is gluehook's container, "" for none."""
    holder = network_holder(container, world)
    if holder is None:
        return ""
    if holder.network_mode == "host":
        return _OWN_NETWORK if not own_id or _network_mode(world, own_id) == "host" else ""
    if not own_id:
        return _host(next(iter(holder.addresses.values()), ""))
    own = by_id(world, own_id)
    ours = network_holder(own, world) if own else None
    if ours is None:
        return ""
    if ours.id == holder.id:
        return _OWN_NETWORK
    shared = holder.addresses if ours.network_mode == "host" else holder.addresses.keys() & ours.addresses.keys()
    return _host(next((address for network, address in holder.addresses.items() if network in shared), ""))


def network_holder(container: Container, world: World) -> Container | None:
    """The container whose network namespace it lives in: itself, unless it joins another's; None if that is unknown."""
    seen = set[str]()
    while container.network_mode.startswith("container:") and container.id not in seen:
        seen.add(container.id)
        found = by_id(world, container.network_mode.partition(":")[2])
        if found is None:
            return None
        container = found
    return container


def by_id(world: World, ident: str) -> Container | None:
    """The container of this id, of the beginning of one, or of this name; of an earlier id, the one of its name now."""
    for container in world.containers.values():
        if ident == container.name or container.id.startswith(ident):
            return container
    name = next((name for name, ids in world.earlier.items() if any(one.startswith(ident) for one in ids)), "")
    return world.containers.get(name)


def _network_mode(world: World, own_id: str) -> str:
    own = by_id(world, own_id)
    return own.network_mode if own else ""


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
