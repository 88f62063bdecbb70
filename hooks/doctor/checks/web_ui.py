"""Checks of qBittorrent's Web UI: whether it lets gluehook in."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks.check import Finding, broken, compose_up
from hooks.doctor.facts.model import Refusal, Server, Unread

_RUN = (compose_up("gluehook"),)
_NO_PORT = "gluehook cannot set the port, so nobody can reach you after its next change"


def _refused(server: Server, kind: str, fix: str, run: tuple[str, ...] = _RUN) -> Iterator[Finding]:
    """The finding where the Web UI refuses gluehook in this way."""
    if isinstance(server.qbittorrent, Refusal) and server.qbittorrent.kind == kind:
        yield Finding(server.qbittorrent.why.partition(";")[0], fix, run)


@broken(_NO_PORT)
def password_rejected(server: Server) -> Iterator[Finding]:
    """qBittorrent rejects gluehook's password."""
    fix = (
        "correct QBITTORRENT_USERNAME and QBITTORRENT_PASSWORD at gluehook. A new qBittorrent without a password shows "
        "one in `docker logs qbittorrent` until you set your own in its Web UI"
    )
    return _refused(server, "password", fix)


@broken(_NO_PORT)
def api_key_rejected(server: Server) -> Iterator[Finding]:
    """qBittorrent rejects gluehook's API key."""
    fix = "make a key in its Web UI (Options, Web UI; 5.2 or newer), and put it into QBITTORRENT_API_KEY at gluehook"
    return _refused(server, "api-key", fix)


@broken(
    "too many wrong passwords came from there, perhaps from somebody else behind the same address; your browser may "
    "be locked out as well"
)
def address_banned(server: Server) -> Iterator[Finding]:
    """qBittorrent has banned gluehook's address."""
    fix = "first correct the wrong password, wherever it is set; then a restart ends the ban at once"
    return _refused(server, "banned", fix, ("docker restart qbittorrent",))


@broken(_NO_PORT)
def host_header_refused(server: Server) -> Iterator[Finding]:
    """qBittorrent refuses the name or the port of QBITTORRENT_URL."""
    # it compares the Host header with its own port and with its list of names
    fix = (
        "publish its port unchanged: at qbittorrent WEBUI_PORT: 8181, at gluetun ports: [8181:8181], at gluehook "
        "QBITTORRENT_URL: http://gluetun:8181; in its Web UI, Options, Web UI, Server domains: *"
    )
    return _refused(server, "host", fix, (compose_up(),))


@broken(_NO_PORT)
def login_missing(server: Server) -> Iterator[Finding]:
    """qBittorrent wants a login and gluehook has none."""
    fix = (
        "set QBITTORRENT_USERNAME and QBITTORRENT_PASSWORD at gluehook. 'Bypass authentication for clients on "
        "localhost' does not help: gluehook is another container"
    )
    return _refused(server, "no-login", fix)


@broken(_NO_PORT)
def web_ui_silent(server: Server) -> Iterator[Finding]:
    """qBittorrent's container runs, and its Web UI cannot be reached."""
    # the address is wrong, or the container's network namespace is dead
    seen = server.containers.get(server.settings.qbittorrent_container)
    if isinstance(server.qbittorrent, Unread) and seen and seen.running:
        host = "gluetun" if seen.network_mode.startswith("container:") else seen.name
        fix = (
            f"set QBITTORRENT_URL at gluehook to http://{host}: and the WEBUI_PORT of qbittorrent, and put gluehook on "
            f"{host}'s network"
        )
        yield Finding(server.qbittorrent.why, fix, _RUN)
