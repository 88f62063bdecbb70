"""The verb `follow`: tells each follower what happens, as it happens, without being in the way of it.

While nobody follows, no signal has a receiver of ours. While somebody does, a signal costs the thread that emits it one
put into a queue; a thread of the follower makes the items (items.py) a moment later, when the run is on its way, and
they are made once for all followers. A follower that does not read costs `MOST` items at most: what does not fit is
counted and told as missed. hooks/control/lasting.py drops one that stands still.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from hooks.control.items import BY_SIGNAL, KINDS, Item, Items
from hooks.control.server import Refused, Request
from hooks.events import signals

BEAT_S = 15.0  # between two beats, by which a follower knows that gluehook is there
MOST = 1000  # things that wait for a follower
GATHER_S = (
    0.02  # after the first thing, before items are made of it and of what came meanwhile: the reaction goes first
)
_REST = 3  # times as long as the last items took: a burst must not share Python's lock half and half with its telling
_LONGEST_REST_S = 0.2


class _Happening:
    """A signal that was emitted. Its items are made once, by the first follower that comes to them."""

    __slots__ = ("_arguments", "_at", "_lines", "_signal")

    def __init__(self, signal: str, at: float, arguments: dict[str, Any]) -> None:
        self._signal, self._at, self._arguments = signal, at, arguments
        self._lines: list[tuple[str, bytes]] | None = None

    def lines(self, items: Items) -> list[tuple[str, bytes]]:
        """The kind of each item, and its line."""
        if self._lines is None:
            self._lines = items.lines(self._signal, self._at, self._arguments)
        return self._lines


class _Follower:
    """What waits for one follower. `put` may be called by any thread."""

    def __init__(self, kinds: frozenset[str]) -> None:
        self.kinds = kinds
        self._queue: queue.SimpleQueue[_Happening | int | None] = queue.SimpleQueue()  # a number: so many were missed
        self._missed = 0
        self._lock = threading.Lock()

    def put(self, happening: _Happening) -> None:
        """Add it, or count it as missed."""
        if self._missed or self._queue.qsize() >= MOST:
            self._put_or_miss(happening)
        else:
            self._queue.put(happening)

    def end(self) -> None:
        """Nothing comes after what waits now."""
        self._queue.put(None)

    def take(self, within_s: float, gather: Callable[[], object]) -> list[_Happening | int | None]:
        """What waits; if nothing does, what comes within this time. None stands for the end."""
        try:
            found = [self._queue.get(timeout=within_s)]
        except queue.Empty:
            return []
        gather()
        for _ in range(min(self._queue.qsize(), MOST)):
            found.append(self._queue.get_nowait())  # noqa: PERF401 - nobody else takes from it
        with self._lock:
            if self._missed and self._queue.empty():
                found.append(self._missed)
                self._missed = 0
        return found

    def _put_or_miss(self, happening: _Happening) -> None:
        with self._lock:
            if self._queue.qsize() >= MOST:
                self._missed += 1
                return
            if self._missed:
                self._queue.put(self._missed)
                self._missed = 0
            self._queue.put(happening)


class Followers:
    """All followers of one gluehook. `items` makes what they are told; `beat_s` is the time between two beats."""

    def __init__(
        self, items: Items, version: str, *, beat_s: float = BEAT_S, now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._items, self._version, self._beat_s, self._now, self._clock = items, version, beat_s, now, clock
        self._followers: tuple[_Follower, ...] = ()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        # blinker holds receivers weakly
        self._receivers = {name: partial(self._note, name) for name in BY_SIGNAL}

    def follow(self, request: Request) -> Iterator[Item | bytes]:
        """The items from now on, of `kinds` alone if the request names some. Ends when gluehook does."""
        follower = _Follower(_kinds(request))
        self._add(follower)
        try:
            yield {"kind": "hello", "at": self._now(), "version": self._version}
            yield from self._told(follower)
        finally:
            self._remove(follower)
        yield {"done": "gluehook stops"}

    def close(self) -> None:
        """Tell what waits, and then that gluehook stops."""
        self._closing.set()
        with self._lock:
            for follower in self._followers:
                follower.end()

    def _told(self, follower: _Follower) -> Iterator[Item | bytes]:
        beat_at, took_s = self._clock() + self._beat_s, 0.0
        while True:
            rest_s = max(GATHER_S, min(took_s * _REST, _LONGEST_REST_S))
            found = follower.take(max(0.0, beat_at - self._clock()), partial(self._closing.wait, rest_s))
            began = self._clock()
            if began >= beat_at:
                yield {"kind": "beat", "at": self._now()}
                beat_at = began + self._beat_s
            for one in found:
                if one is None:
                    return
                yield from self._lines(one, follower.kinds)
            took_s = self._clock() - began

    def _lines(self, one: _Happening | int, kinds: frozenset[str]) -> Iterator[Item | bytes]:
        if isinstance(one, int):
            yield {"kind": "missed", "at": self._now(), "count": one}
            return
        yield from (line for kind, line in one.lines(self._items) if kind in kinds)

    def _note(self, signal: str, _: object, **arguments: Any) -> None:
        happening = _Happening(signal, self._now(), arguments)
        for follower in self._followers:
            if not follower.kinds.isdisjoint(BY_SIGNAL[signal]):
                follower.put(happening)

    def _add(self, follower: _Follower) -> None:
        with self._lock:
            if self._closing.is_set():
                raise Refused("gluehook stops")
            if not self._followers:
                for name, receiver in self._receivers.items():
                    getattr(signals, name).connect(receiver)
            self._followers = (*self._followers, follower)

    def _remove(self, follower: _Follower) -> None:
        with self._lock:
            self._followers = tuple(one for one in self._followers if one is not follower)
            if not self._followers:
                for name, receiver in self._receivers.items():
                    getattr(signals, name).disconnect(receiver)


def _kinds(request: Request) -> frozenset[str]:
    kinds = request.get("kinds") or KINDS
    unknown = [kind for kind in kinds if kind not in KINDS] if isinstance(kinds, list | tuple) else [kinds]
    if unknown:
        raise Refused(f"there is no kind {str(unknown[0])[:40]!r}; the kinds are {', '.join(KINDS)}")
    return frozenset(kinds)
