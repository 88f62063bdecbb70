"""What both the table and the doctor conclude from the facts. Pure."""

from __future__ import annotations

from hooks.doctor.facts.model import AdGuard, Device, QBittorrent, Server, Unread, WireGuard
from hooks.world.model import World

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound


def port_is_stale(server: Server) -> bool:
    """Whether the port file was left over from before gluetun's start: what it holds does not count."""
    world = World(server.settings.gluetun_container, server.containers, server.port_file)
    return bool(server.port_file.ports) and world.port is None


def forwarded_port(server: Server) -> int | None:
    """The port that qBittorrent is to listen on, or None where gluetun has none."""
    ports = () if port_is_stale(server) else server.port_file.ports
    return ports[0] if ports else None


def is_listening(seen: QBittorrent) -> bool | None:
    """Whether somebody listens where the tunnel ends; None where nobody could look."""
    if isinstance(seen.listening, Unread):
        return None
    return bool({*_EVERYWHERE, *(seen.tunnel or seen.listening)} & set(seen.listening))


def is_cut_off(server: Server, name: str) -> bool:
    """Whether a container runs in a network namespace that gluetun has left: nobody hears what it does."""
    return any(one.seen.name == name and one.state in ("stale", "elsewhere") for one in server.dependents)


def relisten_pending(server: Server) -> bool:
    """Whether gluetun wrote its port after gluehook last had qBittorrent listen: the tunnel may be another since.

    Sockets that are bound to a tunnel that is gone look like others in every table, so this is all that can be known.
    """
    applied = server.applied
    return applied is not None and applied.get("generation") != server.port_file.generation


def asks_adguard(device: Device, wireguard: WireGuard, adguard: AdGuard) -> bool:
    """Whether a device asks AdGuard for names: at its own address, or through the server that forwards to it."""
    theirs = set(adguard.addresses.values())
    ways = theirs | set(wireguard.addresses) if theirs & set(wireguard.forwards_to) else theirs
    return bool(set(device.dns) & ways)
