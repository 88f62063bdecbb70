"""The timer source: `timer.tick` at each period that a rule names. One thread, asleep between two ticks."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hooks.events import durations, signals
from hooks.events.catalogue import Event
from hooks.sources.periodic import PeriodicThread


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


class TimerSource(PeriodicThread):
    """Posts a `timer.tick` for each of the periods in `every` ("5m", "1h30m"), the first one after a whole period.

    `clock` returns monotonic seconds. Raises ValueError for a text that is no duration.
    """

    def __init__(
        self,
        post: Callable[[Event], None],
        every: Iterable[str],
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Event, float | None], object] = threading.Event.wait,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__("timer", "ticks for the rules", wait)
        self._post, self._clock, self._now_ns = post, clock, now_ns
        self._lock = threading.Lock()
        self._periods: dict[str, _Period] = {}
        self.set(every)

    def set(self, every: Iterable[str]) -> None:
        """Tick at these periods from now on; one that was set before keeps its phase."""
        periods = {durations.format_duration(period_s): period_s for period_s in map(durations.parse, every)}
        now = self._clock()
        with self._lock:
            known = self._periods
            self._periods = {text: known.get(text) or _Period(text, period, now) for text, period in periods.items()}
        self.wake()

    def turn(self) -> float | None:
        """Tick for each period that is over; sleep until the next one is."""
        for every in self._due():
            self._tick(every)
        return self._timeout_s()

    def _due(self) -> list[str]:
        now = self._clock()
        with self._lock:
            return [period.every for period in self._periods.values() if period.is_due(now)]

    def _timeout_s(self) -> float | None:
        with self._lock:
            following = [period.next_s for period in self._periods.values()]
        return min(max(0.0, min(following) - self._clock()), threading.TIMEOUT_MAX) if following else None

    def _tick(self, every: str) -> None:
        try:
            self._post(Event("timer.tick", every, self._now_ns(), "timer", data={"every": every}))
        except Exception as error:  # noqa: BLE001 - the next tick must come
            said = f"the tick every {every} was lost ({type(error).__name__}: {error}); the next one comes as usual"
            signals.emit(signals.problem, said=said)
