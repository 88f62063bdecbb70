"""The port that a torrent client should have, as the step's argument or gluetun's port file says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from handlers.shared.http import address, shown
from hooks.handler import Context, GiveUp, Outcome


@dataclass(frozen=True, slots=True)
class DesiredPort:
    """The port that one client should have."""

    client: str  # what it is: "qBittorrent"
    url: str
    port: int
    generation: str  # of the port file; "" without one

    @property
    def who(self) -> str:
        """How a sentence about this client begins."""
        return f"{self.client} at {shown(self.url)}"

    def is_written_anew(self, ctx: Context) -> bool:
        """Whether gluetun wrote the port since `remember`: then tun0 and the public address may be new."""
        return bool(ctx.memory.get(self._key) != self._applied)

    def remember(self, ctx: Context) -> None:
        """Save that this port was set. It is the last thing that an attempt does, so that a broken one is repeated."""
        ctx.memory.put(self._key, self._applied)

    @property
    def _key(self) -> str:
        return f"{self.client.lower()}.applied:{shown(self.url)}"

    @property
    def _applied(self) -> dict[str, Any]:
        return {"generation": self.generation, "port": self.port}


def desired_port(client: str, url: str, container: str, port: int | None, ctx: Context) -> DesiredPort | Outcome:
    """The port for the client at this URL; the outcome where there is none, or its container is known not to run.

    Raises GiveUp for a port that is none, and for a URL that cannot be called.
    """
    known = ctx.world.containers.get(container)
    if known and not known.running:
        return Outcome("skipped", f"{known.name} is not running; its port is set when it starts")
    file = ctx.world.port
    if port is None:
        port = file.ports[0] if file else None
    if port is None:
        return Outcome("skipped", f"no forwarded port for {client} at {shown(url)}; it is set when gluetun has one")
    if not 1 <= port <= 65535:  # no client refuses one: -1 and 65536 end its listener
        raise GiveUp(f"{port} is no port that {client} at {shown(url)} could listen on; write 1 to 65535")
    return DesiredPort(client, address(url, client), port, file.generation if file else "")
