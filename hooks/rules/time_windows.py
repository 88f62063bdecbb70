"""Windows of wall time: whether an instant lies in one, and when that changes next, also over changes of the clock.

A window is a set of readings of the wall clock. So where the clock is set forward the window is shorter by the readings
that are left out, and where it is set back the window has the repeated readings twice. Pure: the caller says which
instant it is and how far the local clock is from UTC at any instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_S = 86400
_FIRST_WEEKDAY = 3  # 1970-01-01 was a Thursday
_AHEAD = 9  # days: the same window of the next week, and a day that a change of the clock leaves out


class Clock(NamedTuple):
    """`instant` is seconds since the Unix epoch; `offset_s(instant)` how far local time is ahead of UTC then."""

    instant: float
    offset_s: Callable[[float], float]

    @property
    def reading(self) -> str:
        """The local day and time: "tue 14:03"."""
        days, second = divmod(int(round(self.instant, 3) + self.offset_s(self.instant)), _DAY_S)
        return f"{DAYS[_weekday(days)]} {second // 3600:02}:{second // 60 % 60:02}"

    def later(self, seconds: float) -> Clock:
        """The clock so many seconds later."""
        return self._replace(instant=self.instant + seconds)


@dataclass(frozen=True, slots=True)
class Window:
    """From `start_s` to before `end_s` of each of `days` (0 is Monday), in seconds of the local day.

    An end that is not after the start lies on the next day: the window belongs to the day on which it begins.
    """

    start_s: int = 0
    end_s: int = _DAY_S
    days: frozenset[int] = frozenset(range(7))

    def holds(self, clock: Clock) -> bool:
        """Whether the instant lies in it."""
        instant = round(clock.instant, 3)  # a clock that is summed up must not be just before a boundary
        day, second = divmod(instant + clock.offset_s(instant), _DAY_S)
        return self._covers(int(day), second)

    def changes_at(self, clock: Clock) -> float | None:
        """The next instant at which `holds` is another answer, in seconds since the Unix epoch; None: never."""
        now = self.holds(clock)
        for instant in _instants(self._boundaries(clock), clock):
            if instant > round(clock.instant, 3) and self.holds(Clock(instant, clock.offset_s)) != now:
                return instant
        return None

    def _covers(self, day: int, second: float) -> bool:
        if self.end_s > self.start_s:
            return self.start_s <= second < self.end_s and _weekday(day) in self.days
        begun_today = second >= self.start_s and _weekday(day) in self.days
        return begun_today or (second < self.end_s and _weekday(day - 1) in self.days)

    def _boundaries(self, clock: Clock) -> Iterator[int]:
        """Readings of the local clock at which the answer may change, as seconds since 1970-01-01T00:00 local time."""
        today = int((clock.instant + clock.offset_s(clock.instant)) // _DAY_S)
        marks = sorted({self.start_s, self.end_s % _DAY_S})
        for day in range(today - 1, today + _AHEAD):
            yield from (day * _DAY_S + mark for mark in marks)


def _instants(readings: Iterator[int], clock: Clock) -> Iterator[float]:
    """The instants of these readings in order, and those between them at which the local clock is set."""
    last: float | None = None
    for reading in readings:
        for instant in sorted(_of_reading(reading, clock)):
            if last is not None and last < instant and clock.offset_s(last) != clock.offset_s(instant):
                yield _set_at(last, instant, clock)
            yield instant
            last = instant if last is None else max(last, instant)


def _of_reading(reading: int, clock: Clock) -> set[float]:
    """When the local clock shows this reading: twice where it was set back, near it where it was set forward."""
    offsets = {clock.offset_s(reading - near) for near in (-_DAY_S, _DAY_S)}
    return {reading - offset for offset in offsets}


def _set_at(before: float, after: float, clock: Clock) -> float:
    """The first whole second between these instants at which the clock has another offset than at the first."""
    first, begun, ended = clock.offset_s(before), int(before), int(after)
    while ended - begun > 1:
        middle = (begun + ended) // 2
        begun, ended = (middle, ended) if clock.offset_s(middle) == first else (begun, middle)
    return float(ended)


def _weekday(day: int) -> int:
    return (day + _FIRST_WEEKDAY) % 7
