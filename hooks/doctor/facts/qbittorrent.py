"""qBittorrent's Web API: its preferences and its connection status; and what listens on its port."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from handlers.qbittorrent.web_api import Session, Sessions
from handlers.shared.desired_port import one_client
from handlers.wireguard.live import Inside
from hooks.doctor.facts.derived import EVERYWHERE
from hooks.doctor.facts.model import QBittorrent, Refusal, Unread
from hooks.doctor.facts.parallel import attempt, refusal_of
from hooks.handler import Context, GiveUp, Retry

_TUNNEL = "tun0"  # gluetun's, unless VPN_INTERFACE says otherwise: then qBittorrent is bound to that
_LISTENS = "0A"  # in /proc/net/tcp
LISTENERS = ["grep", "-hs", f" {_LISTENS} ", "/proc/net/tcp", "/proc/net/tcp6"]
"""The command, run inside its container, that lists what listens there. Docker does not show a container's /proc."""


def read(ctx: Context, sessions: Sessions, run: Inside | None) -> QBittorrent | Refusal:
    """GET requests, and one login if a password is set. `run` runs a command in its container.

    Raises Retry if it cannot be reached, GiveUp if something else answers.
    """
    try:
        session = sessions.of(one_client("qbittorrent", ctx), ctx)
        preferences = session.preferences(ctx)
    except (Retry, GiveUp) as why:
        if refusal := refusal_of(why):
            return refusal
        raise
    interfaces = _or_none(lambda: session.interfaces(ctx))
    return QBittorrent(
        preferences,
        session.connection_status(ctx),
        None if interfaces is None else tuple(interfaces),
        _tunnel(session, ctx, preferences, interfaces or ()),
        _listening(run, int(preferences["listen_port"])),
        _bindable(session, ctx, preferences, interfaces or ()),
    )


def _tunnel(
    session: Session, ctx: Context, preferences: Mapping[str, Any], interfaces: list[str] | tuple[()]
) -> tuple[str, ...]:
    name = preferences.get("current_network_interface") or _TUNNEL
    return tuple(_or_none(lambda: session.addresses(ctx, name)) or ()) if name in interfaces else ()


def _bindable(
    session: Session, ctx: Context, preferences: Mapping[str, Any], interfaces: list[str] | tuple[()]
) -> tuple[str, ...] | None:
    name = preferences.get("current_network_interface") or ""
    if preferences.get("current_interface_address") in (None, "", *EVERYWHERE) or (name and name not in interfaces):
        return None
    found = _or_none(lambda: session.addresses(ctx, name))
    return None if found is None else tuple(found)


def _or_none(read: Callable[[], list[str] | None]) -> list[str] | None:
    """A part that cannot be read takes no other with it."""
    found = attempt(read)
    return None if isinstance(found, Unread) else found


def _listening(run: Inside | None, port: int) -> tuple[str, ...] | Unread:
    if run is None:
        return Unread("no command can be run in its container")
    result = attempt(lambda: run(LISTENERS))
    if isinstance(result, Unread):
        return result
    code, table = result
    if code > 2:  # 1: nothing listens at all; 2: there is no tcp6, because IPv6 is off
        return Unread(f"'{LISTENERS[0]}' cannot be run in its container (exit code {code})")
    return tuple(dict.fromkeys(listeners(table, port)))


def listeners(table: str, port: int) -> Iterator[str]:
    """The addresses that listen on this TCP port, in lines of /proc/net/tcp and /proc/net/tcp6."""
    for local in re.findall(rf"^\s*\d+: ([0-9A-F]+):{port:04X} \S+ {_LISTENS} ", table, re.MULTILINE):
        # words of four bytes, each in the byte order of this machine; those that gluetun runs on are little-endian
        packed = b"".join(bytes.fromhex(local[at : at + 8])[::-1] for at in range(0, len(local), 8))
        yield str(IPv4Address(packed) if len(packed) == 4 else _without_mapping(IPv6Address(packed)))


def _without_mapping(found: IPv6Address) -> IPv4Address | IPv6Address:
    return found.ipv4_mapped or found
