"""The facts about the whole server, as values: a part that is not here is None, an unreadable one is `Unread`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.containers.dependents import Dependent, Earlier
from handlers.shared.docker_rights import Refused, Use
from hooks.config.settings import Settings
from hooks.docker.container import InspectedContainer, ListedContainer
from hooks.pairs import model as pairs
from hooks.pairs.model import Access, Client
from hooks.world.model import Container, PortFile


@dataclass(frozen=True, slots=True)
class Unread:
    """Something exists, or should, and could not be read: `why` is the whole sentence."""

    why: str


@dataclass(frozen=True, slots=True)
class Docker:
    """The engine: every container, and more about those that matter here."""

    containers: Mapping[str, Container] = field(default_factory=dict)  # by name
    inspected: Mapping[str, InspectedContainer] = field(default_factory=dict)  # by name, those that matter here
    listed: tuple[ListedContainer, ...] = ()  # every container, with the namespace that it joins
    podman: bool = False  # it is Podman that answers
    doubts: tuple[str, ...] = ()  # sentences: what Docker's list does not tell


@dataclass(frozen=True, slots=True)
class DockerAccess:
    """How gluehook reaches Docker, and what else that access allows."""

    address: str  # a socket's path, or tcp://…
    is_socket: bool = True
    writable_by_all: bool = False  # any user of this machine may use the socket
    tls: bool = False
    unneeded: tuple[str, ...] = ()  # a proxy's words for what it allows and gluehook never needs


@dataclass(frozen=True, slots=True)
class Refusal:
    """A target answers and does not let us in, or a proxy does so in its place.

    `kind` says in which way: "closed", "password", "api-key", "host", "proxy", …
    """

    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Gluetun:
    """What the control server answers. Each answer is read by itself: one that is held takes no other with it."""

    status: str  # "running", "stopped", "crashed", …
    public_ip: str = ""
    country: str = ""
    port: int | None = 0  # the first one, None where it was not read
    unread: Mapping[str, Unread | Refusal] = field(default_factory=dict)  # "public IP", "port" -> why not
    ports: tuple[int, ...] = ()  # all of them


@dataclass(frozen=True, slots=True)
class QBittorrent:
    """What the Web API answers. `listening`: the addresses where something listens on its port."""

    preferences: Mapping[str, Any] = field(repr=False)  # holds its API key
    connection: str = "unknown"  # "connected", "firewalled", "disconnected"
    interfaces: tuple[str, ...] | None = None  # those with an address; None where its version does not list them
    tunnel: tuple[str, ...] = ()  # the addresses of the interface it is bound to, or else of tun0
    listening: tuple[str, ...] | Unread = ()
    bindable: tuple[str, ...] | None = None  # the addresses that it may bind to; None where it binds to no single one


@dataclass(frozen=True, slots=True)
class Device:
    """A WireGuard peer, by its file and by the running interface."""

    name: str
    dns: tuple[str, ...] = ()
    endpoint: str = ""  # of the server, HOST:PORT
    seen_at: str = ""  # where its last packet came from, HOST:PORT
    handshake_s: int | None = None  # seconds since the Unix epoch, 0 for never, None where it could not be read
    connected: bool = False
    at_home: bool = False  # connected although it is at home


@dataclass(frozen=True, slots=True)
class WireGuard:
    """The configuration folder and the running interface."""

    devices: tuple[Device, ...] = ()
    readable_by_all: tuple[str, ...] = ()  # files with a key in them
    live_error: Unread | None = None  # why the running interface could not be read
    addresses: tuple[str, ...] = ()  # the server's own in the tunnel
    forwards_to: tuple[str, ...] = ()  # the servers that its own DNS server asks


@dataclass(frozen=True, slots=True)
class AdGuard:
    """The DNS server: its container, its addresses by network, and its answer at the address that we can reach."""

    container: str
    running: bool
    addresses: Mapping[str, str] = field(default_factory=dict)
    answer: str | Unread | None = None  # "NOERROR", "SERVFAIL", …; None where it was not asked


@dataclass(frozen=True, slots=True)
class HostName:
    """A name that the devices call, and the addresses that the system's resolver finds for it."""

    host: str
    addresses: tuple[str, ...] = ()
    error: str = ""  # why there is no address


@dataclass(frozen=True, slots=True)
class Gluehook:
    """gluehook itself, by its state folder. Times are seconds since the Unix epoch."""

    healthy: bool
    sentences: tuple[str, ...]  # of `gluehook health`
    rules_rejected: str = ""  # why the rules file is not what is in force
    journal_error: str = ""  # why the journal cannot be read
    last_run: str = ""  # the newest one in the journal: its id, and when it began
    waits: tuple[str, ...] = ()  # for conditions: a sentence for each
    pauses: Mapping[str, float] = field(default_factory=dict)  # rule ("" for all) -> until when
    acts: Mapping[str, Any] = field(default_factory=dict)  # container -> the note that a rule has stopped or paused it
    earlier_ids: Earlier = field(default_factory=dict, repr=False)  # the ids that containers had before


