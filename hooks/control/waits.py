"""What waits in the engine, why, and until when: a part of the verb `snapshot`. Pure; for the dispatcher's thread."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from hooks.engine.lane import Lane

MOST = 500


def waiting(
    lanes: Iterable[Lane], now: float, paused_until: Callable[[str], float], running: Collection[str]
) -> list[dict[str, Any]]:
    """What waits in these lanes, what is due first first; `until` is on the engine's clock, None where that is open.

    `running` are the ids of the runs that are at work.
    """
    found = [wait for lane in lanes for wait in _of(lane, now, paused_until(lane.rule.name), running)]
    return sorted(found, key=lambda wait: inf if wait["until"] is None else wait["until"])


def _of(lane: Lane, now: float, paused: float, running: Collection[str]) -> Iterator[dict[str, Any]]:
    if lane.running and lane.running.id not in running:  # it is due, and has not begun
        why, until = ("pause", paused) if paused > now else ("busy", None)
        yield _wait(lane, lane.running.event.id, why, until, lane.running.attempt)
    if lane.pending:
        head = lane.pending[0]
        why, until = _why(lane, paused)
        if why and (until is None or until > now):
            wait = _wait(lane, head.event.id, why, until, head.attempt)
            yield {**wait, "said": head.unmet.verdict.sentence} if why == "only_if" and head.unmet else wait


def _wait(lane: Lane, event: str, why: str, until: float | None, attempt: int) -> dict[str, Any]:
    limit = lane.rule.limit
    return {
        "rule": lane.rule.name, "key": lane.key, "event": event, "why": why, "until": until, "attempt": attempt,
        "tries_used": len(lane.tries) if limit else None, "tries_of": limit.runs if limit else None,
    }  # fmt: skip


def _why(lane: Lane, paused: float) -> tuple[str, float | None]:
    """The last of the things that hold it back, and until when. As `Lane.due` has them."""
    head, rule = lane.pending[0], lane.rule
    if lane.running:
        return "running", None
    held = {"retry" if head.attempt > 1 else "debounce" if rule.debounce and not rule.repeat else "cooldown": head.due}
    if head.attempt == 1 and not head.manual:
        if lane.exhausted and lane.waits_for_end_of_state:
            return "limit", None
        if lane.states.blind_since is not None:
            return "for", None
        held["cooldown"] = max(held.get("cooldown", -inf), lane.cooldown_until)
        if rule.for_s is not None:
            held["for"] = lane.states.since + rule.for_s
        if lane.exhausted and lane.tries.total:
            held["limit"] = lane.tries.room_at()
        if head.unmet and paused <= max(held.values()):  # by the clock alone, or when something happens
            return "only_if", head.unmet.may_hold_at
    held["pause"] = paused
    why = max(held, key=lambda name: held[name])
    return why, held[why]
