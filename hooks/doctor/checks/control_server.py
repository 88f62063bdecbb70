"""Checks of gluetun's control server: whether it answers gluehook."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.shared.http import shown
from hooks.doctor.checks.check import Finding, broken, compose_up
from hooks.doctor.facts.model import Gluetun, Refusal, Server, Unread

_ROLE = """\
in gluetun's folder mounted at /gluetun, auth/config.toml:
  [[roles]]
  name = "gluehook"
  routes = ["GET /v1/vpn/status", "PUT /v1/vpn/status", "GET /v1/portforward", "GET /v1/publicip/ip"]
  auth = "apikey"
  apikey = "…"
(gluetun 3.40 and older: "GET /v1/openvpn/portforwarded" instead of the third).
The first command makes a key: put it there and into GLUETUN_API_KEY of gluehook's service"""


@broken("gluehook can neither read the tunnel's state nor restart the tunnel: it would have to restart the container")
def control_server_closed(server: Server) -> Iterator[Finding]:
    """gluetun's control server answers 401 to gluehook."""
    if _refusal(server, "closed"):
        key = "docker run --rm qmcgaw/gluetun genkey"
        run = (key, "docker compose restart gluetun", compose_up("gluehook"))
        yield Finding(f"{shown(server.settings.gluetun_url)} answers 401", _ROLE, run)


@broken("gluehook can neither read the tunnel's state nor restart the tunnel")
def control_server_behind_proxy(server: Server) -> Iterator[Finding]:
    """A proxy or another program answers in the place of gluetun's control server."""
    yield from _by_its_own_words(server, "proxy", "proxy-login")


@broken("gluehook can neither read the tunnel's state nor restart the tunnel")
def control_server_https(server: Server) -> Iterator[Finding]:
    """Its certificate is not trusted, or GLUETUN_URL has http where the control server speaks https, or the reverse."""
    yield from _by_its_own_words(server, "https")


def _by_its_own_words(server: Server, *kinds: str) -> Iterator[Finding]:
    if refusal := _refusal(server, *kinds):
        seen, _, fix = refusal.why.partition("; ")
        yield Finding(seen, fix, (compose_up("gluehook"),))


def _refusal(server: Server, *kinds: str) -> Refusal | None:
    """The refusal of one of these kinds, of the whole control server or of one of its routes."""
    found = server.gluetun.unread.values() if isinstance(server.gluetun, Gluetun) else (server.gluetun,)
    return next((one for one in found if isinstance(one, Refusal) and one.kind in kinds), None)


@broken("gluehook can neither read the tunnel's state nor restart the tunnel")
def control_server_silent(server: Server) -> Iterator[Finding]:
    """gluetun runs, and its control server does not answer."""
    # the address is wrong, or gluehook and gluetun have no network in common
    container = server.inspected_gluetun
    if isinstance(server.gluetun, Unread) and container and container.running:
        yield Finding(
            server.gluetun.why,
            "put gluehook and gluetun on one network of the compose file, and set GLUETUN_URL: http://gluetun:8000 at "
            "gluehook (the port of HTTP_CONTROL_SERVER_ADDRESS)",
            (compose_up("gluehook"),),
        )
