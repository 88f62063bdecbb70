"""gluetun's control server: the tunnel's state, its public address and the forwarded port."""

from __future__ import annotations

from handlers.gluetun.control_server import Control
from hooks.doctor.facts.model import Gluetun, Refusal
from hooks.handler import Context, GiveUp


def read(ctx: Context) -> Gluetun | Refusal:
    """Three GET requests. Raises Retry if it cannot be reached, GiveUp if something else answers."""
    try:
        with Control(ctx.settings.gluetun_url, ctx.settings.gluetun_container, ctx) as control:
            return Gluetun(control.status(), *control.exit(), control.port())
    except GiveUp as why:
        if "answers 401" in why.said:
            return Refusal("closed", why.said)
        raise
