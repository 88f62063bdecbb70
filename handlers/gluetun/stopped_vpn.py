"""Whose a stopped VPN is: in the handlers' memory, what `gluetun.stop_vpn` has stopped.

The note is saved before the stop is requested, and completed after it. It names the container's start: gluetun starts
its VPN whenever it starts itself. gluetun tells no instant of a stop; that the VPN has run since shows in its port
file, which gluetun writes for each tunnel and empties at each stop. A VPN that was stopped in the middle of
`gluetun.restart_vpn` is stopped by that one (its own intent), until `gluetun.stop_vpn` takes it over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from handlers.gluetun.control_server import Control
from hooks.handler import Context, Retry

POLL_S = 1.0
RESERVE_S = 2.0  # to end with a sentence of our own before the attempt's time is over
_AFTER_S = 5.0  # gluetun may empty its port file a little after it has answered


@dataclass(frozen=True, slots=True)
class StoppedVpn:
    """What gluehook has done to the VPN of one gluetun."""

    control: Control
    container: str
    ctx: Context

    @property
    def restarting(self) -> str:
        """The key of the intent of `gluetun.restart_vpn`."""
        return f"gluetun.restarting:{self._address}"

    def intend(self) -> None:
        """Save that it is about to be stopped."""
        id_, started_at = self._start()
        self.ctx.memory.put(self._key, {"id": id_, "started_at": started_at, "asked_at": self.ctx.now()})

    def confirm(self) -> None:
        """Save that it is stopped. What `gluetun.restart_vpn` has begun is over with that."""
        self.ctx.memory.put(self._key, {**(self._note or {}), "at": self.ctx.now()})
        self.ctx.memory.put(self.restarting, None)

    def forget(self) -> None:
        """It runs, or somebody else has stopped it."""
        self.ctx.memory.put(self._key, None)

    def obstacle(self) -> str | None:
        """Why it is not `gluetun.stop_vpn` that has stopped it, as it is now; None if it is."""
        note = self._note
        if note is None:
            return "it was not stopped by gluetun.stop_vpn"
        id_, started_at = self._start()
        if id_ and (note.get("id"), note.get("started_at")) not in ((id_, started_at), ("", 0)):
            return f"container '{self.container}' has started since gluetun.stop_vpn stopped it"
        if note.get("at") and self._written_s() > note["at"] + _AFTER_S:
            return "it has run since gluetun.stop_vpn stopped it"
        return None

    def settled(self) -> str:
        """Its status, as soon as that is not starting or stopping. Raises Retry where it stays so."""
        status = self.control.status()
        while status in ("starting", "stopping"):
            if self.ctx.left() <= POLL_S + RESERVE_S:
                raise Retry(f"{self.control.who}: its VPN is {status} for a whole attempt; it is checked again")
            self.ctx.wait(POLL_S)
            status = self.control.status()
        return status

    def polls(self) -> Iterator[None]:
        """One turn a second, until the attempt's time is nearly over."""
        yield
        while self.ctx.left() > POLL_S + RESERVE_S:
            self.ctx.wait(POLL_S)
            yield

    @property
    def _note(self) -> dict[str, Any] | None:
        note: dict[str, Any] | None = self.ctx.memory.get(self._key)
        return note

    def _start(self) -> tuple[str, int]:
        known = self.ctx.world.containers.get(self.container)
        return (known.id, known.started_at) if known else ("", 0)

    def _written_s(self) -> float:
        file = self.ctx.world.port_of(self.container).file
        return file.mtime / 1e9 if file else 0.0

    @property
    def _address(self) -> str:
        return self.control.who.rpartition(" ")[2]

    @property
    def _key(self) -> str:
        return f"gluetun.stopped:{self._address}"
