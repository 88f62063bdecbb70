"""The states `port.open` and `port.closed`: whether peers reach qBittorrent on the forwarded port.

qBittorrent's own status is "connected" once a peer has come in, "firewalled" while none has, and "disconnected" while
it listens nowhere. Firewalled means little without a peer: nobody may have tried. So it is closed only while it is
connected to peers and none of them has come in. Where `PORT_CHECK_URL` names a service, its answer decides.
There is no state without a forwarded port, while qBittorrent has another one, and while its container does not run.
"""

from __future__ import annotations

from contextlib import ExitStack

from handlers.qbittorrent import listening, port_check
from handlers.qbittorrent.web_api import Sessions
from handlers.shared.http import shown
from hooks.config.secrets import SecretError
from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Retry
from hooks.pairs.model import Client

_SESSIONS = Sessions()
_LAST: dict[str, list[Event]] = {}  # by client: its state at the last reading
_IN, _NONE_IN = "a peer has come in", "it is connected to peers, and none of them has come in"
_NOWHERE = "it listens on no address"


def states(ctx: Context) -> list[Event]:
    """The state of each qBittorrent's port, if it has one.

    Raises Retry or GiveUp for what keeps us from reading it, unless another qBittorrent could be read. Then the state
    of one that may be read again soon stays the last one, so that what waits on it does not begin anew.
    """
    found: list[Event] = []
    errors: list[Retry | GiveUp] = []
    kept: list[Event] = []
    for client in ctx.pairs.clients("qbittorrent"):
        try:
            found += _states_of(client, ctx)
        except (Retry, SecretError) as why:
            errors.append(why if isinstance(why, Retry) else Retry(str(why)))
            kept += _LAST.get(client.name, [])
        except GiveUp as why:
            errors.append(why)
            _LAST.pop(client.name, None)
    if errors and not found:
        raise errors[0]
    return found + kept


def _states_of(client: Client, ctx: Context) -> list[Event]:
    forwarded, container = ctx.pairs.port_of(client.gluetun), ctx.world.containers.get(client.name)
    if forwarded is None or not (container.running if container else not ctx.world.containers):
        _LAST.pop(client.name, None)
        return []
    with ExitStack() as lock:
        try:  # a run may be between two ports, and two logins at once would be two with a wrong password
            lock.enter_context(ctx.hold(shown(client.url)))
        except Retry:
            return _LAST.get(client.name, [])
        port, status, has_peers = _read(client, ctx)
    found = _judge(client, port, status, ctx, has_peers=has_peers) if port in forwarded.ports else None
    _LAST[client.name] = [_event(client, port, *found, ctx)] if found else []
    return _LAST[client.name]


def _read(client: Client, ctx: Context) -> tuple[int, str, bool]:
    """Its port, its connection status, and whether it is connected to a peer, where that matters."""
    session = _SESSIONS.of(client, ctx)
    port = int(session.preferences(ctx)["listen_port"])
    status = listening.status_of(session, ctx)
    return port, status, status == "firewalled" and session.has_peers(ctx)


def _judge(client: Client, port: int, status: str, ctx: Context, *, has_peers: bool) -> tuple[str, str] | None:
    """ "open" or "closed" and why; None where nothing shows it."""
    if status == "disconnected":
        return "closed", _NOWHERE
    checked = port_check.ask(client, port, ctx)
    if checked is not None:
        return ("open" if checked else "closed"), f"the service of PORT_CHECK_URL says so (connection status {status})"
    if status == "connected":
        return "open", _IN
    return ("closed", _NONE_IN) if has_peers else None


def _event(client: Client, port: int, word: str, reason: str, ctx: Context) -> Event:
    gluetun = {"gluetun": client.gluetun} if client.gluetun else {}
    data = {"container": client.name, **gluetun, "port": port, "reason": reason}
    return Event(f"port.{word}", client.name, int(ctx.now() * 1e9), "qbittorrent", data=data)
