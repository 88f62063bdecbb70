"""gluetun: its tunnel, its port, its control server."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks.check import Found, check, compose_up
from hooks.doctor.facts.model import Box, Gluetun, Refusal, Server, Unread

OFF = ("", "off", "false", "no", "0")
"""What means no to gluetun, or is nothing."""
_ROLE = """\
in gluetun's folder mounted at /gluetun, auth/config.toml:
  [[roles]]
  name = "gluehook"
  routes = ["GET /v1/vpn/status", "PUT /v1/vpn/status", "GET /v1/portforward", "GET /v1/publicip/ip"]
  auth = "apikey"
  apikey = "…"
(gluetun 3.40 and older: "GET /v1/openvpn/portforwarded" instead of the third).
The first command makes a key: put it there and into GLUETUN_API_KEY of gluehook's service"""


def box_of(server: Server) -> Box | None:
    """gluetun's container."""
    return server.boxes.get(server.settings.gluetun_container)


def env(box: Box, *names: str) -> str:
    """The first of these variables that the container has, "" if none: older names come after newer ones."""
    return next((box.environment[name].strip() for name in names if box.environment.get(name)), "")


def forwards_port(box: Box) -> bool:
    """Whether it asks for a port."""
    older = ("PORT_FORWARDING", "PRIVATE_INTERNET_ACCESS_VPN_PORT_FORWARDING")
    return env(box, "VPN_PORT_FORWARDING", *older).lower() not in OFF


@check(
    "broken",
    says="gluetun's VPN is stopped or has crashed",
    why="nothing that lives in gluetun's network reaches the internet",
)
def tunnel_down(server: Server) -> Iterator[Found]:
    """`crashed` is gluetun's own back-off, which no call ends."""
    if isinstance(server.gluetun, Gluetun) and server.gluetun.status in ("stopped", "crashed"):
        if server.gluetun.status == "stopped":
            fix, run = "gluehook leaves it stopped, because somebody stopped it", "docker compose restart gluetun"
        else:
            fix, run = "its log tells why (credentials? region? subscription?)", "docker logs --tail 50 gluetun"
        yield Found(f"its control server says that the VPN is {server.gluetun.status}", fix, (run,))


@check(
    "broken",
    says="gluetun's health check fails",
    why="it reaches nobody through its tunnel, and neither does whoever shares its network",
)
def gluetun_unhealthy(server: Server) -> Iterator[Found]:
    """It heals its tunnel by itself at first."""
    box = box_of(server)
    if box and box.container.health == "unhealthy":
        yield Found(
            f"'{box.container.name}' is unhealthy",
            "gluetun restarts its tunnel by itself, and the rule heal-vpn after 3 minutes. If it stays so:",
            ("docker logs --tail 50 gluetun",),
        )


@check(
    "broken",
    says="the tunnel is up and gluetun has no forwarded port",
    why="gluetun asks for a port when the tunnel comes up; where that failed it never asks again and stays healthy",
)
def tunnel_without_port(server: Server) -> Iterator[Found]:
    """Only where a port is asked for."""
    seen, box = server.gluetun, box_of(server)
    if isinstance(seen, Gluetun) and seen.public_ip and not seen.port and box and forwards_port(box):
        yield Found(
            f"the tunnel ends at {seen.public_ip}, and the control server shows no port",
            "the rule heal-vpn restarts the tunnel after 3 minutes. If it comes back without a port, try another "
            "region; the reason stands in its log",
            ("docker logs gluetun 2>&1 | grep -i 'port forward'",),
        )


@check(
    "broken",
    says="gluetun's control server answers 401 to gluehook",
    why="gluehook can neither see whether the tunnel is well nor restart it: it would have to restart the container",
)
def control_server_closed(server: Server) -> Iterator[Found]:
    """With the role to add."""
    if isinstance(server.gluetun, Refusal):
        key = "docker run --rm qmcgaw/gluetun genkey"
        yield Found(
            f"{server.settings.gluetun_url} answers 401",
            _ROLE,
            (key, "docker compose restart gluetun", compose_up("gluehook")),
        )


@check(
    "broken",
    says="gluetun runs, and its control server does not answer",
    why="gluehook can neither see whether the tunnel is well nor restart it",
)
def control_server_silent(server: Server) -> Iterator[Found]:
    """A wrong address, or no network in common."""
    box = box_of(server)
    if isinstance(server.gluetun, Unread) and box and box.container.running:
        yield Found(
            server.gluetun.why,
            "put gluehook and gluetun on one network of the compose file, and set GLUETUN_URL: http://gluetun:8000 at "
            "gluehook (the port of HTTP_CONTROL_SERVER_ADDRESS)",
            (compose_up("gluehook"),),
        )
