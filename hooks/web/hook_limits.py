"""How often and how much hooks may be called: so that no program fills the journal, or keeps the runner busy."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

CALLS, CALLS_S = 60, 60.0  # of one hook in any such time, about: so many at once, then one for each second
_BYTES, BYTES_A_DAY = 4 * 1024 * 1024, 16 * 1024 * 1024  # of all hooks: so many at once, and then in a day
_MOST_NAMES = 1000


class Budget:
    """What may be taken: `most` at once, and it fills up by `per_s` each second. `clock` gives seconds."""

    def __init__(self, most: float, per_s: float, now: float) -> None:
        self._most, self._per_s, self._left, self._at = most, per_s, most, now

    def wait_s(self, amount: float, now: float) -> float:
        """In how many seconds there is room for the amount; 0 if now."""
        self._left, self._at = min(self._most, self._left + (now - self._at) * self._per_s), now
        return max(0.0, (amount - self._left) / self._per_s)

    def take(self, amount: float) -> None:
        """Use so much of it."""
        self._left -= amount


class HookLimits:
    """The budgets of all hooks. Thread-safe; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._bytes = Budget(_BYTES, BYTES_A_DAY / 86400, clock())
        self._calls: OrderedDict[str, Budget] = OrderedDict()

    def wait_s(self, hook: str, size: int) -> float:
        """0 where a call with so many bytes may be taken, and then it counts; else how many seconds it has to wait."""
        with self._lock:
            now, calls = self._clock(), self._of(hook)
            if wait_s := max(calls.wait_s(1, now), self._bytes.wait_s(size, now)):
                return wait_s
            calls.take(1)
            self._bytes.take(size)
            return 0.0

    def _of(self, hook: str) -> Budget:
        calls = self._calls.pop(hook, None) or Budget(CALLS, CALLS / CALLS_S, self._clock())
        self._calls[hook] = calls
        while len(self._calls) > _MOST_NAMES:
            self._calls.popitem(last=False)
        return calls
