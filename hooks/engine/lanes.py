"""All lanes of an engine, by the name of the rule and the key."""

from __future__ import annotations

from collections.abc import Mapping

from hooks.engine.lane import Lane
from hooks.rules.table import Rule

_SWEEP_AT = 1024  # lanes; with `key = "${event.id}"` there may come ever more


class Lanes(dict[tuple[str, str], Lane]):
    """The lanes that were opened. Those that hold nothing are taken out when there are many."""

    def __init__(self) -> None:
        super().__init__()
        self._sweep_at = _SWEEP_AT

    def sweep(self, now: float) -> list[Lane]:
        """If there are many, take out those that hold nothing, and return them."""
        if len(self) < self._sweep_at:
            return []
        gone = [self.pop(k) for k in [k for k, lane in self.items() if lane.is_empty(now)]]
        self._sweep_at = max(_SWEEP_AT, 2 * len(self))
        return gone

    def keep(self, rules: Mapping[str, Rule]) -> dict[Lane, None]:
        """Take out those whose rule is not among these, by name and content, and return them in their order."""
        gone = [k for k, lane in self.items() if rules.get(k[0]) != lane.rule]
        return {self.pop(k): None for k in gone}