@dataclass(frozen=True, slots=True)
class HasRole:
    """A container and its role. `by`: what says so, "table", "setting", "image" or "name"."""

    role: str
    container: str
    by: str
    image: str = ""


@dataclass(frozen=True, slots=True)
class OtherClient:
    """A torrent client that is no qBittorrent: its container, kind and gluetun, and the port for peers that is set."""

    name: str
    kind: str
    gluetun: str
    port: int | Refusal | Unread  # 0 for none
    which: int = 1  # of the ports that its gluetun forwards, counted from 1


@dataclass(frozen=True, slots=True)
class Server:
    """The whole server at one instant, with one gluetun and one qBittorrent. `others` has it with other ones."""

    settings: Settings
    now_s: float
    gluehook: Gluehook
    docker: Docker | Unread
    access: DockerAccess | None = None
    refused: Sequence[Refused] = ()  # requests that the rules need
    own_id: str = ""
    port_file: PortFile = field(default_factory=PortFile)
    port_file_is_mounted: bool = False  # the file itself, not its folder
    port_folder_missing: bool = False  # the folder that FORWARDED_PORT_FILE names
    gluetun: Gluetun | Refusal | Unread | None = None
    qbittorrent: QBittorrent | Refusal | Unread | None = None
    wireguard: WireGuard | Unread | None = None
    adguard: AdGuard | None = None
    dependents: Sequence[Dependent] = ()  # the containers that belong into gluetun's namespace
    orphans: Sequence[ListedContainer] = ()  # containers that join one that no longer exists and is not known
    names: Sequence[HostName] = ()
    public_ip: str = ""  # the house's own, where the owner has given it
    applied: Mapping[str, Any] | None = None  # the port that gluehook last set, and the port file's generation then
    uses: Sequence[Use] = ()  # every step of the rules
    roles: Sequence[HasRole] = ()
    others: Sequence[Server] = ()
    clients: Sequence[OtherClient] = ()
    client: Client | None = None  # the torrent client of the settings, as tables, settings and Docker show it
    vpn: pairs.Gluetun | None = None  # its gluetun, in the same way
    unclear_roles: Sequence[str] = ()  # sentences: tables and rules that do not fit the containers
    secrets: Sequence[str] = ()  # sentences: those that have no value

    @property
    def reached_client(self) -> Client:
        """The qBittorrent of the settings: where it is reached, and where that is set."""
        settings = self.settings
        access = Access(settings.qbittorrent_url, "", "QBITTORRENT_PASSWORD", "QBITTORRENT_API_KEY")
        return self.client or Client(settings.qbittorrent_container, "qbittorrent", access)

    @property
    def reached_gluetun(self) -> pairs.Gluetun:
        """The gluetun of the settings: where it is reached, and where that is set."""
        settings = self.settings
        access = Access(settings.gluetun_url, "", "GLUETUN_PASSWORD", "GLUETUN_API_KEY")
        return self.vpn or pairs.Gluetun(settings.gluetun_container, access, settings.forwarded_port_file)

    @property
    def listed(self) -> Mapping[str, ListedContainer]:
        """Every container by name, inspected where it was; empty where Docker cannot be asked."""
        docker = self.docker
        return {one.name: one for one in docker.listed} | {**docker.inspected} if isinstance(docker, Docker) else {}

    @property
    def containers(self) -> Mapping[str, Container]:
        """Every container by name; empty where Docker cannot be asked."""
        return self.docker.containers if isinstance(self.docker, Docker) else {}

    @property
    def inspected(self) -> Mapping[str, InspectedContainer]:
        """The inspected containers by name; empty where Docker cannot be asked."""
        return self.docker.inspected if isinstance(self.docker, Docker) else {}

    @property
    def inspected_gluetun(self) -> InspectedContainer | None:
        """gluetun's container, None where Docker does not show it."""
        return self.inspected.get(self.settings.gluetun_container)

    @property
    def inspected_qbittorrent(self) -> InspectedContainer | None:
        """qBittorrent's container, None where Docker does not show it."""
        return self.inspected.get(self.settings.qbittorrent_container)

    @property
    def inspected_wireguard(self) -> InspectedContainer | None:
        """WireGuard's container, None where Docker does not show it."""
        return self.inspected.get(self.settings.wireguard_container)

    @property
    def own(self) -> InspectedContainer | None:
        """The container that gluehook runs in."""
        return next((one for one in self.inspected.values() if self.own_id and one.id == self.own_id), None)
