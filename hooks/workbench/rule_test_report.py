"""Shows the result of a `[[test]]`, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from hooks.config.masking import presentable
from hooks.events.durations import format_duration as duration
from hooks.rules.rule_tests import Expected
from hooks.rules.table import Table
from hooks.workbench.run_rule_tests import ActualRun, RuleTestResult, since_begin
from hooks.workbench.timeline import Line, Timeline, step_words

_NONE = "–"


def failure(result: RuleTestResult, table: Table) -> Iterator[Line]:
    """The expected and the actual runs side by side, and the time line."""
    rows = [("expected", "got"), *_rows(result)]
    width = max(len(left) for left, _ in rows)
    for place, (left, right) in enumerate(rows):
        yield ("failed" if place else "event"), f"{left:{width}}  {right}"
    yield "event", f"what was decided until {duration(result.rule_test.until_s)}:"
    began = result.rule_test.began_ns
    timeline = Timeline(table, when=lambda at: f"{duration(since_begin(at, began)):>9}")
    for turn in result.turns:
        for kind, line in timeline.lines(turn):
            yield kind, f"  {line}"


def as_record(result: RuleTestResult, file: str) -> dict[str, Any]:
    """The verdict for a program: plain JSON values. A failure comes with all decisions."""
    test = result.rule_test
    record: dict[str, Any] = {"file": file, "line": test.line, "test": test.name, "good": result.passed}
    if result.passed:
        return record
    missing = [
        {"at_s": one.at_s, "rule": one.rule, "use": one.use, "args": presentable(one.args)} for one in result.missing
    ]
    surplus = [
        {"at_s": run.at_s, "rule": run.rule, "use": step.use, "args": presentable(step.args)}
        for run in result.surplus
        for step in run.steps
    ]
    decisions = [decision.as_record() for turn in result.turns for decision in turn]
    return {**record, "missing": missing, "surplus": surplus, "decisions": decisions}


def _rows(result: RuleTestResult) -> Iterator[tuple[str, str]]:
    """Missing runs beside unexpected ones of the same rule: often the one explains the other."""
    rules = [*(one.rule for one in result.missing), *(run.rule for run in result.surplus)]
    for rule in dict.fromkeys(rules):
        missing = [_expected(one) for one in result.missing if one.rule == rule]
        surplus = [line for run in result.surplus if run.rule == rule for line in _got(run)]
        yield from zip_longest(missing, surplus, fillvalue=_NONE)


def _expected(one: Expected) -> str:
    return f"{duration(one.at_s)}  {one.rule}  {step_words(one.use, one.args) if one.use else 'a run'}"


def _got(run: ActualRun) -> Sequence[str]:
    return [f"{duration(run.at_s)}  {run.rule}  {step_words(step.use, step.args)}" for step in run.steps]
