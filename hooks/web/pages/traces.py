"""The trace of one run: the event, what each rule said to it, the waits, each attempt with its steps, what followed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hooks.web.pages.words import (
    LONGEST_LINE,
    LONGEST_TEXT,
    State,
    cut,
    decision,
    instant,
    number,
    outcome,
    rows,
    texts,
)

MOST = 60  # of each list on the page: rules, decisions, attempts, what followed
_WAITS: Mapping[str, str] = {
    "for": "the state had to last", "debounce": "it had to be quiet", "cooldown": "the rule rested after its last run",
    "running": "an earlier run was at work", "pause": "the rule was paused",
    "only_if": "its conditions had to hold",
}  # fmt: skip
_HOW: Mapping[str, str] = {
    "caused": "it made this happen", "failed": "it failed for good", "exhausted": "it was the last run of its limit",
    "recovered": "all was well again after it", "soon_after": "it came soon after",
}  # fmt: skip
_DEEPEST = 8  # runs that followed from runs that followed


@dataclass(frozen=True, slots=True)
class EventView:
    """An event, field by field."""

    id: str
    type: str
    subject: str
    at: float | None
    origin: str
    cause: str  # the run of ours that made it happen
    fields: tuple[tuple[str, str], ...]
    line: str  # as a line of a recording, for `gluehook explain`


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """Whether a rule matched the event, why, and what became of it: `run` is its run."""

    rule: str
    state: State
    entry: str
    why: tuple[str, ...]
    run: str = ""
    outcome: State | None = None

    @property
    def matched(self) -> bool:
        """Whether it matched."""
        return self.state.tone == "well"


@dataclass(frozen=True, slots=True)
class WaitRow:
    """What held the run back before its first attempt."""

    word: str
    why: str
    since: float | None
    took_s: float


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision of the engine about this run."""

    at: float | None
    state: State
    why: str
    until: float | None
    times: int = 1


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of an attempt."""

    number: int
    use: str
    state: State
    args: str
    saw: tuple[str, ...]
    said: str
    took_s: float | None
    waited_s: float  # for target locks


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt."""

    number: int
    state: State
    began: float | None
    took_s: float | None
    said: str
    steps: tuple[StepView, ...]
    again: float | None  # when the next one was due

    @property
    def more_said(self) -> str:
        """What it said beside its steps."""
        said = "; ".join(step.said for step in self.steps)
        return "" if self.said in said else self.said


@dataclass(frozen=True, slots=True)
class Followed:
    """An event that followed, or a run for it; `depth` counts the runs between it and this one."""

    depth: int
    at: float | None
    what: str
    about: str
    run: str
    state: State
    said: str


@dataclass(frozen=True, slots=True)
class TraceView:
    """The whole trace. `unknown` says what of it is not known, sentence by sentence."""

    id: str
    rule: str
    key: str
    state: State
    said: str
    began: float | None
    took_s: float | None
    manual: bool
    event: EventView | None
    came_from: tuple[str, str]  # how, and the run; ("", "") for none
    rules: tuple[RuleVerdict, ...]
    rules_problem: str
    merged: int
    waits: tuple[WaitRow, ...]
    decisions: tuple[DecisionRow, ...]
    attempts: tuple[AttemptView, ...]
    followed: tuple[Followed, ...]
    unknown: tuple[str, ...]


def event_view(event: Mapping[str, Any] | None) -> EventView | None:
    """An event in its JSON of a recording; None for none."""
    if not event or not event.get("type"):
        return None
    data = event.get("data")
    fields = data if isinstance(data, Mapping) else {}
    line = cut(json.dumps(dict(event), ensure_ascii=False, default=str), 4 * LONGEST_TEXT)
    return EventView(
        cut(event.get("id"), 100), cut(event.get("type"), 100), cut(event.get("subject"), LONGEST_LINE),
        _nanoseconds(event.get("time")),
        cut(event.get("origin"), 40), cut(event.get("cause"), 100), tuple(_fields(fields))[:MOST],
        line if len(line) <= 2 * LONGEST_TEXT else "",
    )  # fmt: skip


def _nanoseconds(value: object) -> float | None:
    return value / 1e9 if isinstance(value, int) and 0 < value < 10**20 else None


