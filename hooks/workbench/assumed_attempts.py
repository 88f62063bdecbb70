"""Attempts whose outcome is assumed: the steps that they would perform, with which arguments, and their result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hooks.engine.runs import Result, ResultKind, Run, overall
from hooks.rules.placeholders import Empty, templates
from hooks.rules.rule_tests import Assumed, AssumedOutcome, Assumptions
from hooks.rules.step_arguments import render_arguments
from hooks.rules.table import Rule, Step
from hooks.workbench.decisions import PerformedStep

RESULT_KINDS: Mapping[AssumedOutcome, ResultKind] = {
    "changed": "changed", "unchanged": "unchanged", "skipped": "skipped", "fail": "retry", "give_up": "give_up",
}  # fmt: skip
WORDS = {kind: word for word, kind in RESULT_KINDS.items()}

State = Callable[[], Mapping[str, Any] | None]
"""The values of `${state.…}` now; None if they are not known."""


class AttemptOutcome(NamedTuple):
    """The steps and the result of an attempt, and its duration in seconds."""

    takes_s: float
    steps: tuple[PerformedStep, ...]
    result: Result


class AssumedAttempts:
    """Performs attempts as `hooks.runtime.executor` does, without their handlers."""

    def __init__(self, assume: Assumptions, state: State) -> None:
        self._assume, self._state = {name: list(each) for name, each in assume.items() if each}, state
        self._alike: dict[str, AttemptOutcome] = {}  # by rule: of a million runs, most come to the same

    def perform(self, run: Run) -> AttemptOutcome:
        """An attempt: its steps in order, the first failure ends it."""
        is_plain = not (run.step or run.changed or run.quiet)
        known = self._alike.get(run.rule.name) if is_plain else None
        if known is None:
            known = self._perform(run)
            if is_plain and self._is_always_alike(run.rule):
                self._alike[run.rule.name] = known
        return known

    def _perform(self, run: Run) -> AttemptOutcome:
        whole = self._next(run.rule.name) or Assumed()
        performed: list[PerformedStep] = []
        changed, takes_s, kinds = run.changed, whole.takes_s, {"changed"} if run.changed else set[str]()
        for place in range(run.step, len(run.rule.do)):
            step = run.rule.do[place]
            if run.passes_over(step, changed=changed):
                continue
            if (args := self._arguments(step, run)) is None:
                kinds |= {"skipped"}
                continue
            own = self._next(step.use)
            outcome, takes_s = own.outcome if own else whole.outcome, takes_s + (own.takes_s if own else 0.0)
            kind = RESULT_KINDS[outcome]
            performed.append(PerformedStep(step.use, args, outcome))
            if kind in ("retry", "give_up"):
                result = Result(kind, "assumed to fail", None, place, changed, step.use)
                return AttemptOutcome(takes_s, tuple(performed), result)
            changed = changed or kind == "changed"
            kinds.add(kind)
        return AttemptOutcome(
            takes_s, tuple(performed), Result(overall(kinds), "assumed", None, len(run.rule.do), changed)
        )

    def _next(self, name: str) -> Assumed | None:
        left = self._assume.get(name)
        return (left.pop(0) if len(left) > 1 else left[0]) if left else None

    def _is_always_alike(self, rule: Rule) -> bool:
        names = {rule.name, *(step.use for step in rule.do)}
        return not names & self._assume.keys() and not any(any(templates(step.args)) for step in rule.do)

    def _arguments(self, step: Step, run: Run) -> Mapping[str, Any] | None:
        """The step's arguments as far as they are known; None if one is empty, so that the step is skipped."""
        try:
            return render_arguments(step, run.rule.with_groups(run.event), self._state(), run.id)
        except Empty:
            return None
