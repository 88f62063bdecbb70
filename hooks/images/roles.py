"""Which program a container is, by its image or its usual name: gluetun, a torrent client, AdGuard Home or WireGuard.

The world gives each container its role by it, `gluehook init` chooses the containers of a server by it, and the doctor
finds by it that a setting names no container.

Guaranteed: pure, and nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

# the last part of an image's name, without its tag: qmcgaw/gluetun, ghcr.io/hotio/qbittorrent, adguard/adguardhome …
_IMAGES: Mapping[str, re.Pattern[str]] = {
    "gluetun": re.compile(r"gluetun"),
    "qbittorrent": re.compile(r"(docker-|arch-)?qbittorrent(-?nox|vpn)?"),
    "transmission": re.compile(r"(docker-)?transmission(-(daemon|nightly))?"),
    "deluge": re.compile(r"(docker-|arch-)?deluge(vpn|-web)?"),
    "adguard": re.compile(r"(docker-)?adguardhome"),
    "wireguard": re.compile(r"(docker-)?wireguard"),
}  # fmt: skip
# the names that guides and compose files give to these containers, and to the services of a compose file
_NAMES: Mapping[str, tuple[str, ...]] = {**{role: (role,) for role in _IMAGES}, "adguard": ("adguard", "adguardhome")}
PROGRAMS: Mapping[str, str] = {
    "gluetun": "gluetun", "qbittorrent": "qBittorrent", "transmission": "Transmission", "deluge": "Deluge",
    "adguard": "AdGuard Home", "wireguard": "WireGuard",
}  # fmt: skip
"""What the programs are called, by role."""
ROLES = tuple(_IMAGES)
"""Every role that a container can have."""
TORRENT_CLIENTS = ("qbittorrent", "transmission", "deluge")
"""The roles of torrent clients."""
ONE_IS_MEANT = ("adguard", "wireguard")
"""The roles of which rules mean one container: of several, the one with the usual name."""
_ID = re.compile(r"(sha256:)?[0-9a-f]{12,64}")


def has_role(image: str, role: str) -> bool:
    """Whether the image is the program of this role."""
    return _IMAGES[role].fullmatch(_last_part(image)) is not None


@lru_cache(1024)
def by_image(image: str) -> str:
    """The role that the image of this name has, "" for none."""
    last = _last_part(image)
    return next((role for role, names in _IMAGES.items() if names.fullmatch(last)), "")


def by_name(*names: str) -> str:
    """The role whose usual name is one of these: a container's, or its service's in a compose file; "" for none."""
    return next((role for role, usual in _NAMES.items() if any(name in usual for name in names)), "")


def usual_names(role: str) -> tuple[str, ...]:
    """What a container of this role is usually called."""
    return _NAMES[role]


def is_image_id(image: str) -> bool:
    """Whether Docker shows an id here, because another image has the name that the container was created from."""
    return _ID.fullmatch(image) is not None


def _last_part(image: str) -> str:
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0].lower()
