"""Checks of gluetun's tunnel and of its forwarded port."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.shared.http import shown
from hooks.doctor.checks.check import NO_TUNNEL, Finding, broken
from hooks.doctor.checks.commands import logs, rule_for, start_vpn
from hooks.doctor.facts.derived import asks_for_port, settles
from hooks.doctor.facts.model import Gluetun, Server

_REGIONS = ("region-cannot-forward", "region-unknown")
_ENDS = ("container-down", "container-paused")


def _heals(server: Server) -> str:
    rule = rule_for(server, "gluetun.restart_vpn")
    return f"a run of {rule} restarts the tunnel, after the wait that stands there" if rule else "no rule restarts it"


@broken("nothing that shares gluetun's network reaches the internet", follows=(*_ENDS, *_REGIONS))
def tunnel_down(server: Server) -> Iterator[Finding]:
    """gluetun's VPN is stopped or has crashed."""
    # after a crash gluetun is in its own back-off, which no request ends
    seen, name = server.gluetun, server.settings.gluetun_container
    if not isinstance(seen, Gluetun) or seen.status not in ("stopped", "crashed"):
        return
    if seen.status == "stopped":
        fix = (
            "gluehook leaves it stopped, because somebody stopped it. To start it, send PUT "
            f'{shown(server.settings.gluetun_url)}/v1/vpn/status with {{"status":"running"}}'
        )
        run = start_vpn(server)
        key = server.reached_gluetun.access.api_key or "GLUETUN_API_KEY"
        fix += f", with your {key} for KEY; the container and its network stay" if run else ""
        yield Finding("its control server says that the VPN is stopped", fix, run, about=name)
    else:
        fix = "its log shows why (credentials? region? subscription?)"
        yield Finding("its control server says that the VPN is crashed", fix, logs(name), about=name)


@broken("it reaches nothing through its tunnel, and neither do the containers that share its network",
        follows=(*_ENDS, *_REGIONS, "tunnel-down"))  # fmt: skip
def gluetun_unhealthy(server: Server) -> Iterator[Finding]:
    """gluetun's health check fails."""
    # Docker keeps the last result of a container that has stopped
    container = server.inspected_gluetun
    if container and container.running and container.health == "unhealthy":
        fix = f"gluetun restarts its tunnel by itself, and {_heals(server)}. If it stays unhealthy, its log shows why"
        yield Finding(f"'{container.name}' is unhealthy", fix, logs(container.name), about=container.name)


@broken("gluetun asks for a port when the tunnel comes up; if that first request fails, it stays healthy without one",
        follows=(*_ENDS, *_REGIONS, "port-forward-only-off", *NO_TUNNEL))  # fmt: skip
def tunnel_without_port(server: Server) -> Iterator[Finding]:
    """The tunnel is up and gluetun has no forwarded port."""
    # nothing is found where gluetun is not set to ask for one, or has only just begun to
    seen, container = server.gluetun, server.inspected_gluetun
    if not isinstance(seen, Gluetun) or not container or settles(server):
        return
    if seen.public_ip and seen.port == 0 and asks_for_port(server):
        yield Finding(
            f"the tunnel ends at {seen.public_ip}, and the control server shows no port",
            f"{_heals(server)}. If it comes back without a port, try another region; gluetun's log shows the reason",
            (f"docker logs {container.name} 2>&1 | grep -i 'port forward'",),
            about=container.name,
        )
