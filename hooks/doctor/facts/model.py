"""What a look at the server brings home. A part that is not here is None; what could not be read says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.containers.dependents import Dependent, Earlier
from hooks.config.settings import Settings
from hooks.docker.records import Listed, Seen
from hooks.world.model import Container, PortFile


@dataclass(frozen=True, slots=True)
class Unread:
    """Something is there, or should be, and could not be read: `why` is the whole sentence."""

    why: str


@dataclass(frozen=True, slots=True)
class Box:
    """A container as an inspect shows it: what the list of all cannot tell."""

    container: Container
    seen: Seen
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # holds secrets: single values are shown
    mounts: tuple[str, ...] = ()  # where in it something is mounted
    networks: frozenset[str] = frozenset()  # their names
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class Docker:
    """The engine: everybody on it by name, and those that matter more closely."""

    containers: Mapping[str, Container] = field(default_factory=dict)
    boxes: Mapping[str, Box] = field(default_factory=dict)  # by name, the inspected ones
    listed: tuple[Listed, ...] = ()  # everybody, as the question asks who shares a namespace


@dataclass(frozen=True, slots=True)
class DockerAccess:
    """How gluehook reaches Docker, and what that lets through."""

    address: str  # a socket's path, or tcp://…
    is_socket: bool = True
    writable_by_all: bool = False  # any user of this machine may use the socket
    tls: bool = False
    unneeded: tuple[str, ...] = ()  # what is answered although gluehook never asks for it


@dataclass(frozen=True, slots=True)
class Gluetun:
    """What the control server says."""

    status: str  # "running", "stopped", "crashed", …
    public_ip: str = ""
    country: str = ""
    port: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A target answers and does not let us in. `kind` is its kind."""

    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class QBittorrent:
    """What the Web API says. `listening`: the addresses that listen on its port."""

    preferences: Mapping[str, Any] = field(repr=False)  # holds its API key
    connection: str = "unknown"  # "connected", "firewalled", "disconnected"
    interfaces: tuple[str, ...] | None = None  # those with an address; None where it is too old to tell
    tunnel: tuple[str, ...] = ()  # the addresses of the interface it is bound to, or else of tun0
    listening: tuple[str, ...] | Unread = ()


@dataclass(frozen=True, slots=True)
class Device:
    """A WireGuard peer as its file and the running interface show it."""

    name: str
    dns: tuple[str, ...] = ()
    endpoint: str = ""  # where the device calls, HOST:PORT
    seen_at: str = ""  # from where it was last heard, HOST:PORT
    handshake_s: int | None = None  # seconds since the Unix epoch, 0 for never, None where nobody could look
    connected: bool = False
    at_home: bool = False  # connected although it is at home


@dataclass(frozen=True, slots=True)
class WireGuard:
    """The configuration folder and the running interface."""

    devices: tuple[Device, ...] = ()
    readable_by_all: tuple[str, ...] = ()  # files with a key in them
    live_error: Unread | None = None  # why the running interface could not be read
    addresses: tuple[str, ...] = ()  # the server's own in the tunnel
    forwards_to: tuple[str, ...] = ()  # whom its own DNS server asks


@dataclass(frozen=True, slots=True)
class AdGuard:
    """The DNS server: by name, its addresses by network, and what it answered at the one we can reach."""

    container: str
    running: bool
    addresses: Mapping[str, str] = field(default_factory=dict)
    answer: str | Unread | None = None  # "NOERROR", "SERVFAIL", …; None where it was not asked


@dataclass(frozen=True, slots=True)
class HostName:
    """A name that the devices call, and what the system's resolver makes of it."""

    host: str
    addresses: tuple[str, ...] = ()
    error: str = ""  # why there is no address


@dataclass(frozen=True, slots=True)
class Gluehook:
    """gluehook itself, as its state folder shows it. Times are seconds since the Unix epoch."""

    healthy: bool
    sentences: tuple[str, ...]  # health's sentences
    rules_rejected: str = ""  # why the rules file is not what is in force
    journal_error: str = ""  # what is wrong with it
    last_run: str = ""  # the newest one in the journal: its id, and when it began
    pauses: Mapping[str, float] = field(default_factory=dict)  # rule ("" for all) -> until when
    earlier_ids: Earlier = field(default_factory=dict, repr=False)  # ids that containers had


@dataclass(frozen=True, slots=True)
class Server:
    """The whole server at one instant."""

    settings: Settings
    now_s: float
    gluehook: Gluehook
    docker: Docker | Unread
    access: DockerAccess | None = None
    own_id: str = ""
    port_file: PortFile = field(default_factory=PortFile)
    port_file_is_mounted: bool = False  # the file itself, not its folder
    gluetun: Gluetun | Refusal | Unread | None = None
    qbittorrent: QBittorrent | Refusal | Unread | None = None
    wireguard: WireGuard | Unread | None = None
    adguard: AdGuard | None = None
    dependents: Sequence[Dependent] = ()  # who belongs into gluetun's namespace
    orphans: Sequence[Listed] = ()  # who joins a container that is no more, and nobody knows whose id that was
    names: Sequence[HostName] = ()
    public_ip: str = ""  # the house's own, where the owner has told it
    applied: Mapping[str, Any] | None = None  # the port that gluehook last set, and of which writing

    @property
    def containers(self) -> Mapping[str, Container]:
        """Everybody on the engine, nobody where it cannot be asked."""
        return self.docker.containers if isinstance(self.docker, Docker) else {}

    @property
    def boxes(self) -> Mapping[str, Box]:
        """The inspected ones, none where the engine cannot be asked."""
        return self.docker.boxes if isinstance(self.docker, Docker) else {}

    @property
    def own(self) -> Box | None:
        """The container that gluehook runs in."""
        return next((box for box in self.boxes.values() if self.own_id and box.container.id == self.own_id), None)
