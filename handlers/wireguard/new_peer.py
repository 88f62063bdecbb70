"""A device that the server does not let in yet: its address, its keys, its profile, its entry.

What its folder holds already is used again: a peer that comes back keeps its keys and its address.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_interface, ip_network
from pathlib import Path

from handlers.wireguard.conf import Conf, parse
from handlers.wireguard.desired import Desired
from handlers.wireguard.files import Layout, Peer, key_file, peer_id, read_key
from handlers.wireguard.plan import DEFAULT_PORT, change, check_doubles, in_brackets
from hooks.handler import GiveUp

Network = IPv4Network | IPv6Network
Pairs = Callable[[Sequence[str | None]], Sequence[tuple[str, str]]]
"""For each private key the pair (private, public); None asks for a new one."""

_EVERYTHING = ("0.0.0.0/0", "::/0")  # the image's own default
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A peer to be let in: its key files where there are none yet, its profile, and its entry for the server's file."""

    peer: Peer
    keys: dict[Path, bytes]
    profile: Conf
    entry: list[str]


def newcomers(layout: Layout, names: Sequence[str], desired: Desired, pairs: Pairs) -> list[Newcomer]:
    """Everything for the peers of these names. Raises Malformed, OSError, and GiveUp for what cannot be met."""
    peers = [layout.peer(name) or _unknown(layout, name) for name in names]
    check_doubles([*layout.listed, *peers])
    *keys, (_, server_key) = pairs([*map(_private_key, peers), layout.server.interface.get("PrivateKey")])
    free, likes = free_addresses(layout), _like_the_others(layout, desired)
    made = []
    for peer, (private, public) in zip(peers, keys, strict=True):
        addresses, shared = peer.addresses or next(free), _preshared_key(peer)
        if peer.profile:
            profile = change(peer, desired).profile
        else:
            profile = _profile(peer, addresses, {"private": private, "shared": shared, "server": server_key}, likes)
        files = _key_files(peer, {"private": private, "public": public, "preshared": shared})
        made.append(Newcomer(peer, files, profile, _entry(peer, addresses, public, shared)))
    return made


def free_addresses(layout: Layout) -> Iterator[tuple[str, ...]]:
    """The lowest free address of each of the server's networks, again and again.

    What any folder or entry has stays reserved, also a removed peer's. Raises Malformed for a profile that cannot be
    read, since its address is unknown, and GiveUp when a network is full.
    """
    for peer in layout.peers:
        if peer.broken:
            raise peer.broken
    own = layout.server.interface.values("Address")
    if not own:
        raise layout.server.interface.wrong("this [Interface] has no Address, so no peer can be given one")
    allowed = [ip_network(one, strict=False) for entry in layout.server.peers for one in entry.values("AllowedIPs")]
    taken = {ip_interface(one).ip for one in (*own, *(one for peer in layout.peers for one in peer.addresses))}
    taken |= {network[0] for network in allowed if network.num_addresses == 1}
    wide = [network for network in allowed if network.num_addresses > 1 and network.prefixlen]
    pools = [_free(_network(one), taken, wide) for one in own]
    while True:
        yield tuple(next(pool) for pool in pools)


def _network(address: str) -> Network:
    # the image writes the server's address without a mask and means its first three numbers
    own = ip_interface(address)
    if own.network.num_addresses > 1:
        return own.network
    return ip_network(f"{own.ip}/{24 if own.version == 4 else 64}", strict=False)


def _free(network: Network, taken: set[IPv4Address | IPv6Address], wide: Iterable[Network]) -> Iterator[str]:
    for address in network.hosts():
        if address not in taken and not any(address in other for other in wide):
            yield str(address)
    raise GiveUp(
        f"WireGuard's network {network} is full; nothing was written: remove the folders of peers that are no more, "
        "whose addresses stay reserved, or choose a larger network"
    )


def _unknown(layout: Layout, name: str) -> Peer:
    stem = peer_id(name)
    return Peer(name, stem, layout.dir / stem, None, None, None, None)


def _private_key(peer: Peer) -> str | None:
    return peer.profile.interface.get("PrivateKey") if peer.profile else read_key(key_file(peer.folder, "private"))


def _preshared_key(peer: Peer) -> str | None:
    if peer.server:  # a peer from before the image made these stays without
        return peer.server.get("PresharedKey")
    return read_key(key_file(peer.folder, "preshared")) or b64encode(os.urandom(_KEY_BYTES)).decode()


def _key_files(peer: Peer, keys: dict[str, str | None]) -> dict[Path, bytes]:
    # where the file of a private key is missing, the image makes another key at its next change
    paths = {key_file(peer.folder, kind): key for kind, key in keys.items()}
    return {path: f"{key}\n".encode() for path, key in paths.items() if key and not path.exists()}


def _like_the_others(layout: Layout, desired: Desired) -> dict[str, str]:
    """What a new profile says beside its own keys and address: what is wanted, else what the first peer has."""
    other = next((peer for peer in layout.listed if peer.server), None)
    dns = other.dns if other else tuple(str(ip_interface(one).ip) for one in layout.server.interface.values("Address"))
    host, _, port = other.endpoint.rpartition(":") if other else ("", "", "")
    if not (desired.host or host):
        raise GiveUp("WireGuard's first peer must know where the server is; give it as endpoint")
    keepalive = other.server.get("PersistentKeepalive") if other and other.server else None
    return {
        "dns": ", ".join(desired.dns or dns),
        "endpoint": f"{in_brackets(desired.host) if desired.host else host}:{desired.port or port or DEFAULT_PORT}",
        "allowed_ips": ", ".join(desired.allowed_ips or (other.allowed_ips if other else ()) or _EVERYTHING),
        "keepalive": (keepalive or "") if desired.keepalive_s is None else str(desired.keepalive_s or ""),
    }


def _profile(peer: Peer, addresses: Sequence[str], keys: dict[str, str | None], likes: dict[str, str]) -> Conf:
    own = {
        "Address": ", ".join(addresses),
        "PrivateKey": keys["private"],
        "ListenPort": str(DEFAULT_PORT),
        "DNS": likes["dns"],
    }
    server = {
        "PublicKey": keys["server"],
        "PresharedKey": keys["shared"],
        "Endpoint": likes["endpoint"],
        "AllowedIPs": likes["allowed_ips"],
        "PersistentKeepalive": likes["keepalive"],
    }
    text = "\n".join([*_section("[Interface]", own), "", *_section("[Peer]", server), ""])
    return parse(text.encode(), str(peer.path))


def _entry(peer: Peer, addresses: Sequence[str], public: str, shared: str | None) -> list[str]:
    own = [ip_interface(address).ip for address in addresses]
    allowed = ", ".join(f"{ip}/{ip.max_prefixlen}" for ip in own)
    values = {"PublicKey": public, "PresharedKey": shared, "AllowedIPs": allowed}
    head, *entries = _section("[Peer]", values)
    return [head, f"# {peer.id}", *entries]


def _section(head: str, values: Mapping[str, str | None]) -> list[str]:
    return [head, *(f"{key} = {value}" for key, value in values.items() if value)]
