"""WireGuard: its configuration folder, and each device as the running interface shows it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from handlers.wireguard import files as wireguard_files
from handlers.wireguard import folder_errors as wireguard_folder
from handlers.wireguard import watch as wireguard_watch
from handlers.wireguard.files import Layout, Peer
from handlers.wireguard.set_dns_forward import Corefile
from handlers.wireguard.watch import Live
from hooks.config.settings import Settings
from hooks.doctor.facts.model import Device, Unread, WireGuard
from hooks.doctor.facts.parallel import attempt
from hooks.handler import Context, GiveUp

_HOLDS_KEY = ("*.conf", "*.png", "*.mobileconfig", "privatekey-*", "presharedkey-*")


def read(ctx: Context) -> WireGuard | None:
    """The files, and `wg show` in the container. None if there is no such folder.

    Raises Retry or GiveUp if the configuration cannot be read.
    """
    folder = Path(ctx.settings.wireguard_dir)
    with wireguard_folder.in_words(folder):
        if not wireguard_folder.is_here(folder):
            return None
        layout = wireguard_files.read(folder, ctx.settings.wireguard_interface)
        readable_by_all = tuple(_readable_by_all(layout))
    live = attempt(lambda: wireguard_watch.read_live(ctx))
    return WireGuard(
        tuple(_device(peer, live, ctx.settings) for peer in layout.peers if peer.entry),
        readable_by_all,
        live if isinstance(live, Unread) else None,
        tuple(address.partition("/")[0] for address in layout.server.interface.values("Address")),
        _forwards_to(folder),
    )


def _device(peer: Peer, live: Live | Unread, settings: Settings) -> Device:
    if isinstance(live, Unread):
        return Device(peer.name, peer.dns, peer.endpoint)
    now = live.peers.get(peer.public_key)
    if now is None:
        return Device(peer.name, peer.dns, peer.endpoint, handshake_s=0)
    connected = wireguard_watch.is_connected(now, live.now_s)
    ip = wireguard_watch.ip_of(now)
    at_home = connected and wireguard_watch.is_at_home(ip, settings.wireguard_router, live.engines)
    return Device(peer.name, peer.dns, peer.endpoint, now.endpoint, now.handshake_s, connected, at_home)


def _readable_by_all(layout: Layout) -> Iterator[str]:
    folders = [layout.path.parent, *(peer.folder for peer in layout.peers), layout.dir / "server"]
    for file in dict.fromkeys(file for folder in folders for shape in _HOLDS_KEY for file in folder.glob(shape)):
        if file.stat().st_mode & stat.S_IROTH:
            yield str(file)


def _forwards_to(folder: Path) -> tuple[str, ...]:
    """The servers that the image's own DNS server asks; none where it has no such server."""
    path = folder / "coredns" / "Corefile"
    with suppress(OSError, GiveUp):
        return Corefile(path, path.read_text("utf-8", "surrogateescape")).to
    return ()
