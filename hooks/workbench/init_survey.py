"""Finds the containers of this server that `gluehook init` needs: gluetun, qBittorrent, … It only reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hooks.docker.container import ListedContainer, inspected
from hooks.docker.listing import list_containers
from hooks.images import gluetun as gluetun_image
from hooks.images import torrent
from hooks.images.roles import ROLES, has_role

_NAMES = {"adguard": ("adguard", "adguardhome")}  # else a container's usual name is its role
# No other variable of a container is kept, as it may be secret; hooks.images gives only ports and a path.
_VARIABLES = frozenset("PUID PGID".split())
_SHARES = "container:"


@dataclass(frozen=True, slots=True)
class FoundContainer:
    """A container of the server. `mounts` are folder inside -> (kind, host's folder or volume)."""

    container: ListedContainer
    networks: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    web_ui_port: int = torrent.WEB_UI_PORT  # of a torrent client
    control_port: int = gluetun_image.CONTROL_PORT  # of gluetun
    port_file: str = gluetun_image.PORT_FILE  # of gluetun

    @property
    def name(self) -> str:
        """Its name."""
        return self.container.name

    @property
    def service(self) -> str:
        """What docker compose calls it."""
        return self.container.labels.get("com.docker.compose.service", self.name)


@dataclass(frozen=True, slots=True)
class Server:
    """The containers by role, and the names of those in gluetun's network namespace."""

    by_role: Mapping[str, FoundContainer] = field(default_factory=dict)
    sharing: tuple[str, ...] = ()
    doubts: Sequence[str] = ()  # sentences: what Docker's list does not tell

    def name(self, role: str) -> str:
        """The name of the container in this role; the usual one where there is none."""
        return self.by_role[role].name if role in self.by_role else role


def find_containers(client: Any) -> Server:
    """List the containers with a docker.APIClient. Raises OSError if that fails."""
    listing = list_containers(client, networks=True)
    everyone = listing.containers
    chosen = {role: found for role in ROLES if (found := _choose(role, everyone))}
    by_role = {role: _closer(client, found) for role, found in chosen.items()}
    gluetun = chosen.get("gluetun")
    ours = {f"{_SHARES}{word}" for word in (gluetun.id, gluetun.name)} if gluetun else set()
    return Server(by_role, tuple(sorted(one.name for one in everyone if one.network_mode in ours)), listing.doubts)


def _choose(role: str, everyone: Iterable[ListedContainer]) -> ListedContainer | None:
    """By its image, else by its name; of several the one with the usual name, else one that runs."""
    names = _NAMES.get(role, (role,))
    alike = [one for one in everyone if has_role(one.image, role) or one.name in names]
    return max(alike, key=lambda one: (one.name in names, one.running), default=None)


def _closer(client: Any, found: ListedContainer) -> FoundContainer:
    one = inspected(client.inspect_container(found.id))
    # a container has no name of its own on Docker's three
    joined = tuple(sorted(name for name in one.addresses if name not in ("bridge", "host", "none")))
    variables = {name: value for name, value in one.environment.items() if name in _VARIABLES}
    settings = gluetun_image.read(one.environment)
    return FoundContainer(
        found, joined, variables, one.mounts, torrent.web_ui_port(one.environment), settings.control_port,
        settings.port_file,
    )  # fmt: skip


def owner_of_port_file(gluetun: FoundContainer | None) -> str:
    """`UID:GID` of the port file on the host, else from gluetun's PUID and PGID; "" if unknown."""
    if gluetun is None:
        return ""
    inside, _, name = gluetun.port_file.rpartition("/")
    kind, folder = gluetun.mounts.get(inside, ("", ""))
    with suppress(OSError):
        if kind == "bind":
            found = Path(folder, name).stat()
            return f"{found.st_uid}:{found.st_gid}"
    ids = [gluetun.variables.get(name, "") for name in ("PUID", "PGID")]
    return ":".join(ids) if all(ids) else ""


def group_of_socket(path: str) -> str:
    """The group of Docker's socket at this path, as a number; "" if there is no socket."""
    with suppress(OSError):
        return str(Path(path).stat().st_gid) if Path(path).is_socket() else ""
    return ""
