"""What gluehook has stopped or paused, in the handlers' memory, so that `only_ours = true` gives back exactly that.

A note names the container's id, its start, and the instant of the stop or pause as Docker shows it. It is saved before
the act, and completed after it: where gluehook was killed in between, what Docker shows decides. What its owner has
started and stopped since is the owner's: the start is another one then. Docker shows no instant of a pause; there the
engine's latest events decide, and what gluehook has seen of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from handlers.containers.recent_events import RecentEvent, recent_events
from hooks.docker.container import InspectedContainer
from hooks.handler import Context

What = Literal["stopped", "paused"]
KEY = "containers.ours:"  # in the handlers' memory, before the container's name
_EARLIER_S = 1.0  # an engine's clock may be a little behind ours
_CLOCKS_S = 60.0  # by so much the engine's clock may be ahead of ours, or a stop may take longer than its time-out


@dataclass(frozen=True, slots=True)
class Ours:
    """What gluehook has done to one container."""

    seen: InspectedContainer
    ctx: Context

    def intend(self, what: What) -> None:
        """Save that it is about to be stopped or paused. Before that is requested."""
        note = {"what": what, "id": self.seen.id, "started_at": self.seen.started_at, "asked_at": self.ctx.now()}
        self.ctx.memory.put(self._key, note)

    def forget(self) -> None:
        """Nothing that gluehook did to it lasts."""
        self.ctx.memory.put(self._key, None)

    def confirm(self, client: Any, now: InspectedContainer) -> None:
        """Save the instant that Docker shows. `now` is how it is after the act."""
        note = self.ctx.memory.get(self._key) or {}
        at = now.finished_at if note.get("what") == "stopped" else _pause(self._pauses(client, note))
        self.ctx.memory.put(self._key, {**note, "started_at": now.started_at, "at": at})

    @property
    def stopped_this_one(self) -> bool:
        """Whether gluehook has stopped a container of this id, whatever became of it since."""
        note = self.ctx.memory.get(self._key) or {}
        return (note.get("what"), note.get("id")) == ("stopped", self.seen.id)

    def obstacle(self, client: Any, what: What) -> str | None:
        """Why it is not gluehook that has stopped or paused it, as it is now; None if it is."""
        note = self.ctx.memory.get(self._key) or {}
        if note.get("what") != what:
            return f"it was not {what} by gluehook"
        if note.get("id") != self.seen.id:
            return f"it was re-created since gluehook {what} the one before it"
        if note.get("started_at") != self.seen.started_at:
            return f"it was started since gluehook {what} it"
        lasts = self._stop_lasts(note) if what == "stopped" else self._pause_lasts(client, note)
        return None if lasts else f"it was {what} again since gluehook {what} it"

    def is_ours(self, client: Any, what: What) -> bool:
        """Whether gluehook has stopped or paused it, and nobody else has since."""
        return self.obstacle(client, what) is None

    def _stop_lasts(self, note: dict[str, Any]) -> bool:
        if note.get("at") is not None:
            return bool(note["at"] == self.seen.finished_at)
        asked_s = float(note["asked_at"])
        latest_s = asked_s + self.seen.stop_timeout_s + _CLOCKS_S
        return asked_s - _EARLIER_S <= self.seen.finished_at / 1e9 <= latest_s

    def _pause_lasts(self, client: Any, note: dict[str, Any]) -> bool:
        """Whether there was no other pause or unpause since. What nobody has seen is taken for none."""
        at = note.get("at") or 0
        known = self.ctx.world.containers.get(self.seen.name)
        if known and known.id == self.seen.id and known.unpaused_at > (at or note["asked_at"] * 1e9):
            return False
        found = self._pauses(client, note)
        if found is None:
            return True
        later = [one for one in found if one.at > at] if at else found[1:]
        return not later

    def _pauses(self, client: Any, note: dict[str, Any]) -> list[RecentEvent] | None:
        return recent_events(
            client, self.seen.id, ["pause", "unpause"], float(note.get("asked_at", 0)) - _EARLIER_S, self.ctx
        )

    @property
    def _key(self) -> str:
        return f"{KEY}{self.seen.name}"


def _pause(found: list[RecentEvent] | None) -> int:
    """The instant of the latest pause, 0 where that is not known."""
    return max((one.at for one in found or () if one.action == "pause"), default=0)
