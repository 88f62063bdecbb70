"""A trace as values, and as JSON for programs.

`Trace.to_json()` has this shape. Instants are seconds since the Unix epoch, null where they are not known; texts are
masked as in the log.

    {"run": {"id", "rule", "key", "began", "ended", "took_s", "attempt", "outcome", "said", "manual"},
     "event": {the JSON of a recording line} or null,
     "came_from": {"how": HOW, "run": ID or ""} or null,
     "rules": {"known", "why", "file", "fingerprint", "since", "rules":
        [{"rule", "matched", "entry", "why": […], "run": ID or "", "outcome", "decisions": [DECISION, …]}, …]},
     "merged": how many earlier events were merged into this one,
     "waits": [{"why": "for" | "debounce" | "cooldown" | "running" | "pause" | "only_if", "since", "until"}, …],
     "decisions": [DECISION, …], what was decided about this rule and key, or about all rules, until the run ended,
     "attempts": [{"attempt", "began", "ended", "took_s", "outcome", "said", "again", "steps":
        [{"number", "use", "args": {…} or null, "status", "said", "saw": […], "at", "took_s", "waited_s"}, …]}, …],
     "followed": [{"how": HOW, "why", "at", "event": EVENT or null, "runs":
        [{"id", "rule", "key", "began", "ended", "outcome", "said", "followed": […]}, …]}, …],
     "unknown": [a sentence for each thing that the journal does not hold, …]}
    DECISION: {"at", "kind", "why", "until", "times"}

`outcome` of a run or an attempt is changed, unchanged, skipped, retry, give_up or superseded, null while it is not
over; of an attempt also cut_off: gluehook ended while it ran. `again` is when the next attempt was due. HOW, of what
followed, is "caused" (the run made the event happen), "failed" (for good), "exhausted" (it was the last run of its
limit), "recovered" (all was well again after it) or "soon_after" (the event is about what the run worked on, and came
within two minutes); in `came_from` it is said of the run that the event followed from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal

from hooks.config.masking import presentable
from hooks.events import jsonl
from hooks.events.catalogue import Event

How = Literal["caused", "failed", "exhausted", "recovered", "soon_after"]


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that was decided about a rule and key."""

    at: float
    kind: str
    why: str = ""
    until: float | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Wait:
    """What held the run back before its first attempt."""

    why: str
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class TracedStep:
    """One step as it was carried out. `args` is None where the rules of then are not known."""

    number: int
    use: str
    args: Mapping[str, Any] | None
    status: str
    said: str
    saw: tuple[str, ...] = ()
    at: float | None = None
    took_s: float | None = None
    waited_s: float = 0.0  # for target locks


@dataclass(frozen=True, slots=True)
class TracedAttempt:
    """One attempt and its steps."""

    attempt: int
    began: float | None
    ended: float | None
    outcome: str | None
    said: str
    again: float | None = None
    steps: tuple[TracedStep, ...] = ()
    took_s: float | None = None


@dataclass(frozen=True, slots=True)
class JudgedRule:
    """A rule of then: whether the event matched it, why not, and what became of it."""

    rule: str
    matched: bool
    entry: str
    why: tuple[str, ...] = ()
    run: str = ""
    outcome: str | None = None
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class RulesOfThen:
    """The rules that were in force; without `known`, `why` says why they are not known."""

    known: bool
    why: str = ""
    file: str = ""
    fingerprint: str = ""
    since: float | None = None
    rules: tuple[JudgedRule, ...] = ()


@dataclass(frozen=True, slots=True)
class CameFrom:
    """The run that the event came from; `run` is "" where it is not known."""

    how: How
    run: str


@dataclass(frozen=True, slots=True)
class FollowedRun:
    """A run that followed, and what followed from it."""

    id: str
    rule: str
    key: str
    began: float
    ended: float | None
    outcome: str | None
    said: str
    followed: tuple[Followed, ...] = ()


@dataclass(frozen=True, slots=True)
class Followed:
    """An event that followed from a run, and the runs for it. `event` is None where no rule has accepted it."""

    how: How
    why: str
    event: Event | None
    at: float | None  # when it came, or was decided
    runs: tuple[FollowedRun, ...] = ()


@dataclass(frozen=True, slots=True)
class TracedRun:
    """The run as a whole."""

    id: str
    rule: str
    key: str
    began: float
    ended: float | None
    took_s: float | None
    attempt: int
    outcome: str | None
    said: str
    manual: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that is known about one run."""

    run: TracedRun
    event: Event | None
    came_from: CameFrom | None
    rules: RulesOfThen
    merged: int = 0
    waits: tuple[Wait, ...] = ()
    decisions: tuple[Decision, ...] = ()
    attempts: tuple[TracedAttempt, ...] = ()
    followed: tuple[Followed, ...] = ()
    unknown: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """As the module's docstring shows it."""
        shown: dict[str, Any] = _json(self)
        return shown


def event_json(event: Event) -> dict[str, Any]:
    """The JSON of a recording line, without what looks secret. (A field of ours called `key` is none.)"""
    line: dict[str, Any] = json.loads(jsonl.dumps(event))
    return {**line, "data": {name: presentable(value) for name, value in line["data"].items()}}


def _json(value: Any) -> Any:
    if isinstance(value, Event):
        return event_json(value)
    if is_dataclass(value):
        return {each.name: _json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, list | tuple):
        return [_json(inner) for inner in value]
    return value
