"""gluetun's port file: whether it is the right one, and what it holds counts."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.doctor.checks.check import Found, check, compose_up
from hooks.doctor.checks.gluetun import box_of, env
from hooks.doctor.facts.derived import port_is_stale
from hooks.doctor.facts.model import Gluetun, Server


@check(
    "broken",
    says="the port file is a leftover from before gluetun's start",
    why="gluetun was killed hard and could not empty it: the port in it belongs to nobody, or to somebody else",
)
def port_file_stale(server: Server) -> Iterator[Found]:
    """gluehook never sets such a port."""
    if port_is_stale(server):
        ports, file = ", ".join(map(str, server.port_file.ports)), server.settings.forwarded_port_file
        yield Found(
            f"{file} holds {ports} and is older than gluetun's start",
            "nothing, for a minute after the start: gluetun writes it anew when it has a port. If it stays:",
            ("docker compose restart gluetun",),
        )


@check(
    "broken",
    says="gluetun has a port, and the port file that gluehook sees does not hold it",
    why="gluehook watches another folder than the one gluetun writes into, so it hears of no port",
)
def port_file_elsewhere(server: Server) -> Iterator[Found]:
    """The control server is right about the port."""
    seen = server.gluetun
    if isinstance(seen, Gluetun) and seen.port and seen.port not in server.port_file.ports:
        held = ", ".join(map(str, server.port_file.ports)) or "no port"
        why = f" ({server.port_file.reason})" if server.port_file.reason else ""
        yield Found(
            f"gluetun forwards {seen.port}, and {server.settings.forwarded_port_file} holds {held} here{why}",
            "mount one folder into both services: `./port:/tmp/gluetun` at gluetun, and with `:ro` at gluehook",
            (compose_up(),),
        )


@check(
    "risk",
    says="the port file is mounted as a single file",
    why="a mounted file hides its replacement: after the next change gluehook reads the old port for ever",
)
def port_file_mounted_alone(server: Server) -> Iterator[Found]:
    """In gluehook's container or in gluetun's."""
    box, file = box_of(server), server.settings.forwarded_port_file
    gluetuns = (env(box, "VPN_PORT_FORWARDING_STATUS_FILE") if box else "") or "/tmp/gluetun/forwarded_port"  # noqa: S108
    alone = [("gluehook", server.port_file_is_mounted)]
    alone.append(("gluetun", box is not None and gluetuns in box.mounts))
    for service, is_so in alone:
        if is_so:
            yield Found(
                f"in {service}'s container {file if service == 'gluehook' else gluetuns} itself is a mount",
                f"at {service}'s volumes mount the folder: `./port:/tmp/gluetun` (`:ro` at gluehook)",
                (compose_up(service, anew=True),),
            )
