"""gluetun's control server: the tunnel's state, its public address and the forwarded port."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from handlers.gluetun.control_server import Control
from hooks.doctor.facts.model import Gluetun, Refusal, Unread
from hooks.doctor.facts.parallel import refusal_of
from hooks.handler import Context, GiveUp, Retry

T = TypeVar("T")


def read(ctx: Context) -> Gluetun | Refusal:
    """Three GET requests. Raises Retry if the status cannot be read, GiveUp if something else answers.

    gluetun holds the port's answer while its UP or DOWN command runs, so that one is asked for last.
    """
    unread: dict[str, Unread | Refusal] = {}
    try:
        with Control(ctx.settings.gluetun_url, ctx.settings.gluetun_container, ctx) as control:
            status = control.status()
            where = _part("public IP", lambda: control.exit(ctx.left() / 2), unread)  # the rest is for the port
            ports = _part("port", control.ports, unread)
    except (Retry, GiveUp) as why:
        if refusal := refusal_of(why):
            return refusal
        raise
    port = None if ports is None else next(iter(ports), 0)
    return Gluetun(status, *(where or ("", "")), port, unread, ports or ())


def _part(name: str, ask: Callable[[], T], unread: dict[str, Unread | Refusal]) -> T | None:
    try:
        return ask()
    except (Retry, GiveUp) as why:
        unread[name] = refusal_of(why) or Unread(why.said)
    return None
