"""A clock that a test moves, for sources that sleep."""

from __future__ import annotations

import threading
from collections.abc import Callable

WAIT_S = 10.0


class VirtualTime:
    """A clock that stands until it is told to jump, and a wait that ends only then or by a wakeup."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.asleep = threading.Event()
        self.timeouts_s: list[float | None] = []
        self._wakeup = threading.Event()

    def wait(self, wakeup: threading.Event, timeout_s: float | None) -> None:
        self.timeouts_s.append(timeout_s)
        self._wakeup = wakeup
        self.asleep.set()
        assert wakeup.wait(WAIT_S)

    def settle(self, change: Callable[[], None]) -> None:
        """Change something, and wait until the source has dealt with it and sleeps again."""
        assert self.asleep.wait(WAIT_S)
        self.asleep.clear()
        change()
        assert self.asleep.wait(WAIT_S)

    def jump(self, by_s: float) -> None:
        def move() -> None:
            self.now_s += by_s
            self._wakeup.set()

        self.settle(move)
