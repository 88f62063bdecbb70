"""The peers as `gluehook peers` shows them: from the files and the running interface, and whether both agree."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from ipaddress import ip_interface

from handlers.wireguard import qr
from handlers.wireguard.conf import Conf
from handlers.wireguard.devices import device_names
from handlers.wireguard.files import Layout, Peer
from handlers.wireguard.folder_errors import in_words
from handlers.wireguard.live import LivePeer
from handlers.wireguard.rewrite import is_stale
from handlers.wireguard.watch import Live, ip_of, is_at_home, is_connected, layout_of, read_live
from hooks.events.wording import did_you_mean
from hooks.handler import GiveUp

__all__ = ["Live", "Row", "code", "layout_of", "profile_of", "read_live", "rows"]


@dataclass(frozen=True, slots=True)
class Row:
    """One peer."""

    name: str
    let_in: bool  # by the server's file; the folder of a removed peer stays
    address: str  # in the tunnel
    handshake_s: int | None  # the last, in seconds since the Unix epoch; 0 for never, None if not read
    endpoint: str  # where it was last seen, "203.0.113.7:51820", or ""
    connected: bool
    at_home: bool  # its packets come from the LAN, although it uses the tunnel
    out_of_step: tuple[str, ...]  # each difference, in words; empty for a peer in step
    files: tuple[str, ...]  # those that its device can import: "png", "ios.mobileconfig", …


def rows(layout: Layout, live: Live | None, router: str) -> list[Row]:
    """Every peer, those that are let in first. `live` is None if it could not be read. Raises Retry or GiveUp."""
    with in_words(layout.dir):
        return [_row(peer, live, router) for peer in layout.peers]


def profile_of(layout: Layout, name: str) -> Conf:
    """The configuration that this peer's device imports. Raises GiveUp with the nearest name for an unknown one."""
    peer = layout.peer(name)
    if peer is None:
        names = [peer.name for peer in layout.peers]
        meant = did_you_mean(name, names) or f"there is {', '.join(names) or 'none'}"
        raise GiveUp(f"there is no peer '{name}' in {layout.dir}; {meant}")
    if peer.profile is None:
        raise GiveUp(str(peer.broken) if peer.broken else f"there is no {peer.path}")
    return peer.profile


def code(profile: Conf) -> list[str]:
    """Its QR code as lines for a terminal, black on white. Raises GiveUp if it is too long for one."""
    try:
        return qr.lines(profile.text)
    except ValueError as error:
        raise GiveUp(f"{profile.where}: {error}; import the file itself") from None


def _row(peer: Peer, live: Live | None, router: str) -> Row:
    seen = live.peers.get(peer.public_key) if live else None
    connected = bool(live and seen and is_connected(seen, live.now_s))
    return Row(
        name=peer.name,
        let_in=peer.entry is not None,
        address=", ".join(str(ip_interface(address).ip) for address in peer.addresses),
        handshake_s=None if live is None else seen.handshake_s if seen else 0,
        endpoint=seen.endpoint if seen else "",
        connected=connected,
        at_home=bool(live and seen and connected and is_at_home(ip_of(seen), router, live.engines)),
        out_of_step=tuple(_out_of_step(peer, live, seen)),
        files=_files(peer),
    )


def _out_of_step(peer: Peer, live: Live | None, seen: LivePeer | None) -> Iterator[str]:
    if peer.entry is None:
        yield "the server no longer lets it in"
        return
    if peer.profile is None:
        yield "its configuration cannot be read"
        return
    if not _ips(peer.addresses) <= _ips(peer.entry.values("AllowedIPs")):
        yield "the server lets in another address"
    if peer.server and peer.server.get("PresharedKey") != peer.entry.get("PresharedKey"):
        yield "the server has another pre-shared key"
    if is_stale(peer, None):
        yield "its QR code is older than its configuration" if _files(peer) else "it has no QR code"
    if live and seen is None:
        yield "the running interface does not know it yet"


def _files(peer: Peer) -> tuple[str, ...]:
    return tuple(name.partition(".")[2] for name in device_names(peer.id) if (peer.folder / name).exists())


def _ips(addresses: Collection[str]) -> set[str]:
    return {str(ip_interface(address).ip) for address in addresses}
