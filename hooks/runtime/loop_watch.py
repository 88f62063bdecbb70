"""The steps of the dispatcher's loop: one that raises, lasts long or stands still is reported, with what it is.

While the loop is at a step, no rule begins, whatever happens.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from hooks.events import signals
from hooks.threads.lasting import LastingThread

SLOW_S = 1.0  # a step takes milliseconds; one that took so long is reported
LATE_S = 5.0  # one that has lasted so long is reported while it lasts
EVERY_S = 5.0
_AFTER_FAILURE_S = 0.1  # what fails at each turn must not take the whole processor


class LoopSteps:
    """Does one step after the other. `clock` gives monotonic seconds, `named` what a step does, in words."""

    def __init__(
        self, clock: Callable[[], float], wait: Callable[[float], object], named: Callable[[Any], str]
    ) -> None:
        self._clock, self._wait, self._named = clock, wait, named
        self._doing: tuple[float, Any] | None = None

    def do(self, what: object, act: Callable[[], object]) -> None:
        """Call `act`. What it raises, or that it took long, is reported, and the loop goes on."""
        began = self._clock()
        self._doing = (began, what)
        try:
            act()
        except Exception as error:  # noqa: BLE001 - an event, a rule or a disk must not end gluehook
            said = f"the loop of gluehook failed to {self._named(what)} ({type(error).__name__}: {error}); it goes on"
            signals.emit(signals.problem, said=said, error=error)
            self._wait(_AFTER_FAILURE_S)
        took_s, self._doing = self._clock() - began, None
        if took_s >= SLOW_S:
            said = f"the loop of gluehook took {took_s:.1f} s to {self._named(what)}"
            signals.emit(signals.problem, said=f"{said}; no rule began meanwhile")

    def busy(self) -> tuple[float, str] | None:
        """Since when (on `clock`) the loop has been at its present step, and what that is. Any thread may ask."""
        doing = self._doing
        return (doing[0], self._named(doing[1])) if doing else None


class LoopWatch:
    """Looks every `EVERY_S` seconds what the loop is doing. `busy` returns since when, on `clock`, and with what."""

    def __init__(
        self, busy: Callable[[], tuple[float, str] | None], clock: Callable[[], float] = time.monotonic,
        every_s: float = EVERY_S,
    ) -> None:  # fmt: skip
        self._busy, self._clock, self._every_s = busy, clock, every_s
        self._stopping = threading.Event()
        self._said: float | None = None  # since when the step had lasted that was reported
        self.thread = LastingThread(self._run, "loop-watch", "notices when the loop stands still")

    def start(self) -> None:
        """Start the thread."""
        self.thread.start()

    def stop(self) -> None:
        """End the thread."""
        self.thread.stop()
        self._stopping.set()
        self.thread.join(1.0)

    def check(self) -> None:
        """Report a step that has lasted too long, once."""
        step = self._busy()
        if step is None or self._clock() - step[0] < LATE_S or step[0] == self._said:
            return
        self._said = step[0]
        lasts_s = self._clock() - step[0]
        said = f"the loop of gluehook stands still for {lasts_s:.0f} s, where it was to {step[1]}; "
        said += "no rule begins until that is done, and `gluehook health` soon says unhealthy"
        signals.emit(signals.problem, said=said)

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            self.check()
