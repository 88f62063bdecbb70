"""Checks of gluetun's port file: whether gluehook reads the right file, and whether its content is current."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks.check import Finding, broken, compose_up, risk
from hooks.doctor.facts.derived import port_is_stale, variable
from hooks.doctor.facts.model import Gluetun, Server


@broken("gluetun was killed and could not empty it: the port in it belongs to nobody, or to somebody else")
def port_file_stale(server: Server) -> Iterator[Finding]:
    """The port file is left over from before gluetun's start."""
    # gluehook never sets such a port
    if port_is_stale(server):
        ports, file = ", ".join(map(str, server.port_file.ports)), server.settings.forwarded_port_file
        yield Finding(
            f"{file} holds {ports} and is older than gluetun's start",
            "for a minute after the start, nothing: gluetun writes it again when it has a port. If it stays:",
            ("docker compose restart gluetun",),
        )


@broken("gluehook watches another folder than the one that gluetun writes into, so it receives no port")
def port_file_elsewhere(server: Server) -> Iterator[Finding]:
    """gluetun has a port, and the port file that gluehook reads does not hold it."""
    # the control server's port is the right one
    seen = server.gluetun
    if isinstance(seen, Gluetun) and seen.port and seen.port not in server.port_file.ports:
        held = ", ".join(map(str, server.port_file.ports)) or "no port"
        why = f" ({server.port_file.reason})" if server.port_file.reason else ""
        yield Finding(
            f"gluetun forwards {seen.port}, and {server.settings.forwarded_port_file} holds {held} here{why}",
            "mount one folder into both services: `./port:/tmp/gluetun` at gluetun, and with `:ro` at gluehook",
            (compose_up(),),
        )


@risk("a mounted file hides its replacement: after the next change gluehook reads the old port for ever")
def port_file_mounted_alone(server: Server) -> Iterator[Finding]:
    """The port file is mounted as a single file."""
    # In gluehook's container or in gluetun's
    container = server.inspected_gluetun
    gluetuns = variable(container, "VPN_PORT_FORWARDING_STATUS_FILE") or "/tmp/gluetun/forwarded_port"  # noqa: S108
    files = (
        ("gluehook", server.settings.forwarded_port_file, server.port_file_is_mounted),
        ("gluetun", gluetuns, container is not None and gluetuns in container.mounts),
    )
    for service, file, is_mounted in files:
        if is_mounted:
            yield Finding(
                f"in {service}'s container {file} itself is a mount",
                f"mount the folder at {service}'s volumes: `./port:/tmp/gluetun` (`:ro` at gluehook)",
                (compose_up(service, recreate=True),),
            )
