"""Judges the conditions of runs that are due, and knows which lanes wait for conditions, by what may change them."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from hooks.engine.lane import Lane
from hooks.engine.runs import Unmet
from hooks.events.catalogue import Event
from hooks.rules.conditions import Watch
from hooks.rules.facts import Facts
from hooks.rules.verdicts import judge, watches

_SOONEST_S = 0.001
_UNSEEN_S, _SEE_AGAIN_S = 10.0, 1.0  # what cannot be seen is waited for so long whatever it is, and tried so often


class ConditionsDue:
    """The lanes whose conditions do not hold. They are judged again after `look_again_s` seconds at the latest."""

    def __init__(self, look_again_s: float = inf) -> None:
        self._look_again_s = look_again_s
        self._watched: dict[Watch, dict[Lane, None]] = {}
        self._lanes: dict[Lane, tuple[Watch, ...]] = {}

    def __len__(self) -> int:
        """How many lanes wait for conditions."""
        return len(self._lanes)

    def may_start(self, lane: Lane, now: float, facts: Facts) -> bool:
        """Whether the lane's next run, which is due, may start. Else the lane holds it back, or has dropped it."""
        head = lane.pending[0]
        if head.attempt > 1 or head.step or head.manual:
            return True
        verdict = judge(lane.rule.only_if, facts, lane.next_event)
        if not verdict.holds:
            opens = None if verdict.again_at is None else now + max(verdict.again_at - facts.clock.instant, _SOONEST_S)
            # at a start of gluehook for example, until it has reached Docker
            unsure = verdict.holds is None and now < head.first + _UNSEEN_S and self._look_again_s < inf
            again_s = _SEE_AGAIN_S if unsure else self._look_again_s
            unmet = Unmet(verdict, min(now + again_s, inf if opens is None else opens), opens, unsure)
            return lane.may_start(unmet, now)
        return lane.may_start(head.refused if head.refused and head.refused.until > now else None, now)

    def note(self, lane: Lane) -> None:
        """Remember what the lane waits for, or that it waits for nothing."""
        waits = bool(lane.pending) and lane.pending[0].unmet is not None
        wanted = watches(lane.rule.only_if, lane.next_event) if waits else ()
        known = self._lanes.get(lane)
        if not waits and known is None:
            return
        for watch in known or ():
            if watch not in wanted and (lanes := self._watched.get(watch)):
                lanes.pop(lane, None)
                if not lanes:
                    del self._watched[watch]
        for watch in wanted:
            self._watched.setdefault(watch, {})[lane] = None
        if waits:
            self._lanes[lane] = wanted
        else:
            del self._lanes[lane]

    def judge_again(self, event: Event) -> Iterable[Lane]:
        """The lanes whose conditions may be others after this event: they are due now."""
        what, found = event.type.partition(".")[0], dict[Lane, None]()
        if what == "source":
            found |= dict.fromkeys(self._lanes)
        elif what in ("container", "port"):
            for watch in _watches(what, event):
                found |= self._watched.get(watch, {})
        for lane in found:
            lane.judge_again()
        return found

    def keep(self, lanes: Iterable[Lane]) -> None:
        """Only these lanes are there now."""
        self._watched.clear()
        self._lanes.clear()
        for lane in lanes:
            if lane.rule.only_if:
                lane.judge_again()
                self.note(lane)


def _watches(what: str, event: Event) -> Iterable[Watch]:
    if what == "port":
        yield "port", ""
    yield "container", event.subject
    if old_name := event.data.get("old_name"):
        yield "container", str(old_name)
    if role := event.data.get("role"):
        yield "role", str(role)
