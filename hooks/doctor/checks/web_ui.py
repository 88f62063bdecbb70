"""Checks of qBittorrent's Web UI: whether it lets gluehook in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hooks.doctor.checks.check import NO_NETWORK, Check, Finding, broken
from hooks.doctor.checks.commands import up, up_gluehook
from hooks.doctor.facts.derived import has_just_started, namespace_holders, web_ui_port
from hooks.doctor.facts.model import Refusal, Server, Unread
from hooks.pairs.where_set import key_setting, login_setting, write_url

_NO_PORT = "gluehook cannot set the port, so nobody can reach you after its next change"
Run = Callable[[Server], tuple[str, ...]]


def _host(server: Server) -> str:
    """The name under which qBittorrent is reached: of the container whose network it has."""
    name = server.settings.qbittorrent_container
    return [name, *namespace_holders(server, name)][-1]


def _refused(
    name: str, kind: str, finds: str, fix: Callable[[Server], str], *, why: str = _NO_PORT, run: Run = up_gluehook
) -> Check:
    """The check for one `kind` of refusal."""

    def find(server: Server) -> Iterator[Finding]:
        if isinstance(server.qbittorrent, Refusal) and server.qbittorrent.kind == kind:
            seen = server.qbittorrent.why.partition(";")[0]
            yield Finding(seen, fix(server), run(server), about=server.settings.qbittorrent_container)

    return Check(name, "broken", finds, why, find)


def _restart(server: Server) -> tuple[str, ...]:
    name = server.settings.qbittorrent_container
    return (f"docker restart {name}",) if name in server.listed else ()


def _all_three(server: Server) -> tuple[str, ...]:
    own = (server.own.name,) if server.own else ()
    return up(server, *dict.fromkeys((_host(server), server.settings.qbittorrent_container, *own)))


password_rejected = _refused(
    "password-rejected", "password", "qBittorrent rejects gluehook's password",
    lambda server: f"correct {login_setting(server.reached_client, 'and')} at gluehook. A new qBittorrent without a "
    f"password shows one in `docker logs {server.settings.qbittorrent_container}` until you set your own in its Web UI",
)  # fmt: skip
api_key_rejected = _refused(
    "api-key-rejected", "api-key", "qBittorrent rejects gluehook's API key",
    lambda server: "make a key in its Web UI (Options, Web UI; 5.2 or newer), and put it, for gluehook, into "
    f"{key_setting(server.reached_client)}",
)  # fmt: skip
address_banned = _refused(
    "address-banned", "banned", "qBittorrent has banned gluehook's address",
    lambda _: "first correct the wrong password, wherever it is set; then a restart ends the ban at once",
    why="too many wrong passwords came from there, perhaps from somebody else behind the same address; your browser "
    "may be locked out as well",
    run=_restart,
)  # fmt: skip
host_header_refused = _refused(  # it compares the Host header with its own port and with its list of names
    "host-header-refused", "host", "qBittorrent refuses the name or the port in its URL, such as QBITTORRENT_URL",
    lambda server: f"publish its port unchanged, as {web_ui_port(server)}:{web_ui_port(server)} at {_host(server)}, "
    f"and {write_url(server.reached_client, f'http://{_host(server)}:{web_ui_port(server)}')}; in its Web UI, Options, "
    "Web UI, Server domains: *",
    run=_all_three,
)  # fmt: skip
login_missing = _refused(
    "login-missing", "no-login", "qBittorrent wants a login and gluehook has none",
    lambda server: f"set {login_setting(server.reached_client, 'and')} at gluehook. 'Bypass authentication for clients "
    "on localhost' does not help: gluehook is another container",
)  # fmt: skip


@broken(_NO_PORT, follows=("own-namespace-shared", *NO_NETWORK, "control-server-silent"))
def web_ui_silent(server: Server) -> Iterator[Finding]:
    """qBittorrent's container runs, and its Web UI cannot be reached."""
    # the address is wrong, or the container's network namespace is dead
    seen = server.listed.get(server.settings.qbittorrent_container)
    if isinstance(server.qbittorrent, Unread) and seen and seen.running and not has_just_started(server, seen.name):
        host = _host(server)
        url = f"http://{host}:{web_ui_port(server)}"
        network = f"put gluehook on {host}'s network"
        right = server.settings.qbittorrent_url == url
        fix = network if right else f"{write_url(server.reached_client, url)}, and {network}"
        yield Finding(server.qbittorrent.why, fix, up_gluehook(server), about=seen.name)
