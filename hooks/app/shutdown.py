"""SIGTERM, SIGINT and SIGHUP: heard from the first moment on, and handed to whatever runs when they come."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

_ENDS = (signal.SIGTERM, signal.SIGINT)
_NUMBERS = (*_ENDS, signal.SIGHUP)


class Stop:
    """The wish to end, for the time of a `with` block. Make it in the main thread, before anything that takes time.

    Python runs a handler in the main thread only, and not before that wakes: a signal that comes an instant before it
    falls asleep would wait for the next event. So a thread of its own hears of them, through the wake-up descriptor.
    """

    def __init__(self) -> None:
        self.heard = threading.Event()
        self._act: Callable[[], None] = lambda: None
        self._hang_up: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def __enter__(self) -> Stop:
        self._ear, self._mouth = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._mouth, False)
        self._before = signal.set_wakeup_fd(self._mouth, warn_on_full_buffer=False)
        self._handlers = [signal.signal(number, lambda *_: None) for number in _NUMBERS]
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in zip(_NUMBERS, self._handlers, strict=True):
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._before)
        os.close(self._mouth)
        self._thread.join()
        os.close(self._ear)

    def leads_to(self, act: Callable[[], None]) -> None:
        """What is to be done when it is heard, in another thread; done now if it was heard already."""
        with self._lock:
            self._act = act
            if self.heard.is_set():
                act()

    def hang_up_leads_to(self, act: Callable[[], None]) -> None:
        """What is to be done at each SIGHUP, in another thread. One that came before is forgotten."""
        self._hang_up = act

    def _listen(self) -> None:
        while numbers := os.read(self._ear, 64):
            if signal.SIGHUP in numbers:
                self._hang_up()
            if not self.heard.is_set() and any(number in _ENDS for number in numbers):
                with self._lock:
                    self.heard.set()
                    self._act()
