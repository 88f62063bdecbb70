"""qBittorrent's Web UI: whether it lets gluehook in, and whom else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hooks.doctor.checks.check import Found, check, compose_up
from hooks.doctor.facts.model import QBittorrent, Refusal, Server, Unread

_OURS = (compose_up("gluehook"),)
_NO_PORT = "gluehook cannot set the port, so nobody can reach you after its next change"
_EVERYBODY = re.compile(r"(?:^|[\s,])(?:0\.0\.0\.0|::)/0(?:$|[\s,])")


def _refused(server: Server, kind: str, fix: str, run: tuple[str, ...] = _OURS) -> Iterator[Found]:
    """Where it does not let us in, in this way."""
    if isinstance(server.qbittorrent, Refusal) and server.qbittorrent.kind == kind:
        yield Found(server.qbittorrent.why.partition(";")[0], fix, run)


@check("broken", says="qBittorrent rejects gluehook's password", why=_NO_PORT)
def password_rejected(server: Server) -> Iterator[Found]:
    """It was shown once, and is not shown again."""
    fix = (
        "correct QBITTORRENT_USERNAME and QBITTORRENT_PASSWORD at gluehook. A new qBittorrent without a password shows "
        "one in `docker logs qbittorrent` until you set your own in its Web UI"
    )
    return _refused(server, "password", fix)


@check("broken", says="qBittorrent rejects gluehook's API key", why=_NO_PORT)
def api_key_rejected(server: Server) -> Iterator[Found]:
    """Keys are known from 5.2 on."""
    fix = "make a key in its Web UI (Options, Web UI; 5.2 or newer), and put it into QBITTORRENT_API_KEY at gluehook"
    return _refused(server, "api-key", fix)


@check(
    "broken",
    says="qBittorrent has banned gluehook's address",
    why="too many wrong passwords came from there, perhaps from somebody else behind the same address; your browser "
    "may be locked out as well",
)
def address_banned(server: Server) -> Iterator[Found]:
    """A restart of qBittorrent ends it."""
    fix = "correct the wrong password first, wherever it is; a restart then ends the ban at once"
    return _refused(server, "banned", fix, ("docker restart qbittorrent",))


@check("broken", says="qBittorrent refuses the name or the port of QBITTORRENT_URL", why=_NO_PORT)
def host_header_refused(server: Server) -> Iterator[Found]:
    """It compares the Host header with its own port and its list of names."""
    fix = (
        "publish its port unchanged: at qbittorrent WEBUI_PORT: 8181, at gluetun ports: [8181:8181], at gluehook "
        "QBITTORRENT_URL: http://gluetun:8181; in its Web UI, Options, Web UI, Server domains: *"
    )
    return _refused(server, "host", fix, (compose_up(),))


@check("broken", says="qBittorrent wants a login and gluehook has none", why=_NO_PORT)
def login_missing(server: Server) -> Iterator[Found]:
    """Its bypass for localhost is for its own namespace."""
    fix = (
        "set QBITTORRENT_USERNAME and QBITTORRENT_PASSWORD at gluehook. 'Bypass authentication for clients on "
        "localhost' does not help: gluehook is another container"
    )
    return _refused(server, "no-login", fix)


@check(
    "broken",
    says="qBittorrent's container runs, and its Web UI cannot be reached",
    why=_NO_PORT,
)
def web_ui_silent(server: Server) -> Iterator[Found]:
    """A wrong address, or a namespace that is dead."""
    there = server.containers.get(server.settings.qbittorrent_container)
    if isinstance(server.qbittorrent, Unread) and there and there.running:
        lives_in = "gluetun" if there.network_mode.startswith("container:") else there.name
        yield Found(
            server.qbittorrent.why,
            f"set QBITTORRENT_URL at gluehook to http://{lives_in}: and the WEBUI_PORT of qbittorrent, and put "
            f"gluehook on {lives_in}'s network",
            _OURS,
        )


@check(
    "risk",
    says="qBittorrent lets everybody in without a password",
    why="whoever reaches its Web UI can run programs on this server through it",
)
def open_to_everybody(server: Server) -> Iterator[Found]:
    """A white list of all addresses."""
    seen = server.qbittorrent
    if isinstance(seen, QBittorrent) and seen.preferences.get("bypass_auth_subnet_whitelist_enabled"):
        subnets = str(seen.preferences.get("bypass_auth_subnet_whitelist") or "")
        if _EVERYBODY.search(subnets):
            yield Found(
                "its white list holds every address",
                "Web UI, Options, Web UI, Bypass authentication for clients in whitelisted IP subnets: only gluehook's "
                "network, such as 172.18.0.0/16",
            )
