"""The port for peers of the torrent clients beside qBittorrent: Transmission and Deluge."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from handlers.shared.desired_port import one_client
from hooks.doctor.facts.model import Refusal
from hooks.doctor.facts.parallel import refusal_of
from hooks.handler import Context, GiveUp, Retry


def read(kind: str, ctx: Context) -> int | Refusal:
    """The port that is set there, 0 for none. `ctx` has the settings of this client.

    Raises Retry if it cannot be reached, GiveUp if something else answers.
    """
    try:
        return READERS[kind](ctx)
    except (Retry, GiveUp) as why:
        if refusal := refusal_of(why):
            return refusal
        raise


def _transmission(ctx: Context) -> int:
    from handlers.transmission.rpc import Sessions  # a server without one does not load it

    rpc = Sessions().of(one_client("transmission", ctx), ctx)
    return int(rpc.settings(ctx, "peer-port")["peer-port"])


def _deluge(ctx: Context) -> int:
    from handlers.deluge.web_api import Sessions

    web = Sessions().of(one_client("deluge", ctx), ctx)
    ports = web.config(ctx, "listen_ports")["listen_ports"]
    return int(ports[0]) if isinstance(ports, list) and ports else 0


READERS: Mapping[str, Callable[[Context], int]] = {"transmission": _transmission, "deluge": _deluge}
"""By kind: the roles that this module reads."""
