"""Finds the containers of this server that `gluehook init` needs: gluetun, qBittorrent, … It only reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hooks.docker.container import ListedContainer, inspected
from hooks.docker.listing import list_containers
from hooks.docker.own_container import own_container_id
from hooks.images import gluetun as gluetun_image
from hooks.images import torrent
from hooks.images.roles import ROLES, TORRENT_CLIENTS, by_image, by_name, usual_names

# No other variable of a container is kept, as it may be secret; hooks.images gives only ports and a path.
_VARIABLES = frozenset("PUID PGID".split())


@dataclass(frozen=True, slots=True)
class FoundContainer:
    """A container of the server. `mounts` are folder inside -> (kind, host's folder or volume)."""

    container: ListedContainer
    networks: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    web_port: int = 0  # of a torrent client
    control_port: int = gluetun_image.CONTROL_PORT  # of gluetun
    port_file: str = gluetun_image.PORT_FILE  # of gluetun

    @property
    def name(self) -> str:
        """Its name."""
        return self.container.name

    @property
    def service(self) -> str:
        """What docker compose calls it."""
        return _service(self.container) or self.name


@dataclass(frozen=True, slots=True)
class Server:
    """The containers by role, and who shares whose network."""

    by_role: Mapping[str, FoundContainer] = field(default_factory=dict)  # of several the one that is meant first
    everyone: Mapping[str, tuple[FoundContainer, ...]] = field(default_factory=dict)  # all of a role, that one first
    sharing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # gluetun -> who shares its network, by name
    doubts: Sequence[str] = ()  # sentences: what Docker's list does not tell
    own: FoundContainer | None = None  # the container that `gluehook init` runs in

    def name(self, role: str) -> str:
        """The name of the container in this role; the usual one where there is none."""
        return self.by_role[role].name if role in self.by_role else role

    @property
    def gluetuns(self) -> tuple[FoundContainer, ...]:
        """Every gluetun."""
        return self.everyone.get("gluetun", ())

    @property
    def clients(self) -> tuple[tuple[str, FoundContainer], ...]:
        """Every torrent client with its kind."""
        return tuple((kind, one) for kind in TORRENT_CLIENTS for one in self.everyone.get(kind, ()))

    def gluetun_of(self, client: FoundContainer) -> FoundContainer | None:
        """The gluetun whose network it shares."""
        return next((one for one in self.gluetuns if client.name in self.sharing.get(one.name, ())), None)

    @property
    def alone(self) -> tuple[tuple[str, FoundContainer], ...]:
        """Every torrent client with its kind that shares no gluetun's network; none where that cannot be told."""
        if not self.gluetuns or self.doubts:
            return ()
        return tuple((kind, one) for kind, one in self.clients if self.gluetun_of(one) is None)


def find_containers(client: Any) -> Server:
    """List the containers with a docker.APIClient. Raises OSError if that fails."""
    listing = list_containers(client, networks=True)
    found = {role: _of_role(role, listing.containers) for role in ROLES}
    everyone = {role: tuple(_closer(client, role, one) for one in those) for role, those in found.items() if those}
    sharing = {one.name: _sharing(one, listing.containers) for one in found["gluetun"]}
    by_role = {role: those[0] for role, those in everyone.items()}
    own = next((one for one in listing.containers if one.id == own_container_id()), None)
    return Server(by_role, everyone, sharing, listing.doubts, _closer(client, "", own) if own else None)


def _of_role(role: str, containers: Iterable[ListedContainer]) -> list[ListedContainer]:
    """By its image, else by its name: the one with the usual name first, then those that run."""
    alike = [one for one in containers if (by_image(one.image) or by_name(one.name, _service(one))) == role]
    return sorted(alike, key=lambda one: (one.name not in usual_names(role), not one.running, one.name))


def _sharing(gluetun: ListedContainer, containers: Iterable[ListedContainer]) -> tuple[str, ...]:
    return tuple(sorted(one.name for one in containers if one.parent in (gluetun.id, gluetun.name)))


def _service(one: ListedContainer) -> str:
    return one.labels.get("com.docker.compose.service", "")


def _closer(client: Any, role: str, found: ListedContainer) -> FoundContainer:
    one = inspected(client.inspect_container(found.id))
    # a container has no name of its own on Docker's three
    joined = tuple(sorted(name for name in one.addresses if name not in ("bridge", "host", "none")))
    variables = {name: value for name, value in one.environment.items() if name in _VARIABLES}
    settings = gluetun_image.read(one.environment)
    port = torrent.web_port(role, one.environment) if role in TORRENT_CLIENTS else 0
    return FoundContainer(found, joined, variables, one.mounts, port, settings.control_port, settings.port_file)


def owner_of_port_file(server: Server) -> str:
    """`UID:GID` of the port file on the host, else from gluetun's PUID and PGID; "" if unknown."""
    gluetun = server.by_role.get("gluetun")
    if gluetun is None:
        return ""
    inside, _, name = gluetun.port_file.rpartition("/")
    kind, folder = gluetun.mounts.get(inside, ("", ""))
    with suppress(OSError):
        if kind and (here := _here(kind, folder, server)):
            found = Path(here, name).stat()
            return f"{found.st_uid}:{found.st_gid}"
    ids = [gluetun.variables.get(name, "") for name in ("PUID", "PGID")]
    return ":".join(ids) if all(ids) else ""


def _here(kind: str, folder: str, server: Server) -> str:
    """Where a folder of the host, or a volume, is for this process, "" for nowhere."""
    if server.own is None:
        return folder if kind == "bind" else ""
    for point, (own_kind, source) in server.own.mounts.items():
        if own_kind == kind and Path(folder).is_relative_to(source):
            return str(Path(point, Path(folder).relative_to(source)))
    return ""


def outside(path: str, server: Server) -> str:
    """What this path of ours is called on the host, "" where it is not known."""
    if server.own is None:
        return path
    # the deepest mount is the one that shows it
    for point, (kind, source) in sorted(server.own.mounts.items(), key=lambda one: -len(one[0])):
        if Path(path).is_relative_to(point):
            return str(Path(source, Path(path).relative_to(point))) if kind == "bind" else ""
    return ""


def group_of_socket(path: str) -> str:
    """The group of Docker's socket at this path, as a number; "" if there is no socket."""
    with suppress(OSError):
        return str(Path(path).stat().st_gid) if Path(path).is_socket() else ""
    return ""
