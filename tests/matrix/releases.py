"""The releases of Debian that the parts are taken from, and the packages. Versions are not chosen: what is there is."""

from __future__ import annotations

from dataclasses import dataclass

_COMMON = (
    "docker.io", "containerd", "runc",
    "podman", "conmon", "crun", "netavark", "aardvark-dns", "golang-github-containers-common",
    "qbittorrent-nox",
)  # fmt: skip
_COMPOSE = ("docker-cli", "docker-compose", "docker-buildx")


@dataclass(frozen=True)
class Release:
    """One release, and what is installed from it."""

    name: str
    packages: tuple[str, ...]
    compose_from: str
    """The release whose Compose goes with its engines: bookworm has no Compose v2."""


RELEASES = (
    Release("bookworm", (*_COMMON, "patchelf"), "trixie"),
    Release("trixie", _COMMON + _COMPOSE, "trixie"),
    Release("sid", _COMMON + _COMPOSE, "sid"),
)
