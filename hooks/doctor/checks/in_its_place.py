"""Checks of what answers in the place of a target: a proxy, another program, or the wrong protocol.

The remedy of each is the one of the handler's own sentence (handlers/shared/who_answered.py, http_failure.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks.check import Finding, broken
from hooks.doctor.facts.derived import refusal_of_gluetun
from hooks.doctor.facts.model import Refusal, Server

_NO_TUNNEL = "gluehook can neither read the tunnel's state nor restart the tunnel"
_NO_PORT = "gluehook cannot set the port, so nobody can reach you after its next change"


@broken(_NO_TUNNEL)
def control_server_behind_proxy(server: Server) -> Iterator[Finding]:
    """A proxy or another program answers in the place of gluetun's control server."""
    yield from _told(refusal_of_gluetun(server, "proxy", "proxy-login"), server.settings.gluetun_container)


@broken(_NO_TUNNEL)
def control_server_https(server: Server) -> Iterator[Finding]:
    """Its certificate is not trusted, or GLUETUN_URL has http where the control server speaks https, or the reverse."""
    yield from _told(refusal_of_gluetun(server, "https"), server.settings.gluetun_container)


@broken(_NO_PORT)
def web_ui_behind_proxy(server: Server) -> Iterator[Finding]:
    """A proxy or another program answers in the place of qBittorrent's Web UI."""
    yield from _told(_of_qbittorrent(server, "proxy", "proxy-login"), server.settings.qbittorrent_container)


@broken(_NO_PORT)
def web_ui_https(server: Server) -> Iterator[Finding]:
    """The Web UI's certificate is not trusted, or QBITTORRENT_URL has http where it speaks https, or the reverse."""
    yield from _told(_of_qbittorrent(server, "https"), server.settings.qbittorrent_container)


def _of_qbittorrent(server: Server, *kinds: str) -> Refusal | None:
    found = server.qbittorrent
    return found if isinstance(found, Refusal) and found.kind in kinds else None


def _told(refusal: Refusal | None, about: str) -> Iterator[Finding]:
    if refusal:
        seen, _, fix = refusal.why.partition("; ")
        yield Finding(seen, fix, about=about)
