"""The restart budget: one container is restarted at most 5 times an hour, whatever the rules say."""

from __future__ import annotations

from dataclasses import dataclass

from hooks.handler import Context

RESTARTS = 5
WINDOW_S = 3600.0


@dataclass(frozen=True, slots=True)
class RestartBudget:
    """The restarts of one container by name, kept in the state folder, so that they outlive gluehook."""

    container: str
    ctx: Context

    @property
    def spent(self) -> list[float]:
        """When it was restarted within the window, oldest first, in seconds since the Unix epoch."""
        # a clock that was set back must neither free the budget nor freeze it for longer than the window
        return [at for at in self.ctx.memory.get(self._key) or [] if abs(self.ctx.now() - at) < WINDOW_S]

    def refusal(self) -> str | None:
        """Why it must not be restarted again, or None. Says it at length once, and briefly until there is room."""
        spent = self.spent
        if len(spent) < RESTARTS:
            return None
        room_in_min = max(1, round((spent[0] + WINDOW_S - self.ctx.now()) / 60))
        if self.ctx.memory.get(self._reported_key) == spent[-1]:
            return f"container '{self.container}' is still out of restarts, for {room_in_min} more minutes"
        return (
            f"container '{self.container}' was restarted {len(spent)} times within an hour, which is the most that "
            f"gluehook does; it is left alone for {room_in_min} minutes: read its log for the reason"
        )

    def report_refusal(self) -> None:
        """Save that the refusal was reported."""
        self.ctx.memory.put(self._reported_key, self.spent[-1])

    def spend(self) -> None:
        """Count one restart. Before it is asked for: one that is cut by a crash counts too."""
        self.ctx.memory.put(self._key, [*self.spent, self.ctx.now()])

    @property
    def _key(self) -> str:
        return f"containers.restarts:{self.container}"

    @property
    def _reported_key(self) -> str:
        return f"containers.restarts_told:{self.container}"
