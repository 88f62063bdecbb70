"""Which devices are connected, and from where: the states that the running interface shows.

WireGuard reports no handshake, so `hooks/sources/polling.py` calls `states` every so often and emits the difference.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from handlers.shared import docker
from handlers.shared.docker import docker_client
from handlers.wireguard import files as wireguard_files
from handlers.wireguard import live as wireguard_live
from handlers.wireguard.dns_address import network_holder
from handlers.wireguard.files import Layout
from handlers.wireguard.folder_errors import in_words
from handlers.wireguard.live import LivePeer
from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.handler import Context, Retry

SESSION_S = 180
"""How long a handshake is good for: REJECT_AFTER_TIME of WireGuard's paper. A device that talks has one every 120 s."""

# Of homes (RFC 1918, RFC 4193) and of a single wire. `is_private` of Python also holds what documents and tests use.
_HOMES = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10")))


@dataclass(frozen=True, slots=True)
class Live:
    """What was seen of the running interface."""

    peers: Mapping[str, LivePeer]  # by public key
    engines: Collection[str]  # Docker's own addresses there
    now_s: float  # when, in seconds since the Unix epoch


def states(ctx: Context) -> list[Event]:
    """One state for each peer of the interface. Raises Retry or GiveUp for what keeps us from looking."""
    names = {peer.public_key: peer.name for peer in layout_of(ctx.settings).peers}
    live = read_live(ctx)
    found = {names.get(key) or address_of(peer) or key[:8]: peer for key, peer in live.peers.items()}
    return [_state(name, found[name], live, ctx.settings) for name in sorted(found)]  # else in an order that changes


def layout_of(settings: Settings) -> Layout:
    """The folder. Raises Retry or GiveUp for what cannot be read."""
    directory = Path(settings.wireguard_dir)
    with in_words(directory):
        return wireguard_files.read(directory, settings.wireguard_interface)


def read_live(ctx: Context) -> Live:
    """The peers of the interface, as its container shows them. Raises Retry or GiveUp for what keeps us from it."""
    name = ctx.settings.wireguard_container
    with docker_client(
        ctx, f"read WireGuard's peers in container '{name}'", "CONTAINERS=1, EXEC=1 and POST=1"
    ) as client:
        container = docker.inspect(client, name)
        if container is None or not container.running:
            raise Retry(f"container '{name}' (WIREGUARD_CONTAINER) does not run")
        inside = wireguard_live.inside(client, container.id, left=ctx.left, wait=ctx.wait)
        peers = wireguard_live.read_peers(inside, ctx.settings.wireguard_interface)
        return Live(peers, network_holder(client, container).gateways, ctx.now())


def is_connected(peer: LivePeer, now_s: float) -> bool:
    """Whether a session is up: its last handshake is still good."""
    return now_s - peer.handshake_s < SESSION_S


def is_at_home(ip: str, router: str, engines: Collection[str]) -> bool:
    """Whether a device that is seen at this address is at home, and comes back in through the LAN's router.

    A router that reflects NAT puts its own address there; without one that is known (`router`), any address of a home
    network counts, as split DNS shows the device's own. `engines` are Docker's own addresses: where its proxy passes
    packets on, all devices are seen there and cannot be told apart.
    """
    if not ip or ip in engines:
        return False
    address = ipaddress.ip_address(ip)
    return address == ipaddress.ip_address(router) if router else any(address in home for home in _HOMES)


def ip_of(peer: LivePeer) -> str:
    """The address without the port that it was last seen at, "" if never."""
    return peer.endpoint.rpartition(":")[0].strip("[]").partition("%")[0]


def address_of(peer: LivePeer) -> str:
    """Its own address in the tunnel, the first if it has several."""
    return peer.allowed_ips[0].partition("/")[0] if peer.allowed_ips else ""


def _state(name: str, peer: LivePeer, live: Live, settings: Settings) -> Event:
    ip, since_s = ip_of(peer), peer.handshake_s
    if not is_connected(peer, live.now_s):
        kind, since_s = "stale", peer.handshake_s + SESSION_S if peer.handshake_s else int(live.now_s)
    else:
        kind = "hairpin" if is_at_home(ip, settings.wireguard_router, live.engines) else "handshake"
    data = {"peer": name, "container": settings.wireguard_container, "address": address_of(peer)}
    return Event(f"wireguard.{kind}", name, since_s * 10**9, "wireguard", data=data | ({"ip": ip} if ip else {}))
