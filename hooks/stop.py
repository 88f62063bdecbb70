"""SIGTERM and SIGINT: heard from the first moment on, and handed to whatever runs when they come."""

from __future__ import annotations

import signal
from collections.abc import Callable


class Stop:
    """The wish to end. Make it in the main thread, before anything that takes time."""

    def __init__(self) -> None:
        self.heard = False
        self._act: Callable[[], None] = lambda: None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._hear)

    def leads_to(self, act: Callable[[], None]) -> None:
        """What is to be done when it is heard; done now if it was heard already."""
        self._act = act
        if self.heard:
            act()

    def _hear(self, *_: object) -> None:
        # only once: a second signal may come while `act` holds a lock, in this very thread
        if not self.heard:
            self.heard = True
            self._act()
