"""Which ports the images of torrent clients take from their variables.

`gluehook init` asks for the Web UI's port, the world for that of each client, the doctor for both. An image's start
script, or qBittorrent itself
(QBT_WEBUI_PORT and QBT_TORRENTING_PORT, since 4.5), takes them from the environment at each start.

Guaranteed: pure, and nothing is raised. Only values that are a port number are returned, so no secret is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

WEB_UI_PORT = 8080
_BLANKS_AND_QUOTES = " \t\"'"
# linuxserver's; hotio's, as "8181/tcp,8181/udp"; qBittorrent's own, as in its official image
_WEB_UI = ("WEBUI_PORT", "WEBUI_PORTS", "QBT_WEBUI_PORT")
# haugene's, and what a start script of Deluge's may take; the others listen on the program's own
_RPC = {"transmission": ("TRANSMISSION_RPC_PORT", 9091), "deluge": ("DELUGE_WEB_PORT", 8112)}
# The sign of a variable that sets the port for peers, whatever the image calls it: TORRENTING_PORT, INCOMING_PORT,
# QBT_TORRENTING_PORT, LISTEN_PORT, PEERPORT, QBT_BITTORRENT__SESSION__PORT, QBT_Preferences__Connection__PortRangeMin …
_FOR_PEERS = re.compile(
    r"(torrent(ing)?|incoming|listen(ing)?|peers?|session|connection|p2p)_*port(range_?min)?$", re.IGNORECASE
)
_NOT_FOR_PEERS = re.compile(r"web_?ui|_ui_|http|api|proxy|vpn|health|metrics", re.IGNORECASE)


def web_ui_port(environment: Mapping[str, str], default: int = WEB_UI_PORT) -> int:
    """The port on which qBittorrent's Web UI listens inside the container; `default` where no variable says it."""
    for name in _WEB_UI:
        first = environment.get(name, "").strip(_BLANKS_AND_QUOTES).partition(",")[0].partition("/")[0]
        if port := _port(first):
            return port
    return default


def web_port(role: str, environment: Mapping[str, str]) -> int:
    """The port on which a torrent client of this role is spoken to, inside the container."""
    if role == "qbittorrent":
        return web_ui_port(environment)
    name, default = _RPC[role]
    return _port(environment.get(name, "").strip(_BLANKS_AND_QUOTES)) or default


def ports_at_start(environment: Mapping[str, str]) -> dict[str, int]:
    """The variables by which each start sets the port for peers, and that port."""
    named = {name: _port(text.strip(_BLANKS_AND_QUOTES)) for name, text in environment.items() if _sets_port(name)}
    return {name: port for name, port in named.items() if port}


def _sets_port(name: str) -> bool:
    return bool(_FOR_PEERS.search(name)) and not _NOT_FOR_PEERS.search(name)


def _port(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < 65536 else 0
