"""The verb `follow`: tells each follower what happens, as it happens, without being in the way of it.

While nobody follows, no signal has a receiver of ours; while somebody does, telling.py makes the items, once for all
followers. A follower that does not read costs `MOST` lines at most: what does not fit is counted and told as missed.
hooks/control/lasting.py drops one that stands still.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from hooks.control.items import KINDS, Item, Items
from hooks.control.server import Refused, Request, encoded
from hooks.control.telling import Bounded, Line, Telling

BEAT_S = 15.0  # between two beats, by which a follower knows that gluehook is there
_END_S = 0.3  # for what waits to be told at the end


class _Follower(Bounded[bytes]):
    """What waits for one follower, and the kinds that it wants."""

    def __init__(self, kinds: frozenset[str]) -> None:
        super().__init__()
        self.kinds = kinds


class Followers:
    """All followers of one gluehook. `items` makes what they are told; `beat_s` is the time between two beats."""

    def __init__(
        self, items: Items, version: str, *, beat_s: float = BEAT_S, now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._items, self._version, self._beat_s, self._now, self._clock = items, version, beat_s, now, clock
        self._followers: tuple[_Follower, ...] = ()
        self._telling: Telling | None = None  # while somebody follows
        self._lock = threading.Lock()
        self._is_closed = False

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
        with self._lock:
            self._is_closed = True
            telling, followers = self._telling, self._followers
        if telling is not None:
            telling.stop()
            telling.join(_END_S)
        for follower in followers:
            follower.end()

    def _told(self, follower: _Follower) -> Iterator[Item | bytes]:
        beat_at = self._clock() + self._beat_s
        while True:
            found = follower.take(max(0.0, beat_at - self._clock()))
            if lines := [self._line(one) for one in found if one is not None]:
                yield b"".join(lines)
            if None in found:
                return
            if self._clock() >= beat_at:
                yield {"kind": "beat", "at": self._now()}
                beat_at = self._clock() + self._beat_s

    def _line(self, one: bytes | int) -> bytes:
        return encoded({"kind": "missed", "at": self._now(), "count": one}) if isinstance(one, int) else one

    def _tell(self, lines: Sequence[Line | int]) -> None:
        for follower in self._followers:
            for line in lines:
                if isinstance(line, int):
                    follower.miss(line)
                elif line[0] in follower.kinds:
                    follower.put(line[1])

    def _add(self, follower: _Follower) -> None:
        with self._lock:
            if self._is_closed:
                raise Refused("gluehook stops")
            if self._telling is None:
                telling = Telling(self._items, self._tell, self._now)
                telling.start()
                self._telling = telling
            self._followers = (*self._followers, follower)

    def _remove(self, follower: _Follower) -> None:
        with self._lock:
            self._followers = tuple(one for one in self._followers if one is not follower)
            telling, self._telling = (None, self._telling) if self._followers else (self._telling, None)
        if telling is not None:
            telling.stop()


def _kinds(request: Request) -> frozenset[str]:
    kinds = request.get("kinds") or KINDS
    unknown = [kind for kind in kinds if kind not in KINDS] if isinstance(kinds, list | tuple) else [kinds]
    if unknown:
        raise Refused(f"there is no kind {str(unknown[0])[:40]!r}; the kinds are {', '.join(KINDS)}")
    return frozenset(kinds)
