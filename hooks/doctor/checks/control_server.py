"""Checks of gluetun's control server: whether it answers gluehook."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.shared.http import shown
from hooks.doctor.checks.check import Finding, broken, compose_up
from hooks.doctor.facts.derived import refusal_of_gluetun
from hooks.doctor.facts.model import Server, Unread

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
    if refusal_of_gluetun(server, "closed"):
        key = "docker run --rm qmcgaw/gluetun genkey"
        run = (key, "docker compose restart gluetun", compose_up("gluehook"))
        yield Finding(f"{shown(server.settings.gluetun_url)} answers 401", _ROLE, run)


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
