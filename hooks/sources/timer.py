"""The timer source: `timer.tick` at each period that a rule names, `timer.cron` at each schedule.

One thread, asleep until the next of them. While a rule names a schedule, it looks at the wall clock at least once a
minute (hooks/sources/schedules.py says why).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hooks.events import durations, signals
from hooks.events.catalogue import Event
from hooks.sources.periodic import PeriodicThread

if TYPE_CHECKING:
    from hooks.sources.schedules import Schedules


@dataclass(slots=True)
class _Period:
    """A period, from the instant when it was set. Ticks are counted from there, so that they do not drift."""

    every: str  # canonical, "5m"
    period_s: float
    since_s: float
    ticks: int = 0

    @property
    def next_s(self) -> float:
        return self.since_s + (self.ticks + 1) * self.period_s

    def is_due(self, now_s: float) -> bool:
        """Whether it ticks now. Several missed ticks, after a suspend for example, are one tick."""
        if now_s < self.next_s:
            return False
        self.ticks = max(self.ticks + 1, math.floor((now_s - self.since_s) / self.period_s))
        return True


def since_boot() -> float:
    """Seconds that go on while the machine sleeps, and that nobody sets."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class TimerSource(PeriodicThread):
    """Posts a `timer.tick` for each of the periods in `every` ("5m", "1h30m"), the first one after a whole period, and
    a `timer.cron` for each of the `schedules` ("0 4 * * sun") when it is due on the local clock.

    `clock` returns monotonic seconds, `booted` those that count the machine's sleep, too. `kept` is what `done` of the
    process before has returned. Raises ValueError for a text that is no duration.
    """

    def __init__(
        self,
        post: Callable[[Event], None],
        every: Iterable[str],
        schedules: Iterable[str] = (),
        *,
        kept: object = None,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Event, float | None], object] = threading.Event.wait,
        now_ns: Callable[[], int] = time.time_ns,
        booted: Callable[[], float] = since_boot,
    ) -> None:
        super().__init__("timer", "ticks for the rules", wait)
        self._post, self._clock, self._now_ns, self._booted = post, clock, now_ns, booted
        self._lock = threading.Lock()
        self._periods: dict[str, _Period] = {}
        self._kept = _instants(kept)
        self._schedules: Schedules | None = None
        self.set(every, schedules)

    def set(self, every: Iterable[str], schedules: Iterable[str] = ()) -> None:
        """Tick at these periods and schedules from now on; one that was set before keeps its phase."""
        periods = {durations.format_duration(period_s): period_s for period_s in map(durations.parse, every)}
        now, schedules = self._clock(), frozenset(schedules)
        with self._lock:
            known = self._periods
            self._periods = {text: known.get(text) or _Period(text, period, now) for text, period in periods.items()}
            if schedules and self._schedules is None:
                from hooks.sources.schedules import Schedules  # only for rules with a schedule: it loads cronsim

                self._schedules = Schedules(lambda: self._now_ns() / 1e9, self._booted, self._kept)
            if self._schedules:
                self._schedules.set(schedules)
        self.wake()

    def done(self) -> dict[str, float]:
        """By schedule, when it was last due and told (seconds since the Unix epoch): for the next process."""
        with self._lock:
            return self._schedules.done() if self._schedules else {}

    def catch_up(self, schedules: Iterable[str]) -> None:
        """Post one event for each of these that was due while gluehook did not run. Only the first call does."""
        with self._lock:
            missed = self._schedules.missed(schedules) if self._schedules else []
        for event in missed:
            self._tell(event)

    def turn(self) -> float | None:
        """Tick for each period that is over, and for each schedule that is due; sleep until the next one is."""
        for every in self._due():
            self._tell(Event("timer.tick", every, self._now_ns(), "timer", data={"every": every}))
        with self._lock:
            due = self._schedules.due() if self._schedules else []
        for event in due:
            self._tell(event)
            with self._lock:
                if self._schedules:
                    self._schedules.told(event)
        return self._timeout_s()

    def _due(self) -> list[str]:
        now = self._clock()
        with self._lock:
            return [period.every for period in self._periods.values() if period.is_due(now)]

    def _timeout_s(self) -> float | None:
        with self._lock:
            following = [max(0.0, period.next_s - self._clock()) for period in self._periods.values()]
            scheduled_s = self._schedules.wait_s() if self._schedules else None
        if scheduled_s is not None:
            following.append(scheduled_s)
        return min(*following, threading.TIMEOUT_MAX) if following else None

    def _tell(self, event: Event) -> None:
        try:
            self._post(event)
        except Exception as error:  # noqa: BLE001 - the next tick must come
            how = "every" if event.type == "timer.tick" else "at"
            what = f"the tick {how} {event.subject}"
            said = f"{what} was lost ({type(error).__name__}: {error}); the next one comes as usual"
            signals.emit(signals.problem, said=said)


def _instants(kept: object) -> Mapping[str, float]:
    """What a journal holds may be anything."""
    rows = kept.items() if isinstance(kept, dict) else ()
    return {str(text): float(at) for text, at in rows if isinstance(at, int | float) and math.isfinite(at)}
