"""What an inspect tells of a program that gluehook speaks to: its port, gluetun's port file, gluehook's own mounts.

Only this goes into the world, and only of such programs: an environment holds secrets, and a server has many mounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hooks.images import gluetun, roles, torrent
from hooks.world.model import Container

_VOLUME = "volume:"
Mounts = Mapping[str, tuple[str, str]]  # path inside -> (type, host path or volume)


@dataclass(frozen=True, slots=True)
class Facts:
    """As the fields of the same names of the world's `Container`."""

    web_port: int = 0
    port_file: str = ""
    mounts: Mapping[str, str] = field(default_factory=dict)
    forwards_no_port: bool = False


def of(container: Container, environment: Mapping[str, str], mounts: Mounts) -> Facts:
    """The facts of this container. A setting may give a role to one whose image does not: its variables tell, too."""
    role = roles.by_image(container.image) or roles.by_name(container.name, container.service)
    if role == "gluetun" or "VPN_SERVICE_PROVIDER" in environment:
        settings = gluetun.read(environment)
        file = outside(settings.port_file, _sources(mounts))
        return Facts(settings.control_port, file, forwards_no_port=settings.refuses_port)
    if role in roles.TORRENT_CLIENTS:
        return Facts(torrent.web_port(role, environment))
    if any(name.startswith("GLUEHOOK_") for name in environment):
        return Facts(mounts=_sources(mounts))
    return Facts(torrent.web_ui_port(environment, default=0))


def outside(path: str, mounts: Mapping[str, str]) -> str:
    """Where a path inside a container is outside of it; "" where no mount holds it."""
    for point in sorted(mounts, key=len, reverse=True):
        if path == point or path.startswith(point.rstrip("/") + "/"):
            return mounts[point].rstrip("/") + path[len(point.rstrip("/")) :]
    return ""


def _sources(mounts: Mounts) -> dict[str, str]:
    named = {path: source if kind == "bind" else f"{_VOLUME}{source}" for path, (kind, source) in mounts.items()}
    return {path: source for path, source in named.items() if source != _VOLUME}
