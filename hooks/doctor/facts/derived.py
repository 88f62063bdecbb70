"""What follows from the facts: the conclusions that the status table and the checks share.

`hooks.doctor.status.rows` and the modules of `hooks.doctor.checks` call these functions, so that both always agree.

Guaranteed: each function is pure and takes the facts as they are; a fact that is missing or could not be read leads to
None or to the harmless answer, never to an exception. `is_listening` answers what the socket table shows, which alone
is not enough: a socket bound to a tunnel that is gone looks like any other there, so a row or a check about it also
asks `is_cut_off` and `relisten_pending`.
"""

from __future__ import annotations

from handlers.qbittorrent.listening import exists
from hooks.docker.container import InspectedContainer
from hooks.doctor.facts.model import AdGuard, Device, Docker, Gluetun, QBittorrent, Refusal, Server, Unread, WireGuard
from hooks.images import gluetun, torrent
from hooks.images.gluetun import GluetunSettings
from hooks.sources.port_api import file_counts
from hooks.world.model import World

SETTLING_S = 30.0
"""How long after a start nothing is concluded from a target that does not answer or has no port yet, in seconds."""
EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound
"""How a socket, and a setting of qBittorrent, says that it takes every address."""


def gluetun_settings(server: Server) -> GluetunSettings | None:
    """What gluetun's container is set to do, read as gluetun reads it; None where Docker does not show it."""
    container = server.inspected_gluetun
    return gluetun.read(container.environment) if container else None


def acted(server: Server, name: str, what: str) -> bool:
    """Whether a rule of gluehook's has "stopped" or "paused" this container, and nobody has started it since.

    A pause of its owner while gluehook did not run cannot be told from it: Docker shows no instant of a pause.
    """
    note, seen = server.gluehook.acts.get(name), server.containers.get(name)
    if not isinstance(note, dict) or seen is None or (note.get("what"), note.get("id")) != (what, seen.id):
        return False
    instants = ("started_at", seen.started_at), ("at", seen.finished_at if what == "stopped" else 0)
    return all(not at or note.get(key) in (None, at) for key, at in instants)


def asks_for_port(server: Server) -> bool:
    """Whether gluetun's container is set to have a port forwarded."""
    settings = gluetun_settings(server)
    return bool(settings and settings.asks_for_port)


def gluetuns_port_file(server: Server) -> str:
    """The port file's path inside gluetun's container."""
    settings = gluetun_settings(server)
    return settings.port_file if settings else gluetun.PORT_FILE


def tunnels_interface(server: Server) -> str:
    """The name of gluetun's tunnel."""
    settings = gluetun_settings(server)
    return settings.interface if settings else "tun0"


def web_ui_port(server: Server) -> int:
    """The port of qBittorrent's Web UI, by its container's variables."""
    container = server.inspected_qbittorrent
    return torrent.web_ui_port(container.environment if container else {})


def on_host(container: InspectedContainer | None, path: str) -> str:
    """Where a path inside a container is outside of it, by its mounts: on the host or in a volume; "" for nowhere."""
    for point in sorted(container.mounts if container else (), key=len, reverse=True):
        if path == point or path.startswith(point.rstrip("/") + "/"):
            return (container.mounts[point][1] if container else "") + path[len(point) :]
    return ""


def port_is_stale(server: Server) -> bool:
    """Whether the port file is left over from before gluetun's start, so that its content does not count."""
    return bool(server.port_file.ports) and _world(server).port is None


def port_by_api(server: Server) -> bool:
    """Whether gluehook takes the port from gluetun's control server, as hooks/sources/port_api.py decides it."""
    mode, seen = server.settings.forwarded_port_source, server.gluetun
    if mode != "auto":
        return mode == "api"
    if not isinstance(seen, Gluetun) or not seen.port:
        return False
    container, file = server.containers.get(server.settings.gluetun_container), server.port_file
    return not file_counts(file, container) or (file.is_empty and not settles(server))


def _world(server: Server) -> World:
    return World(containers=server.containers, file=server.port_file, last_gluetun=server.settings.gluetun_container)


def forwarded_ports(server: Server) -> tuple[int, ...]:
    """The ports that gluetun forwards."""
    if port_by_api(server):
        seen = server.gluetun
        return seen.ports or ((seen.port,) if seen.port else ()) if isinstance(seen, Gluetun) else ()
    return () if port_is_stale(server) else tuple(server.port_file.ports)


