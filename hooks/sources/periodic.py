"""The thread of a source that mostly sleeps: until something is due, or until somebody rings."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

_STOP_S = 2.0


class Sleeper(ABC):
    """Calls `turn` again and again and sleeps in between.

    `wait(bell, timeout_s)` returns when the bell is set or the time is over (None: no time-out).
    """

    def __init__(
        self, name: str, wait: Callable[[threading.Event, float | None], object] = threading.Event.wait
    ) -> None:
        self._wait, self._bell, self._stopping = wait, threading.Event(), False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def alive(self) -> bool:
        """Whether there will be another turn."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin with the first turn."""
        self._thread.start()

    def stop(self) -> None:
        """End. A turn that is under way is not waited for longer than two seconds. May be called without a start."""
        self._stopping = True
        self._bell.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def ring(self) -> None:
        """Wake it: the next turn comes now."""
        self._bell.set()

    @abstractmethod
    def turn(self) -> float | None:
        """Do what is due. For how many seconds to sleep then; None: until somebody rings."""

    def _run(self) -> None:
        while not self._stopping:
            self._bell.clear()  # before the turn: who rings from here on ends the sleep
            timeout_s = self.turn()
            if not self._stopping:
                self._wait(self._bell, timeout_s)
