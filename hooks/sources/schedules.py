"""The schedules of `timer.cron`: which are due, by the wall clock. The timer source asks, in its own thread.

The wall clock may be set, and the machine may sleep. What was due meanwhile is one event, the latest. A clock that is
set back by up to three hours lets nothing come twice; one that is set by more than that was wrong before, and nothing
in between counts (Debian cron does the same). What was due while gluehook did not run is one event, too, for rules with
`catch_up = true`: `missed` tells it, from the instants that the process before has kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from hooks.events import cron
from hooks.events.catalogue import Event
from hooks.events.wall_clock import LocalZone

CORRECTION_S = 3 * 3600.0  # a clock that is set by more was wrong before
LONGEST_WAIT_S = 60.0  # until the clock is looked at again: nothing tells that it was set, or that the machine slept
_LATE_S = 120.0  # an event that comes so much later says so


@dataclass(slots=True)
class _Schedule:
    """`done` is the last instant that it was due and told, or when it was set; both in seconds since the Unix epoch."""

    done: float
    next: float


class Schedules:
    """The schedules that rules name. Not thread-safe: the timer source has the lock.

    `clock` returns seconds since the Unix epoch, `booted` seconds that go on while the machine sleeps and that nobody
    sets. `kept` are the instants (`done`) of the process before.
    """

    def __init__(
        self, clock: Callable[[], float], booted: Callable[[], float], kept: Mapping[str, float],
        zone: tzinfo | None = None,
    ) -> None:  # fmt: skip
        self._clock, self._booted, self._zone = clock, booted, zone or LocalZone()
        self._kept, self._began = dict(kept), clock()
        self._seen = self._began, booted()
        self._schedules: dict[str, _Schedule] = {}

    def set(self, schedules: Iterable[str]) -> None:
        """Follow these from now on; one that was followed before goes on."""
        now, known = self._clock(), self._schedules
        self._schedules = {text: known.get(text) or self._new(text, now) for text in sorted(schedules)}
        self._kept = {text: at for text, at in self._kept.items() if text in self._schedules}

    def done(self) -> dict[str, float]:
        """By schedule, the last instant that was told: for the next process."""
        return {text: self._kept.get(text, one.done) for text, one in self._schedules.items()}

    def missed(self, catch_up: Iterable[str]) -> list[Event]:
        """An event for each of these that was due while gluehook did not run. Only the first call has any."""
        kept, self._kept = self._kept, {}
        since = {text: kept[text] for text in sorted(catch_up) if text in kept and text in self._schedules}
        found = {text: cron.last_at(text, self._began, at, self._zone) for text, at in since.items()}
        return [cron.event_of(text, at, self._zone, "start") for text, at in found.items() if at is not None]

    def due(self) -> list[Event]:
        """An event for each schedule that is due: once it is posted, `told` ends that."""
        now = self._clock()
        if abs(self._set_by(now)) > CORRECTION_S:
            self._schedules = {text: self._new(text, now) for text in self._schedules}
        due = {text: one for text, one in self._schedules.items() if one.next <= now}
        found = {text: cron.last_at(text, now, one.done, self._zone) or one.next for text, one in due.items()}
        return [cron.event_of(text, at, self._zone, _late(now - at)) for text, at in found.items()]

    def told(self, event: Event) -> None:
        """The event is posted."""
        self._kept.pop(event.subject, None)
        if one := self._schedules.get(event.subject):
            one.done = max(one.done, event.time / 1e9)
            one.next = self._after(event.subject, one.done)

    def wait_s(self) -> float | None:
        """Seconds until one may be due; None without any."""
        now, following = self._clock(), [one.next for one in self._schedules.values()]
        return min(max(0.0, min(following) - now), LONGEST_WAIT_S) if following else None

    def _new(self, text: str, now: float) -> _Schedule:
        kept = self._kept.get(text, now)
        done = kept if now < kept <= now + CORRECTION_S else now  # the clock was set back: nothing comes twice
        return _Schedule(done, self._after(text, done))

    def _after(self, text: str, at: float) -> float:
        return cron.next_at(text, at, self._zone) or float("inf")

    def _set_by(self, now: float) -> float:
        """By how much the clock was set since the last look."""
        (wall, booted), self._seen = self._seen, (now, self._booted())
        return (now - wall) - (self._seen[1] - booted)


def _late(by_s: float) -> str:
    return "sleep" if by_s > _LATE_S else ""
