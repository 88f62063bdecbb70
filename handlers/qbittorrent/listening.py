"""Whether qBittorrent listens at all: it stores any port, also one on which it cannot.

Its connection status says "disconnected" while none of its sockets listens. 4.5 says so at once; from 5.0 on it counts
them every 1.5 s only (5.1 and 5.3, measured). So a first "disconnected" is read again, and what it is bound to is
compared with what there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from handlers.qbittorrent.web_api import Session
from hooks.handler import Context, GiveUp, Retry

EVERY = ("", "0.0.0.0", "::")  # noqa: S104 - compared, not bound
"""Its words, in `current_interface_address`, for all addresses or all of one kind."""
LATE_S = 2.0
"""After so long its connection status is the one of now."""
_POLL_S = 0.25


def status_of(session: Session, ctx: Context) -> str:
    """Its connection status, once that can be relied on: "disconnected" only if it stays so for two seconds."""
    status = session.connection_status(ctx)
    for _ in range(round(LATE_S / _POLL_S)):
        if status != "disconnected" or ctx.left() <= 2 * _POLL_S:
            break
        ctx.wait(_POLL_S)
        status = session.connection_status(ctx)
    ctx.saw(f"{session.who}: connection_status is {status}")
    return status


def exists(bound: str, there: Iterable[str]) -> bool:
    """Whether an address is among those of an interface. A zone ("fe80::1%4") is not compared: it may be left out."""
    return bound.partition("%")[0] in {one.partition("%")[0] for one in there}


def reason(session: Session, found: Mapping[str, Any], stored: str, ctx: Context) -> Retry | GiveUp | None:
    """Why nothing can listen, by what it is bound to; None where that exists. `stored` begins the sentence."""
    name, bound = (str(found.get(f"current_{what}") or "") for what in ("network_interface", "interface_address"))
    if not name and bound in EVERY:
        return None
    interfaces = session.interfaces(ctx)
    if interfaces is None:
        return None
    if name and name not in interfaces:
        return Retry(f"{stored}: it is bound to {name}, which has no address now; it is tried again")
    there = session.addresses(ctx, name) if bound not in EVERY else [bound]
    if exists(bound, there):
        return None
    return GiveUp(
        f"{stored}: it is bound to the address {bound}, and {name or 'this network'} has {', '.join(there) or 'none'}; "
        "in its Web UI, Options, Advanced, choose 'All addresses' for 'Optional IP address to bind to'"
    )
