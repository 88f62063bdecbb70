"""Checks of gluetun's tunnel and of its forwarded port."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from hooks.doctor.checks.check import Finding, broken, logs
from hooks.doctor.facts.derived import asks_for_port
from hooks.doctor.facts.model import Gluetun, Server


@broken("nothing that shares gluetun's network reaches the internet")
def tunnel_down(server: Server) -> Iterator[Finding]:
    """gluetun's VPN is stopped or has crashed."""
    # after a crash gluetun is in its own back-off, which no request ends
    if isinstance(server.gluetun, Gluetun) and server.gluetun.status in ("stopped", "crashed"):
        if server.gluetun.status == "stopped":
            fix = (
                "gluehook leaves it stopped, because somebody stopped it. Start it through the control server: the "
                "container and its network stay. Put your GLUETUN_API_KEY in place of KEY"
            )
            run = _start_vpn(server)
        else:
            fix, run = "its log shows why (credentials? region? subscription?)", logs("gluetun")
        yield Finding(f"its control server says that the VPN is {server.gluetun.status}", fix, (run,))


def _start_vpn(server: Server) -> str:
    """The command for the host that asks the control server to start the VPN."""
    name, port = server.settings.gluetun_container, urlsplit(server.settings.gluetun_url).port or 80
    address = "docker inspect -f '{{range .NetworkSettings.Networks}}{{println .IPAddress}}{{end}}'"
    return (
        f"curl -X PUT -H 'X-API-Key: KEY' -d '{{\"status\":\"running\"}}' "
        f"http://$({address} {name} | head -n 1):{port}/v1/vpn/status"
    )


@broken("it reaches nothing through its tunnel, and neither do the containers that share its network")
def gluetun_unhealthy(server: Server) -> Iterator[Finding]:
    """gluetun's health check fails."""
    container = server.inspected_gluetun
    if container and container.health == "unhealthy":
        fix = "gluetun restarts its tunnel by itself, and later the rule heal-vpn does. If it stays unhealthy:"
        yield Finding(f"'{container.name}' is unhealthy", fix, (logs("gluetun"),))


@broken("nobody from outside can reach you; gluetun stays healthy without a port, and a version may not ask again")
def tunnel_without_port(server: Server) -> Iterator[Finding]:
    """The tunnel is up and gluetun has no forwarded port."""
    # nothing is found where gluetun is not set to ask for one
    seen, container = server.gluetun, server.inspected_gluetun
    if isinstance(seen, Gluetun) and seen.public_ip and seen.port == 0 and asks_for_port(container):
        yield Finding(
            f"the tunnel ends at {seen.public_ip}, and the control server shows no port",
            "the rule heal-vpn restarts the tunnel when this lasts. If it comes back without a port, try another "
            "region; gluetun's log shows the reason",
            ("docker logs gluetun 2>&1 | grep -i 'port forward'",),
        )