def _fields(fields: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Each value with its path, as rules name it; `above` is the path of the table that it is in, and a dot."""
    for name, value in fields.items():
        if isinstance(value, Mapping) and value:
            yield from _fields(value, f"{above}{name}.")
        else:
            yield cut(f"{above}{name}", 200), cut(_shown(value), LONGEST_LINE)


def _shown(value: Any) -> str:
    if isinstance(value, list) and not any(isinstance(one, list | Mapping) for one in value):
        return ", ".join(map(_shown, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def trace_view(trace: Mapping[str, Any], now: float) -> TraceView:
    """`Trace.to_json()` as it is shown."""
    run, rules, came = (_object(trace.get(name)) for name in ("run", "rules", "came_from"))
    began, ended = instant(run.get("began")), instant(run.get("ended"))
    followed = [one for each in rows(trace.get("followed")) for one in _followed(each, 0)]
    return TraceView(
        cut(run.get("id"), 200), cut(run.get("rule"), 200), cut(run.get("key"), LONGEST_LINE),
        outcome(run.get("outcome")), cut(run.get("said")), began, _span(began, ended or now), bool(run.get("manual")),
        event_view(_object(trace.get("event"))), (_HOW.get(str(came.get("how")), ""), cut(came.get("run"), 200)),
        tuple(map(_verdict, rows(rules.get("rules"))[:MOST])), "" if rules.get("known") else cut(rules.get("why")),
        int(number(trace.get("merged"))), tuple(map(_wait, rows(trace.get("waits"))[:MOST])),
        tuple(map(_decision, rows(trace.get("decisions"))[:MOST])),
        tuple(_attempt(one, now) for one in rows(trace.get("attempts"))[-MOST:]), tuple(followed[:MOST]),
        tuple(texts(trace.get("unknown"))),
    )  # fmt: skip


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _span(since: float | None, until: float | None) -> float | None:
    return None if since is None or until is None else max(0.0, until - since)


def _verdict(one: Mapping[str, Any]) -> RuleVerdict:
    state = State("well", "matched") if one.get("matched") else State("plain", "did not match")
    run = cut(one.get("run"), 200)
    decided = [f"{decision(each.get('kind')).word}: {each['why']}"
               for each in rows(one.get("decisions")) if each.get("why")]  # fmt: skip
    why = (*texts(one.get("why")), *texts(decided))
    became = outcome(one.get("outcome")) if run else None
    return RuleVerdict(cut(one.get("rule"), 200), state, cut(one.get("entry"), LONGEST_LINE), why, run, became)


def _wait(one: Mapping[str, Any]) -> WaitRow:
    word, since = cut(one.get("why"), 40), instant(one.get("since"))
    return WaitRow(word, _WAITS.get(word, ""), since, _span(since, instant(one.get("until"))) or 0.0)


def _decision(one: Mapping[str, Any]) -> DecisionRow:
    return DecisionRow(
        instant(one.get("at")), decision(one.get("kind")), cut(one.get("why"), LONGEST_LINE), instant(one.get("until")),
        int(number(one.get("times"), 1)),
    )  # fmt: skip


def _attempt(one: Mapping[str, Any], now: float) -> AttemptView:
    began, ended = instant(one.get("began")), instant(one.get("ended"))
    is_over = ended is not None or one.get("outcome")
    state = State("broken", "cut off") if one.get("outcome") == "cut_off" else outcome(one.get("outcome"))
    steps = tuple(_step(step, place) for place, step in enumerate(rows(one.get("steps"))[:MOST], 1))
    return AttemptView(int(number(one.get("attempt"), 1)), state, began, _span(began, ended if is_over else now),
                       cut(one.get("said")), steps, instant(one.get("again")))  # fmt: skip


def _step(one: Mapping[str, Any], place: int) -> StepView:
    took = one.get("took_s")
    return StepView(int(number(one.get("number"), place)), cut(one.get("use"), 100), outcome(one.get("status")),
                    arguments(one.get("args")), tuple(texts(one.get("saw"))[:MOST]), cut(one.get("said")),
                    number(took) if isinstance(took, int | float) else None, number(one.get("waited_s")))  # fmt: skip


def arguments(args: object) -> str:
    """The arguments of a step, as rules.toml would have them."""
    pairs = _object(args).items()
    return cut(
        ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False, default=str)}" for name, value in pairs), 1_000
    )


def _followed(one: Mapping[str, Any], depth: int) -> Iterator[Followed]:
    event, how = event_view(_object(one.get("event"))), _HOW.get(str(one.get("how")), "")
    why = cut(one.get("why"), LONGEST_LINE)
    if event:
        said = "; ".join(filter(None, (how, why)))
        yield Followed(depth, event.at, event.type, event.subject, "", State("plain", "event"), said)
    elif why or how:
        yield Followed(depth, None, how or "it led to this", "", "", State("plain", "event"), why)
    for run in rows(one.get("runs")):
        yield Followed(
            depth, instant(run.get("began")), cut(run.get("rule"), 200), cut(run.get("key"), LONGEST_LINE),
            cut(run.get("id"), 200), outcome(run.get("outcome")), cut(run.get("said"), LONGEST_LINE),
        )  # fmt: skip
        if depth < _DEEPEST:
            yield from (each for inner in rows(run.get("followed")) for each in _followed(inner, depth + 1))
