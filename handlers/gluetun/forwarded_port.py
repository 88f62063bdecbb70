"""The forwarded port as gluetun's control server shows it, over a connection that stays open between two polls.

gluetun holds the answer about its port, and no other, while its DOWN command (3.41) or its UP command (master) runs,
and master shows the old port while it stops (tests/samples/gluetun/holds.jsonl). So the status is read first, then the
public address, and the port only of a VPN that runs and has one.
"""

from __future__ import annotations

from hashlib import sha256

from handlers.gluetun.control_server import Control
from hooks.handler import Context
from hooks.world.model import PortFile


class ForwardedPort:
    """Reads one gluetun's port again and again."""

    def __init__(self) -> None:
        self._kept: Control | None = None

    def __call__(self, ctx: Context) -> PortFile:
        """Its ports now; `generation` is a mark of the tunnel. Raises Retry or GiveUp where gluetun cannot tell."""
        url, container = ctx.settings.gluetun_url, ctx.settings.gluetun_container
        self._kept = control = Control(url, container, ctx, kept=self._kept)
        if control.status() != "running":
            return PortFile()
        address = control.public_ip()
        if not address:
            return PortFile()
        # a restart by us may be too short to be seen between two polls
        restarted = ctx.memory.get(f"gluetun.restarted:{control.who.rpartition(' ')[2]}")
        return PortFile(control.ports(), generation=sha256(f"{address}\0{restarted}".encode()).hexdigest()[:8])