def forwarded_port(server: Server) -> int | None:
    """The (first) port that gluetun forwards, or None where it has none."""
    return next(iter(forwarded_ports(server)), None)


def lacking_port(server: Server, which: int) -> str:
    """Why a client that is to have this one of its gluetun's ports gets none, "" where there is such a port."""
    ports = forwarded_ports(server)
    if not ports or which <= len(ports):
        return ""
    name = server.settings.gluetun_container
    return f"it is to have port number {which} of {name}, which forwards {len(ports)}: it gets none"


def redirect_target(server: Server) -> int | None:
    """The port to which gluetun redirects the forwarded one inside its namespace, None where it does not."""
    settings = gluetun_settings(server)
    return settings.redirects_to[0] if settings and settings.asks_for_port and settings.redirects_to else None


def expected_port(server: Server, which: int) -> int | None:
    """The port on which a client is reached that has this one of gluetun's ports; None where there is none."""
    ports, settings = forwarded_ports(server), gluetun_settings(server)
    if not 1 <= which <= len(ports):
        return None
    targets = settings.redirects_to if settings and settings.asks_for_port else ()
    return targets[which - 1] if which <= len(targets) else ports[which - 1]


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
    return bound if seen.bindable is not None and not exists(bound, seen.bindable) else ""


def has_just_started(server: Server, name: str) -> bool:
    """Whether a container started so lately that its programs may not answer yet."""
    seen = server.containers.get(name)
    return bool(seen and seen.running and 0 <= server.now_s - seen.started_at / 1e9 < SETTLING_S)


def settles(server: Server) -> bool:
    """Whether gluetun started, or wrote or emptied its port file, so lately that it may still be asking for a port."""
    written_s = server.now_s - server.port_file.mtime / 1e9
    return has_just_started(server, server.settings.gluetun_container) or 0 <= written_s < SETTLING_S


def tunnel_restarts(server: Server) -> bool:
    """Whether gluetun's tunnel is on its way up: it has no public address yet, and nothing says that it failed."""
    seen, container = server.gluetun, server.inspected_gluetun
    failed = container is not None and container.health == "unhealthy"
    return isinstance(seen, Gluetun) and not seen.public_ip and seen.status not in ("stopped", "crashed") and not failed


def namespace_holders(server: Server, name: str) -> list[str]:
    """The containers in whose network namespace this one is: the one that it joins, the one that that one joins, ….

    Where Docker cannot be asked, qBittorrent is taken to be in gluetun's.
    """
    if not isinstance(server.docker, Docker):
        settings = server.settings
        return [settings.gluetun_container] if name == settings.qbittorrent_container else []
    by_name = {one.name: one for one in server.docker.listed}
    belongs = {one.seen.name: one.joins.name for one in server.dependents}
    holders: list[str] = []
    while (one := by_name.get(name)) is not None:
        other = next((o for o in by_name.values() if one.parent in (o.id, o.name)), None) if one.parent else None
        name = belongs.get(name) or (other.name if other else "")
        if name in ("", *holders):
            break
        holders.append(name)
    return holders


def is_cut_off(server: Server, name: str) -> bool:
    """Whether a container is in a network namespace that its owner has left or not begun: nothing reaches it."""
    left = {one.seen.name for one in server.dependents if one.state in ("stale", "elsewhere", "waiting")}
    return name in left or name in {one.name for one in server.orphans}


def relisten_pending(server: Server) -> bool:
    """Whether gluetun wrote its port after gluehook last made qBittorrent listen: the tunnel may be another since.

    A loss of the port changes the file as well, and leaves nothing to listen on: nothing is pending then. A socket that
    is bound to a tunnel that is gone looks like any other in every table, so nothing more can be known.
    """
    if port_by_api(server):  # which tunnel its port belongs to is known to the running gluehook alone
        return False
    applied = server.applied
    written = applied is not None and applied.get("generation") != server.port_file.generation
    return written and forwarded_port(server) is not None


def asks_adguard(device: Device, wireguard: WireGuard, adguard: AdGuard) -> bool:
    """Whether a device asks AdGuard for names: at its own address, or through the server that forwards to it."""
    theirs = set(adguard.addresses.values())
    ways = theirs | set(wireguard.addresses) if theirs & set(wireguard.forwards_to) else theirs
    return bool(set(device.dns) & ways)


def host_of(endpoint: str) -> str:
    """The host of HOST:PORT, without the brackets of an IPv6 address; "" for ""."""
    return endpoint.rpartition(":")[0].strip("[]")
