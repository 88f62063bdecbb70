"""The desired values of all peers: the arguments of `wireguard.regenerate_peers`, checked one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from handlers.wireguard.files import NAME
from hooks.handler import GiveUp

_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LONGEST_KEEPALIVE_S = 65535


@dataclass(frozen=True, slots=True)
class Desired:
    """What every profile should say. None leaves it as it is."""

    dns: tuple[str, ...] | None = None
    host: str | None = None  # of the endpoint; an IPv6 address without brackets
    port: int | None = None  # of the endpoint
    allowed_ips: tuple[str, ...] | None = None
    keepalive_s: int | None = None  # 0 for none
    peers: tuple[str, ...] | None = None  # all of them, by name


def addresses(value: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """The argument `dns`. Raises GiveUp for a host name: a device would take it for a search domain."""
    given = _several("dns", value)
    for one in given or ():
        if not is_address(one):
            raise _wrong("dns", one, "is no IP address; a device would take a name for a search domain")
    return given


def host(value: str | None) -> str | None:
    """The argument `endpoint`. Raises GiveUp for what is neither a host name nor an address."""
    if value is None:
        return None
    bare = value.strip("[]")
    if is_address(bare) or _is_name(value):
        return bare
    raise _wrong("endpoint", value, "is no host name and no address; write only that, and the port as port = …")


def port(value: int | None) -> int | None:
    """The argument `port`. Raises GiveUp for what is none."""
    if value is None or 0 < value <= 65535:
        return value
    raise _wrong("port", value, "is no port; write one from 1 to 65535")


def networks(value: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """The argument `allowed_ips`. Raises GiveUp for what is no network."""
    given = _several("allowed_ips", value)
    for one in given or ():
        try:
            ip_network(one)
        except ValueError as error:
            raise _wrong("allowed_ips", one, f"is no network ({error}); write for example 192.168.1.0/24") from None
    return given


def keepalive_s(value: float | None) -> int | None:
    """The argument `keepalive` in whole seconds. Raises GiveUp for what WireGuard cannot keep."""
    if value is None or (value.is_integer() and 0 <= value <= _LONGEST_KEEPALIVE_S):
        return None if value is None else int(value)
    raise _wrong("keepalive", f"{value:g}s", f"is not whole seconds up to {_LONGEST_KEEPALIVE_S}s")


def names(value: Sequence[str] | None) -> tuple[str, ...] | None:
    """The argument `peers`. Raises GiveUp for a name that the image would skip, or that leads out of the folder."""
    given = _several("peers", value)
    for number, one in enumerate(given or ()):
        if not NAME.fullmatch(one):
            raise _wrong("peers", one, "is no name for a peer, which has letters and digits only")
        if one in (given or ())[:number]:
            raise _wrong("peers", one, "is there twice")
    return given


def _several(argument: str, value: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not value:
        raise _wrong(argument, "", "is empty; leave it out to keep what the peers have")
    return tuple(one.strip() for one in (value.split(",") if isinstance(value, str) else value))


def is_address(text: str) -> bool:
    """Whether it is one IPv4 or IPv6 address."""
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def _is_name(text: str) -> bool:
    labels = text.removesuffix(".").split(".")
    return len(text) < 254 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdecimal()


def _wrong(argument: str, value: object, said: str) -> GiveUp:
    return GiveUp(f"wireguard: {argument} {str(value)[:80]!r} {said}; nothing was written")
