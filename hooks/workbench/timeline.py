"""The time line of a replay for people: aligned lines, each with the kind of its decision, for colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hooks.config.masking import presentable
from hooks.events.durations import format_duration as duration
from hooks.rules.matching import as_toml
from hooks.rules.table import Table
from hooks.workbench.decisions import Decision, DecisionKind, instant

_WIDEST_RULE = 32
_LONGEST_VALUE = 60
_NOTHING = "and no step has anything to do"

Line = tuple[DecisionKind, str]


def clock(at: int) -> str:
    """An instant for a person, in UTC: "2026-11-22 19:50:24.123"."""
    return instant(at).replace("T", " ").rstrip("Z")


class Timeline:
    """Makes lines of decisions. An instant is written once, where it begins."""

    def __init__(self, *tables: Table, when: Callable[[int], str] = clock) -> None:
        names = [len(rule.name) for table in tables for rule in table.rules]
        self._width, self._when, self._last = min(max(names, default=0), _WIDEST_RULE), when, -1

    def lines(self, turn: Sequence[Decision]) -> Iterator[Line]:
        """The lines of the decisions at one event and since the event before."""
        ends = {_attempt(one): one.why for one in turn if one.kind == "ended"}
        begun = {_attempt(one) for one in turn if one.kind == "runs"}
        shown_lanes = {_lane(one) for one in turn if one.kind not in ("event", "accepted")}
        for one in turn:
            if one.kind == "accepted" and _lane(one) in shown_lanes:
                continue  # another line shows its result
            if one.kind == "ended" and _attempt(one) in begun:
                continue  # the line of its start shows it
            at_once = f": {ends[_attempt(one)]}" if one.kind == "runs" and _attempt(one) in ends else ""
            yield one.kind, self._line(one) + at_once

    def _line(self, decision: Decision) -> str:
        when = self._when(decision.at)
        shown = when if decision.at != self._last else " " * len(when)
        self._last = decision.at
        if decision.kind == "event":
            return f"{shown}  {decision.event.type} {decision.event.subject}"
        who = f"{decision.rule:{self._width}} ({decision.key})"
        return f"{shown}    {who}  {_said(decision)}".rstrip()


def _attempt(decision: Decision) -> tuple[str, int, int]:
    return decision.run, decision.attempt, decision.at


def _lane(decision: Decision) -> tuple[str, str, int]:
    return decision.rule, decision.key, decision.at


def _said(decision: Decision) -> str:
    match decision.kind:
        case "runs":
            again = f" (attempt {decision.attempt})" if decision.attempt > 1 else ""
            return f"runs{again} {', then '.join(step_words(*step[:2]) for step in decision.steps) or _NOTHING}"
        case "waits" if decision.why:
            return f"waits for its conditions: {decision.why}"
        case "waits":
            return f"waits {duration(decision.wait_s or 0)}"
        case "retries":
            return f"tries again in {duration(decision.wait_s or 0)}"
        case "left":
            return _left(decision)
        case "ended":
            return f"ended: {decision.why}"
    return _WORDS[decision.kind] + (f": {decision.why}" if decision.why else "")


_WORDS: Mapping[str, str] = {
    "accepted": "takes it", "merged": "takes it in place of the one that waits",
    "dropped": "lets it go", "exhausted": "is exhausted", "superseded": "begins anew", "failed": "has failed for good",
    "blind": "cannot see whether its state lasts, and counts no time", "sees": "sees its state again",
}  # fmt: skip


def _left(decision: Decision) -> str:
    if decision.why:
        return f"at the end {decision.why}"
    return f"at the end it waits, for {duration(decision.wait_s or 0)} more"


def step_words(use: str, args: Mapping[str, Any]) -> str:
    """A step and its arguments on one line, as a rules file would have them; what looks secret is hidden."""
    written = ", ".join(f"{name} = {_short(as_toml(value))}" for name, value in presentable(args).items())
    return f"{use} {{ {written} }}" if written else use


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
