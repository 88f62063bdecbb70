"""The thread of a source that sleeps between its turns, until something is due or another thread wakes it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from hooks.threads.lasting import LastingThread

_STOP_S = 2.0


class PeriodicThread(ABC):
    """Calls `turn` again and again and sleeps in between.

    `does` says what for, as in "ticks for the rules". A turn that raises is reported, and comes again after a pause.
    `wait(wakeup, timeout_s)` returns when the wakeup is set or the time is over (None: no time-out).
    """

    def __init__(
        self, name: str, does: str, wait: Callable[[threading.Event, float | None], object] = threading.Event.wait
    ) -> None:
        self._wait, self._wakeup, self._stopping = wait, threading.Event(), False
        self.thread = LastingThread(self._run, name, does)

    @property
    def alive(self) -> bool:
        """Whether the thread runs, so that there will be another turn."""
        return self.thread.is_alive()

    def start(self) -> None:
        """Start the thread; its first turn comes at once."""
        self.thread.start()

    def stop(self) -> None:
        """Stop. A turn in progress is waited for two seconds at most. May be called without a start."""
        self.begin_stop()
        self.thread.join(_STOP_S)

    def begin_stop(self) -> None:
        """Begin no further turn, and do not wait for the one in progress."""
        self._stopping = True
        self._wakeup.set()
        self.thread.stop()

    def wake(self) -> None:
        """Begin the next turn now."""
        self._wakeup.set()

    @abstractmethod
    def turn(self) -> float | None:
        """Do what is due. Returns for how many seconds to sleep then; None: until `wake`."""

    def _run(self) -> None:
        while not self._stopping:
            self._wakeup.clear()  # before the turn, so that a `wake` during it ends the sleep after it
            timeout_s = self.turn()
            if not self._stopping:
                self._wait(self._wakeup, timeout_s)
