"""Checks of gluetun's tunnel and of its forwarded port."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks.check import Finding, broken, logs
from hooks.doctor.facts.derived import asks_for_port
from hooks.doctor.facts.model import Gluetun, Server


@broken("nothing that shares gluetun's network reaches the internet")
def tunnel_down(server: Server) -> Iterator[Finding]:
    """gluetun's VPN is stopped or has crashed."""
    # after a crash gluetun is in its own back-off, which no request ends
    if isinstance(server.gluetun, Gluetun) and server.gluetun.status in ("stopped", "crashed"):
        if server.gluetun.status == "stopped":
            fix, run = "gluehook leaves it stopped, because somebody stopped it", "docker compose restart gluetun"
        else:
            fix, run = "its log shows why (credentials? region? subscription?)", logs("gluetun")
        yield Finding(f"its control server says that the VPN is {server.gluetun.status}", fix, (run,))


@broken("it reaches nothing through its tunnel, and neither do the containers that share its network")
def gluetun_unhealthy(server: Server) -> Iterator[Finding]:
    """gluetun's health check fails."""
    container = server.inspected_gluetun
    if container and container.health == "unhealthy":
        fix = "gluetun restarts its tunnel by itself, and the rule heal-vpn after 3 minutes. If it stays unhealthy:"
        yield Finding(f"'{container.name}' is unhealthy", fix, (logs("gluetun"),))


@broken("gluetun asks for a port when the tunnel comes up; if that fails, it never asks again and stays healthy")
def tunnel_without_port(server: Server) -> Iterator[Finding]:
    """The tunnel is up and gluetun has no forwarded port."""
    # nothing is found where gluetun is not set to ask for one
    seen, container = server.gluetun, server.inspected_gluetun
    if isinstance(seen, Gluetun) and seen.public_ip and seen.port == 0 and asks_for_port(container):
        yield Finding(
            f"the tunnel ends at {seen.public_ip}, and the control server shows no port",
            "the rule heal-vpn restarts the tunnel after 3 minutes. If it comes back without a port, try another "
            "region; gluetun's log shows the reason",
            ("docker logs gluetun 2>&1 | grep -i 'port forward'",),
        )
