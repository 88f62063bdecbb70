"""What has to change, as pure data: in: the folder as it is and the desired values; out: one change for each peer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_interface, ip_network

from handlers.wireguard.conf import Conf, Section
from handlers.wireguard.desired import Desired, is_address
from handlers.wireguard.files import Layout, Peer
from hooks.handler import GiveUp

DEFAULT_PORT = 51820
_NONE = "none"


@dataclass(frozen=True, slots=True)
class Change:
    """One device's profile as it should be, and what is other than before, in words."""

    peer: Peer
    profile: Conf
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done to the folder."""

    changes: tuple[Change, ...]  # of peers that stay
    new: tuple[str, ...]  # names that the server does not let in yet, or that have no profile
    removed: tuple[Peer, ...]


def plan(layout: Layout, desired: Desired) -> Plan:
    """The difference between the folder and the desired values. Raises Malformed, and GiveUp for what cannot be met."""
    listed = layout.listed
    check_doubles(listed)
    stay = [peer for peer in listed if desired.peers is None or peer.name in desired.peers]
    whole = {peer.name for peer in stay if peer.profile}
    changes = (change(peer, desired) for peer in stay if peer.name in whole)
    return Plan(
        changes=tuple(one for one in changes if one.words),
        new=tuple(name for name in desired.peers or () if name not in whole),
        removed=tuple(peer for peer in listed if peer not in stay),
    )


def change(peer: Peer, desired: Desired) -> Change:
    """The change of one profile; without words, it needs none."""
    assert peer.profile
    result = Change(peer, peer.profile, ())
    for key, value, words in _differences(peer, desired):
        section = result.profile.interface if key == "DNS" else peer.server
        assert section
        result = replace(result, profile=result.profile.having(section, key, value), words=(*result.words, words))
    return result


def _differences(peer: Peer, desired: Desired) -> Iterator[tuple[str, str | None, str]]:
    """Each key that has to change, its new value, and what to call that."""
    if desired.dns is not None and _ips(peer.dns) != _ips(desired.dns):
        _check_reach(peer, desired.dns)
        domains = [one for one in peer.dns if one not in _ips_as_written(peer.dns)]
        yield "DNS", ", ".join([*desired.dns, *domains]), _words("DNS", _ips_as_written(peer.dns), desired.dns)
    if (endpoint := _endpoint(peer, desired)) != peer.endpoint:
        yield "Endpoint", endpoint, _words("endpoint", [peer.endpoint], [endpoint])
    if desired.allowed_ips is not None and _nets(peer.allowed_ips) != _nets(desired.allowed_ips):
        new = ", ".join(desired.allowed_ips)
        yield "AllowedIPs", new, _words("allowed IPs", peer.allowed_ips, desired.allowed_ips)
    if desired.keepalive_s is not None and (now_s := _keepalive_s(peer.server)) != desired.keepalive_s:
        wanted = str(desired.keepalive_s) if desired.keepalive_s else None
        yield "PersistentKeepalive", wanted, _words("keepalive", [_seconds(now_s)], [_seconds(desired.keepalive_s)])


def in_brackets(host: str) -> str:
    """A host as it stands before a port: an IPv6 address needs brackets."""
    return f"[{host}]" if ":" in host else host


def _endpoint(peer: Peer, desired: Desired) -> str:
    if desired.host is None and desired.port is None:
        return peer.endpoint
    host, _, port = peer.endpoint.rpartition(":")
    host = in_brackets(desired.host) if desired.host else host
    if not host:
        assert peer.server
        raise peer.server.wrong("this [Peer] has no Endpoint, and no endpoint is given")
    return f"{host}:{desired.port or port or DEFAULT_PORT}"


def _keepalive_s(server: Section | None) -> int:
    value = (server.get("PersistentKeepalive") if server else None) or "0"
    return int(value) if value.isdecimal() else 0  # "off"


def _check_reach(peer: Peer, dns: tuple[str, ...]) -> None:
    families = {ip_interface(address).version for address in peer.addresses}
    if not families & {ip_address(one).version for one in dns}:
        raise GiveUp(
            f"{peer.path}: {peer.name} has no IPv{ip_address(dns[0]).version} address, so it could not reach the "
            f"name server {dns[0]}; nothing was written: give one that it can reach"
        )


def check_doubles(peers: Iterable[Peer]) -> None:
    """Raises Malformed where two peers have one address: WireGuard would silently let in the later one only."""
    seen: dict[str, str] = {}
    for peer in peers:
        for section, key in ((peer.entry, "AllowedIPs"), (peer.profile and peer.profile.interface, "Address")):
            for value in section.values(key) if section else ():
                address = str(ip_interface(value).ip)
                if seen.setdefault(address, peer.id) != peer.id and section:
                    raise section.wrong(f"{address} is the address of {seen[address]}, too", key)


def _ips_as_written(dns: tuple[str, ...]) -> tuple[str, ...]:
    # as wg-quick does it: what is no address is a search domain
    return tuple(one for one in dns if ":" in one or one.replace(".", "").isdecimal())


def _ips(dns: tuple[str, ...]) -> list[str]:
    return [str(ip_address(one)) if is_address(one) else one for one in _ips_as_written(dns)]


def _nets(values: tuple[str, ...]) -> set[object]:
    return {ip_network(value, strict=False) for value in values}


def _seconds(value_s: int) -> str:
    return f"{value_s} s" if value_s else _NONE


def _words(what: str, before: tuple[str, ...] | list[str], after: tuple[str, ...] | list[str]) -> str:
    return f"{what} {', '.join(filter(None, before)) or _NONE} → {', '.join(after)}"
