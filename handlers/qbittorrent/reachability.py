"""The states `port.open` and `port.closed`: whether peers reach qBittorrent on the forwarded port.

qBittorrent's own status is "connected" once a peer has come in, "firewalled" while none has, and "disconnected" while
it listens nowhere. Firewalled means little without a peer: nobody may have tried. So it is closed only while it is
connected to peers and none of them has come in. Where `PORT_CHECK_URL` names a service, its answer decides.
There is no state without a forwarded port, while qBittorrent has another one, and while its container does not run.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.qbittorrent import listening, port_check
from handlers.qbittorrent.web_api import Session, Sessions
from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Retry
from hooks.pairs.model import Client

_SESSIONS = Sessions()
_IN, _NONE_IN = "a peer has come in", "it is connected to peers, and none of them has come in"
_NOWHERE = "it listens on no address"


def states(ctx: Context) -> list[Event]:
    """The state of each qBittorrent's port, if it has one.

    Raises Retry or GiveUp for what keeps us from reading it, unless another qBittorrent could be read.
    """
    found: list[Event] = []
    errors: list[Retry | GiveUp] = []
    for client in ctx.pairs.clients("qbittorrent"):
        try:
            found += _states_of(client, ctx)
        except (Retry, GiveUp) as why:
            errors.append(why)
    if errors and not found:
        raise errors[0]
    return found


def _states_of(client: Client, ctx: Context) -> Iterator[Event]:
    forwarded, container = ctx.pairs.port_of(client.gluetun), ctx.world.containers.get(client.name)
    if forwarded is None or not (container.running if container else not ctx.world.containers):
        return
    session = _SESSIONS.of(client, ctx)
    port = int(session.preferences(ctx)["listen_port"])
    found = _judge(client, session, port, ctx) if port in forwarded.ports else None
    if found:
        gluetun = {"gluetun": client.gluetun} if client.gluetun else {}
        data = {"container": client.name, **gluetun, "port": port, "reason": found[1]}
        yield Event(f"port.{found[0]}", client.name, int(ctx.now() * 1e9), "qbittorrent", data=data)


def _judge(client: Client, session: Session, port: int, ctx: Context) -> tuple[str, str] | None:
    """ "open" or "closed" and why; None where nothing shows it."""
    status = listening.status_of(session, ctx)
    if status == "disconnected":
        return "closed", _NOWHERE
    checked = port_check.ask(client, port, ctx)
    if checked is not None:
        return ("open" if checked else "closed"), f"the service of PORT_CHECK_URL says so (connection status {status})"
    if status == "connected":
        return "open", _IN
    return ("closed", _NONE_IN) if status == "firewalled" and session.has_peers(ctx) else None
