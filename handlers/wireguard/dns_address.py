"""Where a DNS server in a container is found: its address on a network that WireGuard's container is on, too."""

from __future__ import annotations

from typing import Any

from handlers.shared.docker import docker_client, find, inspect
from hooks.docker.container import InspectedContainer
from hooks.handler import Context, GiveUp, Retry


def addresses_of(name: str, ctx: Context) -> tuple[str, ...] | str:
    """The addresses at which WireGuard's container reaches this one, IPv4 first; or why it has none now.

    Reads Docker, since ctx.world may be a moment old. Raises Retry, and GiveUp where the two share no network.
    """
    with docker_client(ctx, f"read the address of container '{name}'", "CONTAINERS=1") as client:
        dns = _named(client, name, ctx)
        if dns.restarting:
            raise Retry(f"container '{name}' is restarting; its address is read when it runs")
        if not dns.running:
            return f"container '{name}' does not run, so it has no address; WireGuard's peers are left as they are"
        server = network_holder(client, _named(client, ctx.settings.wireguard_container, ctx))
        return _shared(name, network_holder(client, dns), server)


def _named(client: Any, name: str, ctx: Context) -> InspectedContainer:
    seen = find(client, name, ctx)
    if seen.name != name:  # Docker also takes the beginning of an id
        raise GiveUp(f"Docker knows no container '{name}'; correct the name in the rules file")
    return seen


def network_holder(client: Any, seen: InspectedContainer) -> InspectedContainer:
    """Itself, or the container whose network namespace it shares."""
    parent = inspect(client, seen.parent) if seen.parent else None
    return parent or seen


def _shared(name: str, dns: InspectedContainer, server: InspectedContainer) -> tuple[str, ...]:
    networks = set(dns.addresses)
    if server.network_mode != "host":  # there every network of the engine can be reached
        networks &= set(server.addresses)
    found = [address for network in sorted(networks) for address in dns.addresses[network]]
    if found:
        return tuple(sorted(found, key=lambda address: ":" in address))
    raise GiveUp(
        f"container '{name}' (on {_list(dns)}) and container '{server.name}' (on {_list(server)}) share no network, so "
        f"no device could reach it: docker network connect {min(server.addresses, default='NETWORK')} {name}"
    )


def _list(seen: InspectedContainer) -> str:
    return ", ".join(sorted(seen.addresses)) or "none"
