"""The attempts of a run, made of its row, of the rows of attempts that failed, and of its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from hooks.events.catalogue import Event
from hooks.journal.trace_rows import Tried
from hooks.rules.placeholders import Empty
from hooks.rules.step_arguments import render_arguments
from hooks.rules.table import Rule, Table
from hooks.trace.model import TracedAttempt, TracedStep
from hooks.trace.rules_then import handlers
from hooks.workbench.explain import Situation, shown_argument

_CLOSE_S = 0.01
_RUN_SAID = "${run.said}"


def attempts(
    run: Mapping[str, Any], tried: Sequence[Tried], rule: Rule | None, event: Event | None, table: Table | None = None
) -> Iterator[TracedAttempt]:
    """All that are known, in their order. `rule` and `table` are those of then, None where they are not known."""
    left = [{"number": place, **step} for place, step in enumerate(run["steps"], 1)]
    rows, failed = list(_rows(run, tried)), {(one.attempt, one.began): one.step for one in tried}
    said, then = "", _Then(rule, event, run["id"], table)
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        own = [step for step in left if _is_of(step, row, following, run["attempt"])]
        left = [step for step in left if step not in own]
        if row.began is not None and (last := failed.get((row.attempt, row.began))):
            own.append({"number": 0, **last})
        steps = []
        for step in own:
            steps.append(_step(step, then, said))
            said = str(step.get("said") or "")
        yield replace(row, steps=tuple(steps))


def _rows(run: Mapping[str, Any], tried: Sequence[Tried]) -> Iterator[TracedAttempt]:
    began, before = run["began"], 0
    for one in tried:
        if one.attempt == 1 and one.began > began + _CLOSE_S:
            yield TracedAttempt(1, began, None, "cut_off", "")
        took_s = _took_s(one.began, one.ended)
        yield TracedAttempt(one.attempt, one.began, one.ended, one.outcome, one.said, one.again, took_s=took_s)
        began, before = one.again or one.ended, one.attempt
    if run["attempt"] > before:
        known = began if before == run["attempt"] - 1 else None
        said, took_s = run["said"] if run["outcome"] else "", _took_s(known, run["ended"])
        yield TracedAttempt(run["attempt"], known, run["ended"], run["outcome"], said, took_s=took_s)


def _took_s(began: float | None, ended: float | None) -> float | None:
    return None if began is None or ended is None else round(max(0.0, ended - began), 3)


def _is_of(step: Mapping[str, Any], row: TracedAttempt, following: TracedAttempt | None, last: int) -> bool:
    """Whether the step was done in this attempt. An earlier build did not note which it was."""
    if "at" not in step:
        return row.attempt == last
    cut_at = following.began if following and following.attempt == row.attempt else None
    return bool(step.get("attempt", 1) == row.attempt and step["at"] < (inf if cut_at is None else cut_at))


@dataclass(frozen=True, slots=True)
class _Then:
    """What a run was about, as far as it is known now."""

    rule: Rule | None
    event: Event | None
    run: str
    table: Table | None


def _step(step: Mapping[str, Any], then: _Then, said: str) -> TracedStep:
    return TracedStep(
        step["number"], step["use"], _args(step, then, said), step.get("status", ""),
        step.get("said", ""), tuple(step.get("saw", ())), step.get("at"), step.get("took_s"), step.get("waited_s", 0.0),
    )  # fmt: skip


def _args(step: Mapping[str, Any], then: _Then, said: str) -> dict[str, Any] | None:
    """What the handler was asked for: the rule's arguments, filled in anew. A secret stays a placeholder."""
    place, rule = step["number"] - 1, then.rule
    if rule is None or then.event is None or place >= len(rule.do) or rule.do[place].use != step["use"]:
        return None
    try:
        found = render_arguments(rule.do[place], rule.with_groups(then.event), step.get("state"), then.run)
    except Empty:
        return None
    situation = Situation(handlers(then.table))
    return {name: shown_argument(step["use"], name, _with(value, said), situation) for name, value in found.items()}


def _with(value: Any, said: str) -> Any:
    """The value with what the step before said."""
    if isinstance(value, Mapping):
        return {name: _with(inner, said) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with(inner, said) for inner in value]
    return value.replace(_RUN_SAID, said) if isinstance(value, str) else value
