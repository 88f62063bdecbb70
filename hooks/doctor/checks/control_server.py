"""Checks of gluetun's control server: whether it answers gluehook."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.shared.http import shown
from hooks.doctor.checks.check import NO_NETWORK, Finding, broken
from hooks.doctor.checks.commands import up, up_gluehook
from hooks.doctor.facts.derived import gluetun_settings, refusal_of_gluetun, settles
from hooks.doctor.facts.model import Server, Unread
from hooks.pairs.where_set import key_setting, write_url

_ROLE = """\
in gluetun's folder mounted at /gluetun, auth/config.toml:
  [[roles]]
  name = "gluehook"
  routes = ["GET /v1/vpn/status", "PUT /v1/vpn/status", "GET /v1/portforward", "GET /v1/publicip/ip"]
  auth = "apikey"
  apikey = "…"
(gluetun 3.40 and older: "GET /v1/openvpn/portforwarded" instead of the third).
The first command makes a key: put it there and, for gluehook, into {key}"""


@broken("gluehook can neither read the tunnel's state nor restart the tunnel: it would have to restart the container")
def control_server_closed(server: Server) -> Iterator[Finding]:
    """gluetun's control server answers 401 to gluehook."""
    name = server.settings.gluetun_container
    if refusal_of_gluetun(server, "closed"):
        image = server.listed[name].image if name in server.listed else "qmcgaw/gluetun"
        restart = (f"docker restart {name}",) if name in server.listed else ()
        fix = _ROLE.replace("{key}", key_setting(server.reached_gluetun))
        run = (f"docker run --rm {image} genkey", *restart, *up_gluehook(server))
        yield Finding(f"{shown(server.settings.gluetun_url)} answers 401", fix, run, about=name)


@broken("gluehook can neither read the tunnel's state nor restart the tunnel",
        follows=("own-namespace-shared", *NO_NETWORK))  # fmt: skip
def control_server_silent(server: Server) -> Iterator[Finding]:
    """gluetun runs, and its control server does not answer."""
    # the address is wrong, or gluehook and gluetun have no network in common
    container, theirs = server.inspected_gluetun, gluetun_settings(server)
    if (
        not isinstance(server.gluetun, Unread)
        or not container
        or not theirs
        or not container.running
        or settles(server)
    ):
        return
    host, port = theirs.control_address.rpartition(":")[0], theirs.control_port
    url = f"http://{container.name}:{port}"
    if host in ("127.0.0.1", "localhost", "[::1]"):
        fix = f"HTTP_CONTROL_SERVER_ADDRESS lets only {container.name} itself in: write :{port} there"
        yield Finding(server.gluetun.why, fix, up(server, container.name), about=container.name)
    else:
        right = server.settings.gluetun_url == url
        fix = f"put gluehook and {container.name} on one network of the compose file" + (
            "" if right else f", and {write_url(server.reached_gluetun, url)}"
        )
        yield Finding(server.gluetun.why, fix, up_gluehook(server), about=container.name)
