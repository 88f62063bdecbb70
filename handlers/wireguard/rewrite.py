"""From the plan to the files: profiles, what devices import beside them, key files of new peers, the server's file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from handlers.wireguard import qr
from handlers.wireguard.child_client import device_files, pairs
from handlers.wireguard.conf import Conf
from handlers.wireguard.desired import Desired
from handlers.wireguard.files import Layout, Peer
from handlers.wireguard.new_peer import Newcomer, newcomers
from handlers.wireguard.plan import Plan, plan
from hooks.storage import atomic_files


@dataclass(frozen=True, slots=True)
class Rewrite:
    """All that is out of step."""

    layout: Layout
    desired: Desired
    home_ssids: tuple[str, ...] | None
    plan: Plan
    stale: tuple[Peer, ...]  # their profile is right, and what was made of it is missing or older

    @property
    def words(self) -> dict[str, str]:
        """What is new for each peer, by name."""
        words = {change.peer.name: ", ".join(change.words) for change in self.plan.changes}
        words |= dict.fromkeys(self.plan.new, "new")
        words |= {peer.name: "locked out, its folder stays" for peer in self.plan.removed}
        return words | {peer.name: "QR code and profiles made anew" for peer in self.stale}

    @property
    def is_configured(self) -> bool:
        """Whether every configuration is as wanted; only what is made of them may be out of step."""
        return not (self.plan.changes or self.plan.new or self.plan.removed)

    @property
    def importing(self) -> list[str]:
        """The peers whose device has to import something."""
        return [*(change.peer.name for change in self.plan.changes), *self.plan.new]


def survey(layout: Layout, desired: Desired, home_ssids: tuple[str, ...] | None) -> Rewrite:
    """What has to be written; reads no file but those of Wi-Fi names. Raises Malformed, GiveUp, OSError."""
    found = plan(layout, desired)
    settled = {change.peer.id for change in found.changes} | {peer.id for peer in found.removed}
    stay = [peer for peer in layout.listed if peer.profile and peer.id not in settled]
    return Rewrite(layout, desired, home_ssids, found, tuple(peer for peer in stay if is_stale(peer, home_ssids)))


def carry_out(rewrite: Rewrite, left: Callable[[], float]) -> Conf:
    """Write everything, within the time `left` in seconds; the server's file as it is afterwards.

    What is made of profiles is replaced before them, and the server's file last: after a kill in between,
    the next run finds what is left to do. Raises Malformed, GiveUp, Retry, OSError.
    """
    found, layout = rewrite.plan, rewrite.layout
    new = newcomers(layout, found.new, rewrite.desired, lambda private: pairs(private, left)) if found.new else []
    profiles = {change.peer.id: change.profile for change in found.changes} | {one.peer.id: one.profile for one in new}
    peers = [*(change.peer for change in found.changes), *(one.peer for one in new), *rewrite.stale]
    made = _devices(peers, profiles, rewrite, left)
    for one in new:
        made |= one.keys
    server = _server(layout, found, new)
    atomic_files.write(
        made,
        {peer.path: profiles[peer.id].text.encode() for peer in peers if peer.id in profiles},
        {layout.path: server.text.encode()} if server.text != layout.server.text else {},
        like=layout.path,
    )
    for peer in peers:
        if picture(peer) not in made:  # of the configuration before, which a camera would still read
            picture(peer).unlink(missing_ok=True)
    return server


def picture(peer: Peer) -> Path:
    """Where the peer's QR code is."""
    from handlers.wireguard.devices import device_names

    return peer.folder / device_names(peer.id)[0]


def _devices(
    peers: Sequence[Peer], profiles: dict[str, Conf], rewrite: Rewrite, left: Callable[[], float]
) -> dict[Path, bytes]:
    """The QR code of each peer that one can hold, and Apple's profiles where there are some or they are asked for."""
    orders = [
        {
            "stem": peer.id,
            "interface": rewrite.layout.interface,
            "text": (profiles.get(peer.id) or peer.profile or Conf("", "")).text,
            "home_ssids": rewrite.home_ssids,
            "folder": str(peer.folder),
        }
        for peer in peers
    ]
    made = zip(peers, device_files(orders, left), strict=True)
    return {peer.folder / name: content for peer, files in made for name, content in files.items()}


def _device_paths(peer: Peer, home_ssids: tuple[str, ...] | None) -> list[Path]:
    """The QR code always; Apple's profiles where they are there already, or are asked for."""
    from handlers.wireguard.devices import device_names

    image, *profiles = (peer.folder / name for name in device_names(peer.id))
    return [image, *(path for path in profiles if home_ssids is not None or path.exists())]


def is_stale(peer: Peer, home_ssids: tuple[str, ...] | None) -> bool:
    """Whether the QR code or a profile of Apple's is missing, or older than the configuration. Raises OSError."""
    # the image, too, writes a profile first and its QR code after it
    from handlers.wireguard.devices import home_ssids_of

    image, *profiles = _device_paths(peer, home_ssids)
    written_ns = peer.path.stat().st_mtime_ns
    has_none = peer.profile is not None and bool(qr.too_long(peer.profile.text))
    if has_none and image.exists():
        return True
    paths = profiles if has_none else (image, *profiles)
    if any(not path.exists() or path.stat().st_mtime_ns < written_ns for path in paths):
        return True
    return home_ssids is not None and home_ssids_of(profiles[0].read_bytes()) != home_ssids


def _server(layout: Layout, found: Plan, new: Sequence[Newcomer]) -> Conf:
    gone = [peer.entry for peer in (*found.removed, *(one.peer for one in new)) if peer.entry]
    server = layout.server
    for entry in sorted(gone, key=lambda entry: entry.line, reverse=True):  # the lines before it stay where they are
        server = server.without(entry)
    for one in new:
        server = server.adding(one.entry)
    return server
