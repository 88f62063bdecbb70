"""What follows from the facts: the conclusions that the status table and the checks share.

`hooks.doctor.status.rows` and the modules of `hooks.doctor.checks` call these functions, so that both always agree.

Guaranteed: each function is pure and takes the facts as they are; a fact that is missing or could not be read leads to
None or to the harmless answer, never to an exception. `is_listening` answers what the socket table shows, which alone
is not enough: a socket bound to a tunnel that is gone looks like any other there, so a row or a check about it also
asks `is_cut_off` and `relisten_pending`.
"""

from __future__ import annotations

from hooks.docker.container import InspectedContainer
from hooks.doctor.facts.model import AdGuard, Device, Gluetun, QBittorrent, Refusal, Server, Unread, WireGuard
from hooks.world.model import World

OFF = ("", "off", "false", "no", "0")
"""What gluetun takes for no in a variable, or for not set."""
EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound
"""How a socket, and a setting of qBittorrent, says that it takes every address."""


def variable(container: InspectedContainer | None, *names: str) -> str:
    """The first of these variables that the container has, "" if none: give older names after newer ones."""
    environment = container.environment if container else {}
    return next((environment[name].strip() for name in names if environment.get(name)), "")


def asks_for_port(container: InspectedContainer | None) -> bool:
    """Whether gluetun's container is set to have a port forwarded."""
    older = ("PORT_FORWARDING", "PRIVATE_INTERNET_ACCESS_VPN_PORT_FORWARDING")
    return variable(container, "VPN_PORT_FORWARDING", *older).lower() not in OFF


def port_is_stale(server: Server) -> bool:
    """Whether the port file is left over from before gluetun's start, so that its content does not count."""
    world = World(server.settings.gluetun_container, server.containers, server.port_file)
    return bool(server.port_file.ports) and world.port is None


def forwarded_port(server: Server) -> int | None:
    """The port that qBittorrent is to listen on, or None where gluetun has none."""
    ports = () if port_is_stale(server) else server.port_file.ports
    return ports[0] if ports else None


def is_listening(seen: QBittorrent) -> bool | None:
    """Whether something listens on the port where the tunnel ends; None where that could not be read."""
    if isinstance(seen.listening, Unread):
        return None
    return bool({*EVERYWHERE, *(seen.tunnel or seen.listening)} & set(seen.listening))


def refusal_of_gluetun(server: Server, *kinds: str) -> Refusal | None:
    """The refusal of one of these kinds, of the whole control server or of one of its routes."""
    found = server.gluetun.unread.values() if isinstance(server.gluetun, Gluetun) else (server.gluetun,)
    return next((one for one in found if isinstance(one, Refusal) and one.kind in kinds), None)


def lost_address(seen: QBittorrent) -> str:
    """The address that qBittorrent is bound to and that no longer exists there; "" where it is not so."""
    bound = str(seen.preferences.get("current_interface_address") or "")
    return bound if seen.bindable is not None and bound not in seen.bindable else ""


def is_cut_off(server: Server, name: str) -> bool:
    """Whether a container is in a network namespace that its owner has left: nothing reaches it."""
    left = {one.seen.name for one in server.dependents if one.state in ("stale", "elsewhere")}
    return name in left or name in {one.name for one in server.orphans}


def relisten_pending(server: Server) -> bool:
    """Whether gluetun wrote its port after gluehook last made qBittorrent listen: the tunnel may be another since.

    Sockets that are bound to a tunnel that is gone look like others in every table, so nothing more can be known.
    """
    applied = server.applied
    return applied is not None and applied.get("generation") != server.port_file.generation


def asks_adguard(device: Device, wireguard: WireGuard, adguard: AdGuard) -> bool:
    """Whether a device asks AdGuard for names: at its own address, or through the server that forwards to it."""
    theirs = set(adguard.addresses.values())
    ways = theirs | set(wireguard.addresses) if theirs & set(wireguard.forwards_to) else theirs
    return bool(set(device.dns) & ways)


def host_of(endpoint: str) -> str:
    """The host of HOST:PORT, without the brackets of an IPv6 address; "" for ""."""
    return endpoint.rpartition(":")[0].strip("[]")
