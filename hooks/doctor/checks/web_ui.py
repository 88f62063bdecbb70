"""Checks of qBittorrent's Web UI: whether it lets gluehook in."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks.check import Check, Finding, broken, compose_up
from hooks.doctor.facts.model import Refusal, Server, Unread

_RUN = (compose_up("gluehook"),)
_NO_PORT = "gluehook cannot set the port, so nobody can reach you after its next change"


def _refused(name: str, kind: str, finds: str, fix: str, *, why: str = _NO_PORT, run: tuple[str, ...] = _RUN) -> Check:
    """The check for one `kind` of refusal."""

    def find(server: Server) -> Iterator[Finding]:
        if isinstance(server.qbittorrent, Refusal) and server.qbittorrent.kind == kind:
            yield Finding(server.qbittorrent.why.partition(";")[0], fix, run)

    return Check(name, "broken", finds, why, find)


password_rejected = _refused(
    "password-rejected", "password", "qBittorrent rejects gluehook's password",
    "correct QBITTORRENT_USERNAME and QBITTORRENT_PASSWORD at gluehook. A new qBittorrent without a password shows one "
    "in `docker logs qbittorrent` until you set your own in its Web UI",
)  # fmt: skip
api_key_rejected = _refused(
    "api-key-rejected", "api-key", "qBittorrent rejects gluehook's API key",
    "make a key in its Web UI (Options, Web UI; 5.2 or newer), and put it into QBITTORRENT_API_KEY at gluehook",
)  # fmt: skip
address_banned = _refused(
    "address-banned", "banned", "qBittorrent has banned gluehook's address",
    "first correct the wrong password, wherever it is set; then a restart ends the ban at once",
    why="too many wrong passwords came from there, perhaps from somebody else behind the same address; your browser "
    "may be locked out as well",
    run=("docker restart qbittorrent",),
)  # fmt: skip
host_header_refused = _refused(  # it compares the Host header with its own port and with its list of names
    "host-header-refused", "host", "qBittorrent refuses the name or the port of QBITTORRENT_URL",
    "publish its port unchanged: at qbittorrent WEBUI_PORT: 8181, at gluetun ports: [8181:8181], at gluehook "
    "QBITTORRENT_URL: http://gluetun:8181; in its Web UI, Options, Web UI, Server domains: *",
    run=(compose_up(),),
)  # fmt: skip
login_missing = _refused(
    "login-missing", "no-login", "qBittorrent wants a login and gluehook has none",
    "set QBITTORRENT_USERNAME and QBITTORRENT_PASSWORD at gluehook. 'Bypass authentication for clients on localhost' "
    "does not help: gluehook is another container",
)  # fmt: skip


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
