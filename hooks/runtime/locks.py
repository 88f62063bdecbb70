"""Target locks: two runs never touch one target at once.

The executor holds the locks of a step's targets while its handler works; a handler that finds one more target by
reading the server takes that one through `Context.hold`, with a time-out. The dispatcher asks who holds a container, to
know that what happens to it is our own doing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hooks.handler import Retry


class TargetLocks:
    """A lock for each target name, such as "container:gluetun" or "http://gluetun:8080". Thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._holders: dict[str, str] = {}

    @contextmanager
    def hold(self, targets: tuple[str, ...], run: str, wait_s: float = -1) -> Iterator[None]:
        """Hold the locks of all targets for the run of this id. They are taken in sorted order: no deadlock.

        `wait_s` bounds the wait for each lock; without it the wait has no end. A run that holds locks already must
        give one. Raises Retry if another run holds one of the targets for longer.
        """
        names = sorted(set(targets))
        with self._guard:
            locks = [self._locks.setdefault(name, threading.Lock()) for name in names]
        taken = 0
        try:
            for name, lock in zip(names, locks, strict=True):
                if not lock.acquire(timeout=wait_s):
                    raise Retry(f"{name} is in use by {self._holders.get(name, 'another run')}")
                taken += 1
                self._holders[name] = run
            yield
        finally:
            for name, lock in reversed(list(zip(names, locks, strict=True))[:taken]):
                self._holders.pop(name, None)
                lock.release()

    def holder(self, target: str) -> str | None:
        """The id of the run that holds the target now."""
        return self._holders.get(target)
