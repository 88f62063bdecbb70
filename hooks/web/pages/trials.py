"""What is tried: what the rules would do with an event, and what a pasted rules file would have done with the day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hooks.web.pages.traces import EventView, arguments
from hooks.web.pages.words import LONGEST_LINE, State, cut, decision, number, rows, span, texts

MOST_DECISIONS = 150  # on the page
_QUIET = frozenset(("event", "accepted", "ended"))  # rows of a replay that say little


@dataclass(frozen=True, slots=True)
class StepPlan:
    """A step that would be done."""

    use: str
    args: str
    but: str


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """What a rule would do with the event."""

    rule: str
    state: State
    key: str
    entry: str
    why: tuple[str, ...]
    do: tuple[StepPlan, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer of `gluehook explain`: those that would run come first."""

    rules: tuple[RuleAnswer, ...]
    said: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ReplayRow:
    """One decision of the replay. `side`: in a comparison, "now" or "pasted"."""

    at: str
    state: State
    rule: str
    key: str
    what: str
    side: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the pasted rules would have decided. `counts`: runs by rule."""

    rows: tuple[ReplayRow, ...]
    hidden: int
    counts: tuple[tuple[str, int], ...]
    said: str
    problem: str = ""
    compared: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """The page: what was asked and what was answered."""

    words: str = ""
    events: tuple[EventView, ...] = ()
    explained: Explained | None = None
    rules_text: str = ""
    replayed: Replayed | None = None
    compared: bool = True


def explained(items: Sequence[Mapping[str, Any]], said: str = "", problem: str = "") -> Explained:
    """The runner's answer to `explain`."""
    answers = [_answer(one) for one in items[:200]]
    return Explained(
        tuple(sorted(answers, key=lambda one: one.state.tone == "plain")), cut(said, LONGEST_LINE), cut(problem)
    )


def _answer(one: Mapping[str, Any]) -> RuleAnswer:
    runs = bool(one.get("runs"))
    state = State("plain", "does not run")
    if runs:
        wait = one.get("in_s")
        word = "waits" if wait is None else "runs at once" if number(wait) <= 0 else f"runs in {span(number(wait))}"
        state = State("well" if wait is not None else "busy", word)
        if wait is None and not one.get("do"):
            state = State("plain", "nothing runs")
    why = (*texts(one.get("when")), *texts(one.get("why")), *texts(one.get("next")))
    return RuleAnswer(cut(one.get("rule"), 200), state, cut(one.get("key"), LONGEST_LINE),
                      cut(one.get("entry"), LONGEST_LINE), why,
                      tuple(map(_plan, rows(one.get("do"))[:20])))  # fmt: skip


def _plan(step: Mapping[str, Any]) -> StepPlan:
    return StepPlan(cut(step.get("use"), 100), arguments(step.get("args")), cut(step.get("but"), LONGEST_LINE))


def replayed(
    records: Iterable[Mapping[str, Any]], said: str = "", problem: str = "", *, pasted: str = "", compared: bool = False
) -> Replayed:
    """The records of `gluehook replay --json`, as they come. `pasted` is the pasted file's name in a comparison."""
    counts: dict[str, int] = {}
    shown: list[ReplayRow] = []
    decided = 0
    for one in records:
        if one.get("what") in _QUIET:
            continue
        decided += 1
        if len(shown) < MOST_DECISIONS:
            shown.append(_row(one, pasted))
        if one.get("what") == "runs" and (not compared or one.get("only") == pasted):
            name = cut(one.get("rule"), 200)
            counts[name] = counts.get(name, 0) + 1
    return Replayed(tuple(shown), decided - len(shown), tuple(sorted(counts.items())[:100]), cut(said, 2_000),
                    cut(problem), compared)  # fmt: skip


def _row(one: Mapping[str, Any], pasted: str) -> ReplayRow:
    event = one.get("event")
    event = event if isinstance(event, Mapping) else {}
    steps = ", ".join(str(step.get("use")) for step in rows(one.get("steps")))
    what = steps or str(one.get("why") or "") or f"{event.get('type', '')} {event.get('subject', '')}"
    wait = f", {span(number(one.get('wait_s')))}" if one.get("wait_s") else ""
    side = ("pasted" if one["only"] == pasted else "in force") if "only" in one else ""
    at = str(one.get("at") or "").replace("T", " ").partition(".")[0]
    return ReplayRow(cut(at, 40), decision(one.get("what")), cut(one.get("rule"), 200),
                     cut(one.get("key"), LONGEST_LINE), cut(what + wait, LONGEST_LINE), side)  # fmt: skip
