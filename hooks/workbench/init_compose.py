"""The compose file that `gluehook init` writes: a service for this server. What is not known is a comment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from hooks.images import gluetun as gluetun_image
from hooks.images import torrent as torrent_image
from hooks.workbench.init_survey import Server

SOCKET = "/var/run/docker.sock"
# Whose folder gluehook needs: what it is in gluehook's container, and whether that only reads it.
_MOUNTS: Mapping[str, tuple[str, bool]] = {
    "gluetun": (gluetun_image.PORT_FILE.rpartition("/")[0], True), "wireguard": ("/wireguard", False),
}  # fmt: skip
_HEAD = """\
# gluehook for this server, written by `gluehook init`. Look it through, put the secrets into .env beside it, and then:
#
#   docker compose -f compose.gluehook.yaml up -d

name: gluehook

services:
  gluehook:
    image: gluehook # `make image` in gluehook's repository builds it
    container_name: gluehook"""
_TAIL = """\
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    restart: unless-stopped"""
_KEY = "${GLUETUN_API_KEY:-} # the key of gluetun's control server, which restarts the tunnel"
_URLS = "${APPRISE_URLS:-} # where messages go; empty: they stand in the log only"


def compose(server: Server, owner: str, group: str, socket: str) -> str:
    """The whole file. `owner` is UID:GID of the port file, `group` that of Docker's `socket`; "" if not known."""
    parts = (_identity(owner, group), _environment(server), _volumes(server, socket), [_TAIL], _networks(server))
    return "\n".join([_HEAD, *(line for part in parts for line in part), *_outside(server), ""])


def _line(indent: int, text: str, fill_in: str = "") -> str:
    """A line of the service; with something to fill in it is a comment, and says what."""
    return " " * indent + (f"# {text}   fill in: {fill_in}" if fill_in else text)


def _identity(owner: str, group: str) -> Iterator[str]:
    yield _line(4, f'user: "{owner or "1000:1000"}" # who owns gluetun\'s port file', "" if owner else "UID:GID")
    said = "the group that may use Docker's socket"
    yield _line(4, f'group_add: ["{group or "999"}"] # {said}', "" if group else f"stat -c %g {SOCKET}")


def _environment(server: Server) -> Iterator[str]:
    gluetun, torrent = server.name("gluetun"), server.by_role.get("qbittorrent")
    inside = torrent is None or server.gluetun_of(torrent) is not None
    port = torrent.web_ui_port if torrent else torrent_image.WEB_UI_PORT
    role = server.by_role.get("gluetun")
    control_port = role.control_port if role else gluetun_image.CONTROL_PORT
    variables = {
        "TZ": "${TZ:-Etc/UTC}", "GLUETUN_CONTAINER": gluetun, "GLUETUN_URL": f"http://{gluetun}:{control_port}",
        "GLUETUN_API_KEY": _KEY, "QBITTORRENT_CONTAINER": server.name("qbittorrent"),
        "QBITTORRENT_URL": f"http://{gluetun if inside else server.name('qbittorrent')}:{port}",
        "QBITTORRENT_USERNAME": "${QBITTORRENT_USERNAME:-admin}", "QBITTORRENT_PASSWORD": "${QBITTORRENT_PASSWORD:-}",
        "APPRISE_URLS": _URLS,
    }  # fmt: skip
    file = _port_file(server)
    if file.rpartition("/")[2] != gluetun_image.PORT_FILE.rpartition("/")[2]:
        variables["FORWARDED_PORT_FILE"] = f"{_MOUNTS['gluetun'][0]}/{file.rpartition('/')[2]}"
    if "wireguard" in server.by_role:
        variables |= {"WIREGUARD_CONTAINER": server.name("wireguard"), "WIREGUARD_DIR": "/wireguard"}
    yield "    environment:"
    for name, value in variables.items():
        yield _line(6, f"{name}: {value if value.startswith('$') else json.dumps(value)}")


def _port_file(server: Server) -> str:
    """The port file's path inside gluetun's container."""
    return server.by_role["gluetun"].port_file if "gluetun" in server.by_role else gluetun_image.PORT_FILE


def _theirs(server: Server, role: str) -> str:
    """What the folder that gluehook needs is in the container of this role."""
    return _port_file(server).rpartition("/")[0] if role == "gluetun" else "/config"


def _volumes(server: Server, socket: str) -> Iterator[str]:
    yield "    volumes:"
    for role in _MOUNTS:
        if role in server.by_role or role == "gluetun":
            yield _mount(server, role)
    yield _line(6, "- .:/config:ro # the folder of this file, with rules.toml in it")
    yield _line(6, "- gluehook-state:/state")
    yield _line(6, f"- {socket or SOCKET}:{SOCKET}:ro")


def _mount(server: Server, role: str) -> str:
    theirs, (ours, read_only) = _theirs(server, role), _MOUNTS[role]
    kind, source = _mounted(server, role)
    fields = {"type": kind or "bind", "source": source or "./port", "target": ours, "read_only": read_only}
    shown = json.dumps(fields).replace("$", "$$")  # else compose reads a variable
    return _line(6, f"- {shown}", "" if source else f"a folder that {server.name(role)} has as {theirs}, too")


def _mounted(server: Server, role: str) -> tuple[str, str]:
    """Of what kind the folder is that this container shares with gluehook, and where it is; "" where there is none."""
    return server.by_role[role].mounts.get(_theirs(server, role), ("", "")) if role in server.by_role else ("", "")


def _networks(server: Server) -> Iterator[str]:
    names = _joined(server)
    yield _line(4, f"networks: {json.dumps(names or ['NAME'])}", "" if names else "a network that gluetun is on")


def _joined(server: Server) -> list[str]:
    """The networks on which gluehook reaches gluetun, and qBittorrent where that has one of its own."""
    by_role = [server.by_role[role] for role in ("gluetun", "qbittorrent") if role in server.by_role]
    return list(dict.fromkeys(member.networks[0] for member in by_role if member.networks))


def _outside(server: Server) -> Iterator[str]:
    """What is made here, and what is there already."""
    shared = [_mounted(server, role) for role in _MOUNTS]
    yield "\nvolumes:\n  gluehook-state:"
    yield from _external(source for kind, source in shared if kind == "volume")
    if networks := _joined(server):
        yield "\nnetworks:"
        yield from _external(networks)


def _external(names: Iterable[str]) -> Iterator[str]:
    yield from (f"  {json.dumps(name)}: {{ external: true }}" for name in names)
