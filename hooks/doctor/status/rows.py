"""The table of `gluehook status`: a row for each thing that can be well or wrong.

`gluehook status` calls `rows` with the facts of `hooks.doctor.facts.collect`, and `all_well` for its exit code. What a
row concludes from several facts is in `hooks.doctor.facts.derived`, which the doctor's checks use as well.

Guaranteed: `rows` is pure and asks nothing; the rows stand in the order of the table, grouped by part. A part that is
not on this server, and a fact that a socket proxy may rightly forbid, is a note; a fact that should be readable and is
not is `unknown`, never `well`. A row says what is so, without the remedy: that is the doctor's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from handlers.shared import docker_rights
from hooks.doctor.facts.derived import (
    asks_adguard,
    port_by_api,
    port_is_stale,
)
from hooks.doctor.facts.model import (
    AdGuard,
    Device,
    Gluetun,
    Refusal,
    Server,
    Unread,
    WireGuard,
)
from hooks.doctor.status.client_rows import other_client_rows, qbittorrent_rows
from hooks.doctor.status.row import Row, State, ago, answers, container_row, without_advice
from hooks.events.durations import format_duration as duration

_DEPENDENTS: Mapping[str, tuple[State, str]] = {
    "attached": ("well", "attached to {parent}"),
    "stale": ("wrong", "in the namespace from before {parent}'s last start: it has no network"),
    "stranded": ("wrong", "does not run, because it could not join {parent}"),
    "elsewhere": ("wrong", "joins a previous {parent} that no longer exists: it has no network"),
    "stopped": ("note", "stopped, and stays stopped"),
    "paused": ("note", "paused, and stays paused"),
    "waiting": ("wrong", "has no network: the container whose network it shares does not run"),
}


_WHY: Mapping[str, str] = {
    "image": ", by its image {image}", "name": ", by its name", "setting": ", by {setting}",
    "table": ", by a table of the rules file",
}  # fmt: skip


def rows(server: Server) -> list[Row]:
    """Every row, in the order of the table."""
    makers = (_docker, _roles, _of_pairs, other_client_rows, _wireguard, _adguard, _gluehook)
    return [row for maker in makers for row in maker(server)]


def all_well(found: Iterable[Row]) -> bool:
    """Whether nothing is wrong and nothing is unknown."""
    return all(row.state in ("well", "note") for row in found)


def _docker(server: Server) -> Iterator[Row]:
    if isinstance(server.docker, Unread):
        yield Row("Docker", "engine", "unknown", without_advice(server.docker.why))
    elif server.refused:
        yield Row("Docker", "rights", "wrong", docker_rights.told(server.refused))


def _roles(server: Server) -> Iterator[Row]:
    for one in server.roles:
        why = _WHY.get(one.by, "").format(image=one.image, setting=f"{one.role.upper()}_CONTAINER")
        yield Row("roles", one.role, "well", f"{one.container}{why}")


def _of_pairs(server: Server) -> Iterator[Row]:
    """Each gluetun and each qBittorrent, with its name where there are several."""
    found: dict[Row, None] = {}
    for one in (server, *server.others):
        for maker in (_gluetun, _port_file, qbittorrent_rows, _namespace):
            found |= dict.fromkeys(_named(row, one) if server.others else row for row in maker(one))
    yield from found


def _named(row: Row, server: Server) -> Row:
    settings = server.settings
    names = {"gluetun": settings.gluetun_container, "qBittorrent": settings.qbittorrent_container}
    return replace(row, part=f"{row.part} {names[row.part]}") if row.part in names else row


# -- gluetun -------------------------------------------------------------------------------------


def _gluetun(server: Server) -> Iterator[Row]:
    name = server.settings.gluetun_container
    row = container_row(server, "gluetun", name)
    if row:
        yield row
    seen = server.gluetun
    if seen is None and row is None:
        yield Row("gluetun", "container", "note", "not here")
    elif isinstance(seen, Gluetun):
        yield Row("gluetun", "tunnel", "well" if seen.status == "running" else "wrong", seen.status)
        where = f"{seen.public_ip}, {seen.country or 'country unknown'}"
        none = Row("gluetun", "public IP", "wrong", "none: the tunnel is down, or the look-up of the address is off")
        if "public IP" not in seen.unread:
            yield Row("gluetun", "public IP", "well", where) if seen.public_ip else none
        for part, why in seen.unread.items():
            yield Row("gluetun", part, "unknown", f"not read: {without_advice(why.why)}")
    elif isinstance(seen, Refusal | Unread) and (row is None or answers(server, name)):
        yield Row(
            "gluetun", "control server", "wrong" if isinstance(seen, Refusal) else "unknown", without_advice(seen.why)
        )


def _port_file(server: Server) -> Iterator[Row]:
    path, file = server.settings.forwarded_port_file, server.port_file
    gluetun = server.containers.get(server.settings.gluetun_container)
    if gluetun is None and not file.generation and not file.reason:
        return
    if port_by_api(server):
        yield from _port_by_api(server)
    elif port_is_stale(server):
        yield Row("gluetun", "port file", "wrong", f"{path} is older than gluetun's start: {_ports(server)} is stale")
    elif file.ports:
        yield Row("gluetun", "port file", "well", f"{_ports(server)}, written {_written(server)} ago")
    else:
        empty = f"{path} is {'empty' if file.generation else 'not there'}" if path else "none that gluehook can read"
        yield Row("gluetun", "port file", "wrong", file.reason or empty)


def _port_by_api(server: Server) -> Iterator[Row]:
    if isinstance(server.gluetun, Gluetun):  # where it cannot be asked, another row says so
        port = server.gluetun.port
        said = f"{port}, by the control server" if port else "the control server shows none"
        yield Row("gluetun", "port", "well" if port else "wrong", said)


def _ports(server: Server) -> str:
    return ", ".join(map(str, server.port_file.ports))


def _written(server: Server) -> str:
    return ago(server.now_s - server.port_file.mtime / 1e9)


# -- the namespace ---------------------------------------------------------------------------------


def _namespace(server: Server) -> Iterator[Row]:
    parent = server.settings.gluetun_container
    for one in server.dependents:
        state, says = _DEPENDENTS[one.state]
        yield Row("namespace", one.seen.name, state, says.format(parent=parent))
    for orphan in server.orphans:
        yield Row("namespace", orphan.name, "wrong", "its network was that of a container that no longer exists")


# -- WireGuard and AdGuard -----------------------------------------------------------------------


def _wireguard(server: Server) -> Iterator[Row]:
    row = container_row(server, "WireGuard", server.settings.wireguard_container)
    if row:
        yield row
    seen = server.wireguard
    if isinstance(seen, Unread):
        yield Row("WireGuard", "peers", "unknown", without_advice(seen.why))
    elif seen is None:
        folder = server.settings.wireguard_dir
        why = f"{folder} is not mounted here, so its peers are not known" if row else "not here"
        yield Row("WireGuard", "peers", "note", why)
    else:
        yield from (_device(device, server.now_s) for device in seen.devices)
        if seen.live_error:
            yield Row("WireGuard", "handshakes", "note", f"not read: {without_advice(seen.live_error.why)}")


def _device(device: Device, now_s: float) -> Row:
    if device.handshake_s is None:
        return Row("WireGuard", device.name, "note", f"its endpoint is {device.endpoint or 'missing'}")
    if not device.handshake_s:
        return Row("WireGuard", device.name, "note", "no handshake since the interface came up")
    where = f", from {device.seen_at}" if device.seen_at else ""
    said = f"last handshake {ago(now_s - device.handshake_s)} ago{where}"
    return Row("WireGuard", device.name, "well" if device.connected else "note", said)


def _adguard(server: Server) -> Iterator[Row]:
    seen = server.adguard
    if seen is None:
        yield Row("AdGuard", "container", "note", "not here")
        return
    row = container_row(server, "AdGuard", seen.container)
    if row:
        yield row
    if isinstance(server.wireguard, WireGuard) and seen.running:
        yield _peers_dns(seen, server.wireguard)


def _peers_dns(seen: AdGuard, wireguard: WireGuard) -> Row:
    addresses = ", ".join(filter(None, seen.addresses.values()))
    if not addresses:
        return Row("AdGuard", "address", "note", "Docker shows none, as with network_mode: host")
    off = [device.name for device in wireguard.devices if not asks_adguard(device, wireguard, seen)]
    if not off:
        return Row("AdGuard", "address", "well", f"{addresses}, as the peers' DNS")
    return Row("AdGuard", "address", "wrong", f"{addresses}, and {', '.join(off)} would ask another DNS server")


# -- gluehook ---------------------------------------------------------------------------------------


def _gluehook(server: Server) -> Iterator[Row]:
    seen = server.gluehook
    for sentence in seen.sentences:
        yield Row("gluehook", "heartbeat", "well" if seen.healthy else "wrong", sentence)
    if seen.rules_rejected:
        yield Row(
            "gluehook", "rules", "wrong", f"the file is rejected, older rules are in force: {seen.rules_rejected}"
        )
    last = f"last run: {seen.last_run}" if seen.last_run else "nothing has run yet"
    yield Row("gluehook", "journal", "wrong" if seen.journal_error else "well", seen.journal_error or last)
    for sentence in seen.waits:
        yield Row("gluehook", "waits", "note", sentence)
    for rule, until in seen.pauses.items():
        left = duration(max(0, round(until - server.now_s)))
        yield Row("gluehook", "pause", "note", f"{rule or 'every rule'} is paused for {left} more")
