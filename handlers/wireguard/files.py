"""The folder that linuxserver/wireguard keeps at /config: the server's file, and a folder for each device.

wg_confs/wg0.conf (older: wg0.conf)    the server; each [Peer] has the comment `# peer_NAME` below it
peer_NAME/peer_NAME.conf               what a device imports; a number N as name makes it peerN/peerN.conf
peer_NAME/{private,public,preshared}key-peer_NAME, peer_NAME.png
server/{private,public}key-server, coredns/Corefile, .donoteditthisfile
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from handlers.wireguard.conf import Conf, Malformed, Section, is_key, malformed, parse
from hooks.events import byte_order_mark

INTERFACE = "wg0"
NAME = re.compile(r"[A-Za-z0-9]+")  # what the image takes; it skips any other
_FOLDER = re.compile(r"peer(?:_(?P<name>[A-Za-z0-9]+)|(?P<number>[0-9]+))")


@dataclass(frozen=True, slots=True)
class Peer:
    """One device: its profile, which it imports, and its entry in the server's file."""

    name: str  # "phone" or "1", as in the image's PEERS
    id: str  # "peer_phone" or "peer1": its folder, and the stem of its files
    folder: Path
    profile: Conf | None  # None: there is no file, or a broken one
    broken: Malformed | None
    server: Section | None  # the profile's [Peer] that leads to this server
    entry: Section | None  # the server's [Peer] for it; None: it is not let in (any more)

    @property
    def path(self) -> Path:
        """The profile's file."""
        return self.folder / f"{self.id}.conf"

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its own, as written: "10.13.13.2" or "10.13.13.2/32"."""
        return self.profile.interface.values("Address") if self.profile else ()

    @property
    def dns(self) -> tuple[str, ...]:
        """Its name servers, and its search domains."""
        return self.profile.interface.values("DNS") if self.profile else ()

    @property
    def endpoint(self) -> str:
        """Where it finds the server, "home.example.net:51820"."""
        return (self.server.get("Endpoint") or "") if self.server else ""

    @property
    def allowed_ips(self) -> tuple[str, ...]:
        """The networks that it reaches through the tunnel."""
        return self.server.values("AllowedIPs") if self.server else ()

    @property
    def public_key(self) -> str:
        """By which the server knows it, or ""."""
        return (self.entry.get("PublicKey") or "") if self.entry else ""


@dataclass(frozen=True, slots=True)
class Layout:
    """What was found in the folder, each file read once."""

    dir: Path
    interface: str
    path: Path  # of the server's file
    server: Conf
    peers: tuple[Peer, ...]  # the server's first, in its order; then folders of peers that were removed

    @property
    def listed(self) -> tuple[Peer, ...]:
        """The peers that the server lets in. Raises Malformed if one's profile is broken."""
        listed = [peer for peer in self.peers if peer.entry]
        for peer in listed:
            if peer.broken:
                raise peer.broken
        return tuple(listed)

    def peer(self, name: str) -> Peer | None:
        """The peer of this name."""
        return next((peer for peer in self.peers if peer.name == name), None)


def read(directory: Path, interface: str = INTERFACE) -> Layout:
    """The layout in the folder. Raises Malformed for the server's file, OSError (a missing one too) with its name."""
    path = server_file(directory, interface)
    server = parse(path.read_bytes(), str(path))
    folders = {folder.name for folder in directory.iterdir() if name_of(folder.name)}
    entries = _entries(server, directory, folders)
    peers = [_peer(directory, stem, entries.get(stem)) for stem in [*entries, *sorted(folders - entries.keys())]]
    return Layout(directory, interface, path, server, tuple(peers))


def server_file(directory: Path, interface: str) -> Path:
    """The server's file: the image has kept it in wg_confs/ since 2023, and beside it before."""
    older = directory / f"{interface}.conf"
    newer = directory / "wg_confs" / older.name
    return older if older.exists() and not newer.exists() else newer


def peer_id(name: str) -> str:
    """The image's word for a peer: its folder, and the stem of its files."""
    return f"peer{name}" if name.isdecimal() else f"peer_{name}"


def key_file(folder: Path, kind: str) -> Path:
    """The file of a peer's "private", "public" or "preshared" key."""
    return folder / f"{kind}key-{folder.name}"


def read_key(path: Path) -> str | None:
    """The key in a file of the image's, None where there is none. Raises Malformed, OSError."""
    with suppress(FileNotFoundError):
        text = path.read_bytes().removeprefix(byte_order_mark.UTF8).decode("ascii", "replace").strip()
        if is_key(text):
            return text
        raise malformed(str(path), 1, "this is no key: it should be 32 bytes in base64")
    return None


def name_of(stem: str) -> str:
    """The peer's name, of its `id`; "" for what is none."""
    found = _FOLDER.fullmatch(stem)
    name = str(found["name"] or found["number"]) if found else ""
    return name if peer_id(name) == stem else ""


def _entries(server: Conf, directory: Path, folders: set[str]) -> dict[str, Section]:
    """The server's entries by peer: by the image's comment, and where it was lost, by the public key."""
    entries: dict[str, Section] = {}
    nameless = []
    for entry in server.peers:
        if entry.title in entries:
            raise entry.wrong(f"this is a second entry of {entry.title}")
        if name_of(entry.title):
            entries[entry.title] = entry
        else:
            nameless.append(entry)
    if nameless:
        keys = {read_key(key_file(directory / stem, "public")): stem for stem in folders - entries.keys()}
        entries |= {keys[key]: entry for entry in nameless if (key := entry.get("PublicKey")) in keys}
    return entries


def _peer(directory: Path, stem: str, entry: Section | None) -> Peer:
    folder = directory / stem
    path, profile, server, broken = folder / f"{stem}.conf", None, None, None
    try:
        profile = parse(path.read_bytes(), str(path))
        server = _towards(profile, directory)
    except (FileNotFoundError, NotADirectoryError):
        profile = None
    except Malformed as error:
        profile, broken = None, error
    return Peer(name_of(stem), stem, folder, profile, broken, server, entry)


def _towards(profile: Conf, directory: Path) -> Section:
    """The [Peer] that is this server; a hand-made profile may lead to others, too."""
    if len(profile.peers) == 1:
        return profile.peers[0]
    ours = read_key(key_file(directory / "server", "public"))
    found = [peer for peer in profile.peers if peer.get("PublicKey") == ours]
    if len(found) == 1:
        return found[0]
    raise malformed(profile.where, 1, f"{len(found) or 'none'} of its {len(profile.peers)} [Peer]s is this server")
