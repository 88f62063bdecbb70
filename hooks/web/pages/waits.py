"""What comes next: which runs wait and until when, what runs now, and what is paused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hooks.web.pages.words import LONGEST_LINE, State, cut, instant, number, rows

MOST_WAITS = 30  # on the page
_WHY: Mapping[str, str] = {
    "for": "the state must last", "debounce": "it must be quiet", "cooldown": "it rests after its last run",
    "only_if": "its conditions do not hold", "limit": "its limit is used up", "retry": "it is tried again",
    "pause": "it is paused", "running": "an earlier run is at work", "busy": "too many runs are at work",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wait:
    """A run that waits."""

    rule: str
    key: str
    word: str  # the key of rules.toml that makes it wait, such as "for"
    why: str
    until: float | None
    used: str  # of its limit, "2 of 3 runs used"; "" without one


@dataclass(frozen=True, slots=True)
class Working:
    """A run that is at work."""

    run: str
    rule: str
    key: str
    attempt: int
    began: float | None
    state: State


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of one rule, or of all ("")."""

    rule: str
    until: float | None


@dataclass(frozen=True, slots=True)
class Next:
    """All three, and how many waits are not shown."""

    waits: tuple[Wait, ...]
    working: tuple[Working, ...]
    pauses: tuple[Pause, ...]
    hidden: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, runs or is paused."""
        return not (self.waits or self.working or self.pauses)


def coming(snapshot: Mapping[str, Any]) -> Next:
    """What the runner's snapshot says of the next minutes, the earliest first."""
    waits = sorted(map(_wait, rows(snapshot.get("waits"))), key=lambda wait: wait.until or float("inf"))
    working = tuple(map(_working, rows(snapshot.get("running"))[:MOST_WAITS]))
    hidden = max(0, len(waits) - MOST_WAITS) + int(number(snapshot.get("more_waits")))
    return Next(tuple(waits[:MOST_WAITS]), working, _pauses(snapshot), hidden)


def _wait(one: Mapping[str, Any]) -> Wait:
    word = cut(one.get("why"), 80)
    most = int(number(one.get("tries_of")))
    used = f"{int(number(one.get('tries_used')))} of {most} runs used" if most else ""
    said = cut(one.get("said"), LONGEST_LINE)  # what its conditions lack
    why = ": ".join(filter(None, (_WHY.get(word, ""), said)))
    return Wait(cut(one.get("rule"), 200), cut(one.get("key"), LONGEST_LINE), word, why,
                instant(one.get("until")), used)  # fmt: skip


def _working(one: Mapping[str, Any]) -> Working:
    state = State("risk", "overdue") if one.get("overdue") else State("busy", "at work")
    return Working(cut(one.get("run"), 100), cut(one.get("rule"), 200), cut(one.get("key"), LONGEST_LINE),
                   int(number(one.get("attempt"), 1)), instant(one.get("began")), state)  # fmt: skip


def _pauses(snapshot: Mapping[str, Any]) -> tuple[Pause, ...]:
    of_rules = [one for one in rows(snapshot.get("rules")) if instant(one.get("paused_until"))]
    found = [Pause(cut(one.get("name"), 200), instant(one.get("paused_until"))) for one in of_rules]
    found += [Pause(cut(one.get("rule"), 200), instant(one.get("until"))) for one in rows(snapshot.get("pauses"))]
    return tuple(dict.fromkeys(found))[:MOST_WAITS]
