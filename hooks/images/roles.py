"""Which program an image is, by its name: gluetun, qBittorrent, AdGuard Home or WireGuard.

`gluehook init` chooses the containers of a server by it; the doctor finds by it that a setting names no container.

Guaranteed: pure, and nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# the last part of an image's name, without its tag: qmcgaw/gluetun, ghcr.io/hotio/qbittorrent, adguard/adguardhome …
_NAMES: Mapping[str, re.Pattern[str]] = {
    "gluetun": re.compile(r"gluetun"), "qbittorrent": re.compile(r"(arch-)?qbittorrent(-nox|vpn)?"),
    "adguard": re.compile(r"adguardhome"), "wireguard": re.compile(r"wireguard"),
}  # fmt: skip
ROLES = tuple(_NAMES)
"""Every role that an image can have."""


def has_role(image: str, role: str) -> bool:
    """Whether the image is the program of this role."""
    last = image.rpartition("/")[2].partition("@")[0].partition(":")[0].lower()
    return _NAMES[role].fullmatch(last) is not None
