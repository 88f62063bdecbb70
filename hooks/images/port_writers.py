"""Programs besides gluehook that set a torrent client's port, recognised by a sign of what they do.

The doctor asks about every container of the server, about gluetun's UP_COMMAND and about the mods of linuxserver's
images. A sign is a word about a port next to a word about gluetun or a torrent client in the image's name, or, for an
image with another name, two variables that are there together only for that: a torrent client's address, and gluetun's
control server or port file.

Guaranteed: pure, and nothing is raised. Only names of variables and images are returned, no values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_CLIENT = r"(qbit\w*|qb|torrent\w*|transmission|deluge)"
_DOES = r"(port|port\w*|forward\w*|sync\w*|updater|watchguard|companion)"
_IMAGE = re.compile(
    rf"q-?sticky|glue-?forward|gluetrans|gsp-|(gluetun|{_CLIENT})[\w./-]*[-_]{_DOES}\b"
    rf"|port[-_]?(forward\w*|sync\w*|manager|updater)[\w./-]*(gluetun|{_CLIENT})|gluetun[-_]{_CLIENT}|{_CLIENT}[-_]gluetun",
    re.IGNORECASE,
)
_NO_WRITER = re.compile(r"exporter|metrics|monitor|web-?ui|gluehook", re.IGNORECASE)
_TORRENT_CLIENT = re.compile(rf"{_CLIENT}_+(base_*)?(url|host|addr\w*|server|api\w*|web_?ui\w*)", re.IGNORECASE)
_PORT_SOURCE = re.compile(r"gluetun|(forwarded_?)?port_?(file|forward)|forwarded_?port", re.IGNORECASE)
_LOGGIFLY = re.compile(r"loggi-?fly", re.IGNORECASE)
_SCRIPT = re.compile(r"\.(sh|py|bash|pl)\b")


def by_image(image: str) -> bool:
    """Whether an image is one that sets the port, by its name. A registry's host and a tag do not count."""
    name = re.sub(r"(?<=.)[:@].*$", "", image.partition("/")[2] if _has_host(image) else image)
    return bool(_IMAGE.search(name)) and not _NO_WRITER.search(name)


def by_variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the variables that say that a container takes gluetun's port to a torrent client; () for none."""
    # from the beginning of the name: a dashboard has HOMEPAGE_VAR_QBITTORRENT_URL beside HOMEPAGE_VAR_GLUETUN_URL
    client = [name for name in environment if _TORRENT_CLIENT.match(name)]
    source = [name for name in environment if _PORT_SOURCE.match(name) and name not in client]
    return (client[0], source[0]) if client and source else ()


def by_command(command: str) -> str:
    """What gluetun's UP_COMMAND does with the port, in words; "" if it does nothing that could set it."""
    if "listen_port" in command or "setPreferences" in command:
        return "sets listen_port"
    if re.search(r"\{\{\s*PORTS?\s*\}\}", command):
        return "hands the port on"
    return "runs a script" if _SCRIPT.search(command) else ""


def acts_on_logs(image: str) -> bool:
    """Whether an image can be told to restart or run something by lines of a log, as LoggiFly."""
    return bool(_LOGGIFLY.search(image))


def _has_host(image: str) -> bool:
    first, slash, _ = image.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")
