"""Runs that are due and wait for room: the rules take turns, so that one with many runs does not delay the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from hooks.engine.runs import Run


class ReadyRuns:
    """Runs by rule, in the order in which they became due."""

    def __init__(self) -> None:
        self._runs: dict[str, deque[Run]] = {}  # the rule whose turn it is stands first

    def __len__(self) -> int:
        """How many rules have one."""
        return len(self._runs)

    def add(self, run: Run) -> None:
        """Its time has come."""
        self._runs.setdefault(run.rule.name, deque()).append(run)

    def next_rule(self, may_start: Callable[[str], bool]) -> str | None:
        """The rule whose turn it is, of those that may start now; None if there is none."""
        return next((rule for rule in self._runs if may_start(rule)), None)

    def take(self, rule: str) -> Run:
        """The oldest run of the rule. Its next one comes after those of the other rules."""
        runs = self._runs.pop(rule)
        run = runs.popleft()
        if runs:
            self._runs[rule] = runs
        return run
