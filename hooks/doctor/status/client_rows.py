"""The rows of `gluehook status` about torrent clients: whether each lets us in, and listens on the forwarded port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from handlers.shared.http import shown
from hooks.doctor.facts.derived import (
    expected_port,
    is_cut_off,
    is_listening,
    lacking_port,
    lost_address,
    redirect_target,
    relisten_pending,
)
from hooks.doctor.facts.model import OtherClient, QBittorrent, Refusal, Server, Unread
from hooks.doctor.status.row import Row, State, answers, container_row, without_advice

_CONNECTIONS: Mapping[str, tuple[State, str]] = {
    "connected": ("well", "connected: others have connected"),
    "firewalled": ("note", "firewalled: nobody has connected yet, which is normal for a while after a change"),
    "disconnected": ("wrong", "disconnected: qBittorrent listens on no address"),
}


def qbittorrent_rows(server: Server) -> Iterator[Row]:
    """The rows of one qBittorrent."""
    row = container_row(server, "qBittorrent", server.settings.qbittorrent_container)
    if row:
        yield row
        if not answers(server, server.settings.qbittorrent_container):
            return
    seen = server.qbittorrent
    if seen is None:
        yield from _without_qbittorrent(server)
    elif isinstance(seen, Unread):
        yield Row("qBittorrent", "web UI", "unknown", without_advice(seen.why))
    elif isinstance(seen, Refusal):
        yield Row("qBittorrent", "login", "wrong", without_advice(seen.why))
    else:
        yield Row("qBittorrent", "web UI", "well", f"{shown(server.settings.qbittorrent_url)} lets us in")
        yield from _torrent_port(server, seen)


def _without_qbittorrent(server: Server) -> Iterator[Row]:
    """Of several gluetuns one may have no torrent client, and of any another one than qBittorrent."""
    name = server.settings.gluetun_container
    if any(one.gluetun == name for one in server.clients):
        return
    if sum(one.role == "gluetun" for one in server.roles) > 1:
        yield Row("gluetun", "clients", "note", "no torrent client is in its network")
    else:
        yield Row("qBittorrent", "web UI", "note", "not here")


def _torrent_port(server: Server, seen: QBittorrent) -> Iterator[Row]:
    port = seen.preferences["listen_port"]
    which = server.reached_client.port
    wanted = expected_port(server, which)
    if lack := lacking_port(server, which):
        yield Row("qBittorrent", "port", "wrong", f"{port}; {lack}")
    elif wanted is None:
        state: State = "unknown" if server.settings.gluetun_container in server.containers else "note"
        yield Row("qBittorrent", "port", state, f"{port}; there is no forwarded port to compare it with")
    elif port == wanted:
        yield Row("qBittorrent", "port", "well", f"{port}, as forwarded")
    else:
        verb = "is the target of gluetun's redirect" if redirect_target(server) else "is forwarded"
        yield Row("qBittorrent", "port", "wrong", f"{port}, and {wanted} {verb}")
    yield _listening(server, seen, port)
    yield Row("qBittorrent", "connection", *_CONNECTIONS.get(seen.connection, ("unknown", seen.connection)))


def _listening(server: Server, seen: QBittorrent, port: int) -> Row:
    if isinstance(seen.listening, Unread):
        return Row("qBittorrent", "listening", "note", f"not read: {without_advice(seen.listening.why)}")
    where = ", ".join(seen.listening)
    if is_cut_off(server, server.settings.qbittorrent_container):
        return Row(
            "qBittorrent", "listening", "wrong", f"on {where or 'nothing'}, in a namespace that has lost its network"
        )
    if is_listening(seen) and relisten_pending(server):
        return Row("qBittorrent", "listening", "wrong", f"on {where}, perhaps of a tunnel that is gone: gluetun wrote "
                   "its port again, and gluehook has not set it since")  # fmt: skip
    if is_listening(seen):
        return Row("qBittorrent", "listening", "well", f"on {where}")
    if not where:
        lost = lost_address(seen)
        why = f": it is bound to {lost}, which does not exist there" if lost else ""
        return Row("qBittorrent", "listening", "wrong", f"nothing listens on {port}{why}")
    return Row("qBittorrent", "listening", "wrong", f"only on {where}, and the tunnel is {', '.join(seen.tunnel)}")


def other_client_rows(server: Server) -> Iterator[Row]:
    """The rows of each Transmission and Deluge."""
    for one in server.clients:
        part = f"{one.kind.capitalize()} {one.name}" if one.name != one.kind else one.kind.capitalize()
        row = container_row(server, part, one.name)
        if row:
            yield row
        if row is None or answers(server, one.name):
            yield _other_port(server, part, one)


def _other_port(server: Server, part: str, one: OtherClient) -> Row:
    if isinstance(one.port, Refusal):
        return Row(part, "login", "wrong", without_advice(one.port.why))
    if isinstance(one.port, Unread):
        return Row(part, "port", "unknown", without_advice(one.port.why))
    pairs = (server, *server.others)
    own = next((pair for pair in pairs if pair.settings.gluetun_container == one.gluetun), None)
    if own and (lack := lacking_port(own, one.which)):
        return Row(part, "port", "wrong", f"{one.port}; {lack}")
    wanted = expected_port(own, one.which) if own else None
    if wanted is None:
        return Row(part, "port", "note", f"{one.port}; there is no forwarded port to compare it with")
    if one.port == wanted:
        return Row(part, "port", "well", f"{one.port}, as forwarded")
    return Row(part, "port", "wrong", f"{one.port}, and {wanted} is forwarded")
