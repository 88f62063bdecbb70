"""The events that the engine itself raises: rule.exhausted, run.failed and rule.recovered.

The engine has no wall clock: its events bear the time of what led to them. The next process that comes to the same end
makes the same event with the same id; a count would give one id to two events.
"""

from __future__ import annotations

from collections.abc import Mapping

from hooks.engine.lane import Lane
from hooks.engine.runs import Result, Run
from hooks.events.catalogue import Event
from hooks.events.durations import format_duration
from hooks.events.wording import counted

_NOTHING_SAID = "it said nothing"  # a placeholder without a value would make a step be skipped
GAVE_UP = "its handler gave up"


def exhausted(lane: Lane, because: Event, reason: str = "") -> Event:
    """The lane has used up its limit, or (with a reason) gave up. `because` is the event that is not answered."""
    tries = lane.tries
    data = {
        "rule": lane.rule.name, "key": lane.key, "runs": tries.total if lane.flaps else len(tries),
        "tries": tries.attempts, "said": tries.last_said or _NOTHING_SAID, "reason": reason or _why(lane),
    }  # fmt: skip
    return _event("rule.exhausted", data, because, f"{lane.rule.name}/{lane.key}")


def failed(run: Run, result: Result) -> Event:
    """The run has failed for good."""
    data = {
        "rule": run.rule.name, "key": run.key, "run": run.id, "handler": result.handler, "error": result.said,
        "tries": run.attempt, "said": result.said or _NOTHING_SAID,
    }  # fmt: skip
    return _event("run.failed", data, run.event, run.id)


def recovered(lane: Lane, because: Event, tries: int, reason: str) -> Event:
    """What the lane has made `tries` attempts for is well again. `because` is the event that shows it."""
    said = lane.tries.last_said or _NOTHING_SAID
    data = {"rule": lane.rule.name, "key": lane.key, "tries": tries, "said": said, "reason": reason}
    return _event("rule.recovered", data, because, f"{lane.rule.name}/{lane.key}")


def _why(lane: Lane) -> str:
    per = format_duration(lane.rule.limit.per_s) if lane.rule.limit else ""
    if lane.flaps:
        return f"it ran {counted(lane.tries.total, 'time')} within {per}, as its state ended and came back each time"
    lasts = ", and its state lasts" if lane.rule.stateful else ""
    return f"it ran {counted(len(lane.tries), 'time')} within {per}{lasts}"


def _event(kind: str, data: Mapping[str, object], because: Event, what: str) -> Event:
    return Event(kind, str(data["rule"]), because.time, data=data, id=f"{because.id}-{kind}-{what}")
