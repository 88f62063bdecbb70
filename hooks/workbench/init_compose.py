"""The compose file that `gluehook init` writes: a service for this server. What is not known is a comment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from hooks.images import gluetun as gluetun_image
from hooks.images import torrent as torrent_image
from hooks.workbench.init_survey import FoundContainer, Server

SOCKET = "/var/run/docker.sock"
# The folder that gluehook needs: what it is in that container, and in gluehook's.
_MOUNTS: Mapping[str, tuple[str, str]] = {
    "gluetun": (gluetun_image.PORT_FILE.rpartition("/")[0],) * 2, "wireguard": ("/config", "/wireguard"),
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
_USERS = {"qbittorrent": "admin"}
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
    variables = {"TZ": "${TZ:-Etc/UTC}", **(_several(server) if _has_several(server) else _one(server))}
    if "wireguard" in server.by_role:
        variables |= {"WIREGUARD_CONTAINER": server.name("wireguard"), "WIREGUARD_DIR": "/wireguard"}
    yield "    environment:"
    if _has_several(server):
        yield _line(6, "# Which container is which, and where each is reached, gluehook sees at Docker.")
    for name, value in {**variables, "APPRISE_URLS": _URLS}.items():
        yield _line(6, f"{name}: {value if value.startswith('$') else json.dumps(value)}")


def _has_several(server: Server) -> bool:
    return len(server.gluetuns) > 1 or len(server.clients) > 1


def _several(server: Server) -> dict[str, str]:
    """The logins alone; each is for all of its kind."""
    variables = {"GLUETUN_API_KEY": _KEY}
    for kind in dict.fromkeys(kind for kind, _ in server.clients):
        variables |= _login(kind)
    return variables


def _one(server: Server) -> dict[str, str]:
    """One gluetun and one torrent client, by name, so that gluehook knows them without Docker, too."""
    gluetun, found = server.by_role.get("gluetun"), next(iter(server.clients), None)
    kind, client = found or ("qbittorrent", None)
    control_port = gluetun.control_port if gluetun else gluetun_image.CONTROL_PORT
    inside = client is None or server.gluetun_of(client) is not None
    web_port = client.web_port if client else torrent_image.web_port(kind, {})
    variables = {
        "GLUETUN_CONTAINER": server.name("gluetun"), "GLUETUN_URL": f"http://{server.name('gluetun')}:{control_port}",
        "GLUETUN_API_KEY": _KEY, f"{kind.upper()}_CONTAINER": server.name(kind),
        f"{kind.upper()}_URL": f"http://{server.name('gluetun' if inside else kind)}:{web_port}",
        **_login(kind),
    }  # fmt: skip
    file = _port_file(server).rpartition("/")[2]
    if file != gluetun_image.PORT_FILE.rpartition("/")[2]:
        variables["FORWARDED_PORT_FILE"] = f"{_MOUNTS['gluetun'][0]}/{file}"
    return variables


def _login(kind: str) -> dict[str, str]:
    word = kind.upper()
    user = {} if kind == "deluge" else {f"{word}_USERNAME": f"${{{word}_USERNAME:-{_USERS.get(kind, '')}}}"}
    return {**user, f"{word}_PASSWORD": f"${{{word}_PASSWORD:-}}"}


def _port_file(server: Server) -> str:
    """The port file's path inside gluetun's container."""
    return server.by_role["gluetun"].port_file if "gluetun" in server.by_role else gluetun_image.PORT_FILE


def _volumes(server: Server, socket: str) -> Iterator[str]:
    yield "    volumes:"
    for gluetun in server.gluetuns[:1] if not _has_several(server) else server.gluetuns:
        target = f"/gluetun/{gluetun.name}" if _has_several(server) else _MOUNTS["gluetun"][0]
        yield _mount(gluetun.name, gluetun, gluetun.port_file.rpartition("/")[0], target, read_only=True)
    if not server.gluetuns:
        yield _mount("gluetun", None, *[_MOUNTS["gluetun"][0]] * 2, read_only=True)
    if "wireguard" in server.by_role:
        yield _mount(server.name("wireguard"), server.by_role["wireguard"], *_MOUNTS["wireguard"], read_only=False)
    yield _line(6, "- .:/config:ro # the folder of this file, with rules.toml in it")
    yield _line(6, "- gluehook-state:/state")
    yield _line(6, f"- {socket or SOCKET}:{SOCKET}:ro")


def _mount(name: str, container: FoundContainer | None, theirs: str, ours: str, *, read_only: bool) -> str:
    """The mount of a folder that is `theirs` in this container and `ours` in gluehook's."""
    kind, source = container.mounts.get(theirs, ("", "")) if container else ("", "")
    fields = {"type": kind or "bind", "source": source or "./port", "target": ours, "read_only": read_only}
    shown = json.dumps(fields).replace("$", "$$")  # else compose reads a variable
    return _line(6, f"- {shown}", "" if source else f"a folder that {name} has as {theirs}, too")


def _networks(server: Server) -> Iterator[str]:
    names = _joined(server)
    yield _line(4, f"networks: {json.dumps(names or ['NAME'])}", "" if names else "a network that gluetun is on")


def _joined(server: Server) -> list[str]:
    """The networks on which gluehook reaches each gluetun, and each torrent client that has one of its own."""
    reached = [*server.gluetuns, *(client for _, client in server.clients)]
    return list(dict.fromkeys(member.networks[0] for member in reached if member.networks))


def _outside(server: Server) -> Iterator[str]:
    """What is made here, and what is there already."""
    shared = [one.mounts.get(one.port_file.rpartition("/")[0], ("", "")) for one in server.gluetuns]
    if "wireguard" in server.by_role:
        shared.append(server.by_role["wireguard"].mounts.get(_MOUNTS["wireguard"][0], ("", "")))
    yield "\nvolumes:\n  gluehook-state:"
    yield from _external(dict.fromkeys(source for kind, source in shared if kind == "volume"))
    if networks := _joined(server):
        yield "\nnetworks:"
        yield from _external(networks)


def _external(names: Iterable[str]) -> Iterator[str]:
    yield from (f"  {json.dumps(name)}: {{ external: true }}" for name in names)
