"""The states `port.open` and `port.closed`: whether peers reach qBittorrent on the forwarded port.

qBittorrent's own status is "connected" once a peer has come in, "firewalled" while none has, and "disconnected" while
it listens nowhere. Firewalled means little without a peer: nobody may have tried. So it is closed only while it is
connected to peers and none of them has come in. Where `PORT_CHECK_URL` names a service, its answer decides.
There is no state without a forwarded port, while qBittorrent has another one, and while its container does not run.
"""

from __future__ import annotations

from handlers.qbittorrent import listening, port_check
from handlers.qbittorrent.web_api import Session, Sessions
from handlers.shared.http import address
from hooks.events.catalogue import Event
from hooks.handler import Context
from hooks.world.event_roles import gluetun_of

_SESSIONS = Sessions()
_IN, _NONE_IN = "a peer has come in", "it is connected to peers, and none of them has come in"
_NOWHERE = "it listens on no address"


def states(ctx: Context) -> list[Event]:
    """The state of qBittorrent's port, if it has one. Raises Retry or GiveUp for what keeps us from reading it."""
    name, forwarded = ctx.settings.qbittorrent_container, ctx.world.port
    container = ctx.world.containers.get(name)
    if forwarded is None or not (container.running if container else not ctx.world.containers):
        return []
    url = address(ctx.settings.qbittorrent_url, "qBittorrent")
    session = _SESSIONS.of(url, name, ctx)
    port = int(session.preferences(ctx)["listen_port"])
    found = _judge(session, port, ctx) if port in forwarded.ports else None
    if found is None:
        return []
    gluetun = gluetun_of(ctx.world, container) if container else ctx.world.gluetun
    data = {"container": name, "port": port, "reason": found[1]} | ({"gluetun": gluetun} if gluetun else {})
    return [Event(f"port.{found[0]}", name, int(ctx.now() * 1e9), "qbittorrent", data=data)]


def _judge(session: Session, port: int, ctx: Context) -> tuple[str, str] | None:
    """ "open" or "closed" and why; None where nothing shows it."""
    status = listening.status_of(session, ctx)
    if status == "disconnected":
        return "closed", _NOWHERE
    checked = port_check.ask(port, ctx)
    if checked is not None:
        return ("open" if checked else "closed"), f"the service of PORT_CHECK_URL says so (connection status {status})"
    if status == "connected":
        return "open", _IN
    return ("closed", _NONE_IN) if status == "firewalled" and session.has_peers(ctx) else None
