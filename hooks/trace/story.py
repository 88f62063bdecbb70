"""A trace as lines for a person: what happened, why, what each step saw and did, and what followed.

Each line is an indent, a text and what kind of line it is; the command line gives the kinds their colours.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from hooks.config.masking import presentable
from hooks.config.secrets import CUT, printable
from hooks.events.catalogue import Event
from hooks.events.durations import format_duration
from hooks.events.wall_clock import local_time
from hooks.events.wording import counted
from hooks.journal.pages import OUTCOMES
from hooks.rules.matching import as_toml
from hooks.trace.model import Decision, Followed, JudgedRule, Trace, TracedAttempt, TracedStep

Kind = Literal["head", "well", "bad", "plain", "dim"]

_UNENDED: Mapping[str | None, str] = {"cut_off": "cut off", None: "not over"}
_WAITS = {
    "for": "for: the state had to last", "debounce": "debounce: it had to be quiet",
    "cooldown": "cooldown after the run before", "running": "the run before was at work", "pause": "a pause",
    "only_if": "only_if: its conditions had to hold",
}  # fmt: skip
_DECISIONS = {
    "waits": "waits for the state to last", "dropped": "what waited is dropped", "exhausted": "the limit is used up",
    "renewed": "its state is over", "superseded": "a newer event takes over",
    "blind": "cannot see whether the state lasts: its time stands still", "sees": "can see again",
    "paused": "paused by the owner", "resumed": "the pause is over",
}  # fmt: skip
_HOW = {"caused": "caused by this run", "failed": "as this run failed", "exhausted": "as this run was the last one",
        "recovered": "after this run", "soon_after": "soon after this run"}  # fmt: skip
_FROM = {"caused": "which {} caused", "failed": "as {} failed", "exhausted": "after the last run, {}",
         "recovered": "after {}"}  # fmt: skip
_LONGEST = 2000  # characters of an event's fields: a hook may have sent 256 KiB
_INDENT = 2
_SHORT_S, _MINUTE_S = 0.1, 60.0


class Line(NamedTuple):
    """One line: how many columns it is indented, its text, its kind."""

    indent: int
    text: str
    kind: Kind = "plain"


def story(trace: Trace, standing: str = "") -> Iterator[Line]:
    """The lines, in the order in which it happened. `standing` says where a run stands that is not over.

    What a terminal would obey is shown as �, whatever an event or a target has put there.
    """
    for line in _lines(trace, standing):
        yield line._replace(text=printable(line.text.replace("\n", " ")))


def _lines(trace: Trace, standing: str) -> Iterator[Line]:
    run = trace.run
    took = f" after {duration(run.took_s)}" if run.took_s is not None else ""
    kind = _kind(run.outcome)
    yield Line(0, f"{run.id}  {_word(run.outcome)}{took}", "head" if kind == "plain" else kind)
    yield from (Line(_INDENT, said) for said in (run.said, standing) if said)
    yield from _event(trace)
    yield from _rules(trace)
    yield from _waits(trace)
    yield from _attempts(trace)
    yield from _followed(trace)
    for place, said in enumerate(trace.unknown):
        yield from () if place else _heading("not known")
        yield Line(_INDENT, said, "dim")


def duration(seconds: float) -> str:
    """A duration for a person, as handlers write it: "12 ms", "6.4 s", "3m20s"."""
    if seconds >= _MINUTE_S:
        return format_duration(round(seconds))
    return f"{seconds * 1000:.0f} ms" if seconds < _SHORT_S else f"{seconds:.1f} s"


def _heading(text: str, more: str = "") -> Iterator[Line]:
    yield Line(0, "")
    yield Line(0, f"{text}{more}", "head")


def _event(trace: Trace) -> Iterator[Line]:
    yield from _heading("event")
    if trace.event is None:
        yield Line(_INDENT, "it is not in the journal any more", "dim")
        return
    yield Line(_INDENT, f"{local_time(_came(trace, trace.event))}  {_named(trace.event)}{_from(trace)}")
    fields = {name: value for name, value in trace.event.data.items() if name != "labels"}
    shown = _arguments({name: presentable(value) for name, value in fields.items()})
    yield Line(_INDENT, shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}{CUT}", "dim")
    if trace.merged:
        yield Line(
            _INDENT, f"{counted(trace.merged, 'earlier event')} had the same key, and this run is for all of them"
        )


def _came(trace: Trace, event: Event) -> float:
    """When the event came. Those that the engine makes bear the time of what led to them."""
    is_made = event.type in ("rule.exhausted", "rule.recovered", "run.failed")
    return trace.waits[0].since if is_made and trace.waits else trace.run.began if is_made else event.time / 1e9


def _named(event: Event) -> str:
    origin = "" if event.origin == "live" else f" ({event.origin})"
    return f"{event.type} of {event.subject}{origin}"


def _from(trace: Trace) -> str:
    if trace.run.manual:
        return ", run by hand"
    came = trace.came_from
    return f", {_FROM[came.how].format(came.run or 'a run that is not known')}" if came else ""


def _rules(trace: Trace) -> Iterator[Line]:
    rules = trace.rules
    if not rules.rules:
        return
    since = f", in force since {local_time(rules.since)}" if rules.since else ""
    yield from _heading("rules", f"  {rules.file}{since} ({rules.fingerprint})")
    for rule in (*(one for one in rules.rules if one.matched), *(one for one in rules.rules if not one.matched)):
        yield from _rule(rule, trace.run.id)


def _rule(rule: JudgedRule, run: str) -> Iterator[Line]:
    if not rule.matched:
        yield Line(_INDENT, f"{rule.rule} does not match: {'; '.join(rule.why)}", "dim")
        return
    became = "this run" if rule.run == run else f"{rule.run}, {_word(rule.outcome)}" if rule.run else ""
    said = "; ".join(filter(None, (became, *rule.why)))
    yield Line(_INDENT, f"{rule.rule} matches on {rule.entry}{': ' * bool(said)}{said}")
    if rule.run != run:
        yield from _decisions(rule.decisions, 2 * _INDENT)


def _decisions(decisions: Iterable[Decision], indent: int) -> Iterator[Line]:
    for one in decisions:
        until = f", until {_clock(one.until)}" if one.until is not None else ""
        why = f" ({one.why})" if one.why else ""
        times = f", {one.times} times" if one.times > 1 else ""
        word = "waits for its conditions" if one.kind == "waits" and one.why else _DECISIONS.get(one.kind, one.kind)
        yield Line(indent, f"{_clock(one.at)}  {word}{why}{until}{times}", "dim")


def _waits(trace: Trace) -> Iterator[Line]:
    if not trace.waits and not trace.decisions:
        return
    yield from _heading("waits and decisions")
    for wait in trace.waits:
        waited = duration(wait.until - wait.since)
        yield Line(_INDENT, f"{_clock(wait.since)}  waits {waited}, until {_clock(wait.until)}: {_WAITS[wait.why]}")
    yield from _decisions(trace.decisions, _INDENT)


def _attempts(trace: Trace) -> Iterator[Line]:
    yield from _heading("attempts")
    for attempt in trace.attempts:
        yield from _attempt(attempt)
        if attempt.again is not None:
            is_last = attempt is trace.attempts[-1]
            again = "was to be tried again" if is_last and trace.run.outcome else "tried again"
            yield Line(2 * _INDENT, f"{again} at {_clock(attempt.again)}", "dim")


def _attempt(attempt: TracedAttempt) -> Iterator[Line]:
    began = "" if attempt.began is None else f"{_clock(attempt.began)}  "
    took = "" if attempt.took_s is None else f" after {duration(attempt.took_s)}"
    last = attempt.steps[-1].said if attempt.steps else ""
    said = f": {attempt.said}" if attempt.said and not last else ""
    outcome = _word(attempt.outcome)
    yield Line(_INDENT, f"{began}attempt {attempt.attempt}  {outcome}{took}{said}", _kind(attempt.outcome))
    for step in attempt.steps:
        yield from _step(step)


def _step(step: TracedStep) -> Iterator[Line]:
    asked = f"  {_arguments(step.args)}" if step.args else ""
    yield Line(2 * _INDENT, f"{step.number}. {step.use}{asked}")
    if step.waited_s:
        yield Line(3 * _INDENT, f"waited {duration(step.waited_s)} for another run that worked on its target", "dim")
    for said in step.saw:
        yield Line(3 * _INDENT, f"saw  {said}", "dim")
    took = "" if step.took_s is None else f" after {duration(step.took_s)}"
    yield Line(3 * _INDENT, f"{_word(step.status)}{took}: {step.said}", _kind(step.status))


def _followed(trace: Trace) -> Iterator[Line]:
    if trace.followed:
        yield from _heading("what followed")
        yield from _events(trace.followed, _INDENT)


def _events(followed: Iterable[Followed], indent: int) -> Iterator[Line]:
    for one in followed:
        at = "" if one.at is None else f"{_clock(one.at)}  "
        what = _named(one.event) if one.event else "rule.exhausted" if one.how == "exhausted" else "an event"
        why = f": {one.why}" if one.why else ""
        yield Line(indent, f"{at}{what}, {_HOW[one.how]}{why}")
        for run in one.runs:
            said = f": {run.said}" if run.said else ""
            outcome = _word(run.outcome)
            yield Line(indent + _INDENT, f"{_clock(run.began)}  {run.id}  {outcome}{said}", _kind(run.outcome))
            yield from _events(run.followed, indent + 2 * _INDENT)
        if not one.runs:
            yield Line(indent + _INDENT, "no rule has run for it", "dim")


def _clock(at: float) -> str:
    """The time of day; the date stands at the event."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def _word(outcome: str | None) -> str:
    return OUTCOMES.get(str(outcome)) or _UNENDED.get(outcome, str(outcome))


def _kind(outcome: str | None) -> Kind:
    return {"changed": "well", "retry": "bad", "give_up": "bad", "cut_off": "bad"}.get(outcome or "", "plain")  # type: ignore[return-value]


def _arguments(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {as_toml(value)}" for name, value in values.items())
