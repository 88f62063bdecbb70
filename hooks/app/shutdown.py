"""SIGTERM, SIGINT and SIGHUP: caught from the first moment on, and handed to the part that runs when they come."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

_ENDS = (signal.SIGTERM, signal.SIGINT)
_NUMBERS = (*_ENDS, signal.SIGHUP)


class SignalHandlers:
    """Catches the signals for the time of a `with` block. Make it in the main thread, before anything that takes time.

    Python runs a handler in the main thread only, and not before that wakes: a signal that comes an instant before it
    falls asleep would wait for the next event. So a thread of its own reads them from the wake-up descriptor.
    """

    def __init__(self) -> None:
        self.requested = threading.Event()
        self._act: Callable[[], None] = lambda: None
        self._reload: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def __enter__(self) -> SignalHandlers:
        self._read_end, self._write_end = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._write_end, False)
        self._before = signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        self._handlers = [signal.signal(number, lambda *_: None) for number in _NUMBERS]
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in zip(_NUMBERS, self._handlers, strict=True):
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._before)
        os.close(self._write_end)
        self._thread.join()
        os.close(self._read_end)

    def on_stop(self, act: Callable[[], None]) -> None:
        """Call `act` at SIGTERM or SIGINT, in another thread; at once if one has come already."""
        with self._lock:
            self._act = act
            if self.requested.is_set():
                act()

    def on_reload(self, act: Callable[[], None]) -> None:
        """Call `act` at each SIGHUP, in another thread. An earlier SIGHUP is forgotten."""
        self._reload = act

    def _listen(self) -> None:
        while numbers := os.read(self._read_end, 64):
            if signal.SIGHUP in numbers:
                self._reload()
            if not self.requested.is_set() and any(number in _ENDS for number in numbers):
                with self._lock:
                    self.requested.set()
                    self._act()
