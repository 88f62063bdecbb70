"""A queue that is never in the way, and the thread that makes items of the signals while somebody follows.

A signal costs the thread that emits it one put, for however many followers. The thread makes the items a moment later,
when the run that they are about is on its way, and rests after a burst: else it would share Python's lock half and half
with the work.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from hooks.control.items import SIGNALS, Items
from hooks.events import signals
from hooks.threads.lasting import LastingThread

MOST = 1000  # things that wait
GATHER_S = 0.02  # after the first thing, before items are made of it and of what came meanwhile
_BATCH = 100  # of which items are made without a rest
_REST = 4  # times as long as that took
_LONGEST_REST_S = 0.3

T = TypeVar("T")
Line = tuple[str, bytes]  # the kind of an item, and the item as a line of JSON
_Signal = tuple[str, float, dict[str, Any]]


class Bounded(Generic[T]):
    """A queue of `MOST` things. What does not fit is counted; the number stands in the queue where they would be.

    Any thread may put, and one takes.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[T | int | None] = queue.SimpleQueue()
        self._missed = 0
        self._lock = threading.Lock()

    def put(self, thing: T) -> None:
        """Add it, or count it."""
        if not self._missed and self._queue.qsize() < MOST:
            self._queue.put(thing)
            return
        with self._lock:
            if self._queue.qsize() >= MOST:
                self._missed += 1
                return
            self._put_missed()
            self._queue.put(thing)

    def miss(self, count: int) -> None:
        """So many have been missed before they came here."""
        with self._lock:
            self._missed += count
            if self._queue.qsize() < MOST:
                self._put_missed()

    def end(self) -> None:
        """Nothing comes after what waits now."""
        self._queue.put(None)

    def take(self, within_s: float | None, gather: Callable[[], object] = lambda: None) -> list[T | int | None]:
        """What waits; if nothing does, what comes within this time. A number: so many were missed. None: the end."""
        try:
            found = [self._queue.get(timeout=within_s)]
        except queue.Empty:
            return []
        gather()
        for _ in range(min(self._queue.qsize(), _BATCH)):
            found.append(self._queue.get_nowait())  # noqa: PERF401 - nobody else takes from it
        with self._lock:
            if self._queue.empty():
                self._put_missed()
        return found

    def _put_missed(self) -> None:
        if self._missed:
            self._queue.put(self._missed)
            self._missed = 0


class Telling:
    """Listens to every signal, and calls `tell` with what is made of them, from a thread of its own.

    `tell` gets the lines in their order; a number stands where so many signals were missed.
    """

    def __init__(
        self, items: Items, tell: Callable[[Sequence[Line | int]], None], now: Callable[[], float] = time.time
    ) -> None:
        self._items, self._tell, self._now = items, tell, now
        self._waiting = Bounded[_Signal]()
        self._ending = threading.Event()
        self._receivers = {name: partial(self._note, name) for name in SIGNALS}  # blinker holds them weakly
        self._thread = LastingThread(self._run, "control-tell", "tells followers what happens", pause_s=(0.1, 5.0))

    def start(self) -> None:
        """Begin. Raises RuntimeError where no thread can be started."""
        self._thread.start()
        for name, receiver in self._receivers.items():
            getattr(signals, name).connect(receiver)

    def stop(self) -> None:
        """Listen no more, and end once what waits has been told. Does not wait for that."""
        for name, receiver in self._receivers.items():
            getattr(signals, name).disconnect(receiver)
        self._ending.set()
        self._thread.stop()
        self._waiting.end()

    def join(self, timeout_s: float) -> None:
        """Wait for the end."""
        self._thread.join(timeout_s)

    def _note(self, signal: str, _: object, **arguments: Any) -> None:
        self._waiting.put((signal, self._now(), arguments))

    def _run(self) -> None:
        took_s = 0.0
        while True:
            rest_s = max(GATHER_S, min(took_s * _REST, _LONGEST_REST_S))
            found = self._waiting.take(None, lambda: self._ending.wait(rest_s))  # noqa: B023 - called at once
            began = time.perf_counter()
            self._tell([line for one in found if one is not None for line in self._lines(one)])
            took_s = time.perf_counter() - began
            if None in found:
                return

    def _lines(self, one: _Signal | int) -> Sequence[Line | int]:
        return [one] if isinstance(one, int) else self._items.lines(*one)
