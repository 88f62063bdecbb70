"""What takes long to read is read beside the requests: a page shows what was read last, and waits next to nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

WAIT_S = 0.02  # of the first byte of a page, for what may be there at once


class Background(Generic[T]):
    """The last value of `read`, which must not raise. It is read again when somebody asks and it is older than
    `keep_s` seconds; `clock` is monotonic.
    """

    def __init__(
        self, name: str, read: Callable[[], T], keep_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name, self._read, self._keep_s, self._clock = name, read, keep_s, clock
        self._lock = threading.Lock()
        self._value: T | None = None
        self._read_at = float("-inf")
        self._done = threading.Event()
        self._done.set()

    @property
    def is_reading(self) -> bool:
        """Whether it is being read now."""
        return not self._done.is_set()

    @property
    def is_known(self) -> bool:
        """Whether there is a value."""
        return self._value is not None

    def latest(self, keep_s: float | None = None) -> T | None:
        """The last value, None before the first one. `keep_s`: how old it may be this time."""
        with self._lock:
            if self._clock() - self._read_at >= (self._keep_s if keep_s is None else keep_s) and not self.is_reading:
                self._done.clear()
                threading.Thread(target=self._refresh, name=f"read-{self._name}", daemon=True).start()
        self._done.wait(WAIT_S)
        return self._value

    def _refresh(self) -> None:
        try:
            self._value = self._read()
        finally:
            self._read_at = self._clock()
            self._done.set()
