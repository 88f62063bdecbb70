"""What happens in the runner, as it happens: one connection that follows it, for everybody who listens here.

The thread `follow` holds the connection and opens it anew for as long as the process runs. While there is none, `state`
says why. Listeners are called in that thread, and subscribers on the loop of the server that they belong to.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hooks.control import client
from hooks.control.server import Refused
from hooks.events import signals
from hooks.threads.lasting import LastingThread

Item = dict[str, Any]
Follow = Callable[..., Iterator[Item]]  # client.follow, for one folder
Listener = Callable[[Item], None]

MOST_WAITING = 500  # items for one subscriber; what does not fit is counted
MOST_SUBSCRIBERS = 100
_PAUSE_S = (0.5, 5.0)  # before the runner is looked for again: at first, and at most


@dataclass(frozen=True, slots=True)
class Link:
    """Whether the runner is followed, since when (seconds since the Unix epoch), and if not, why."""

    is_up: bool
    since: float
    why: str = ""


class TooMany(Exception):  # noqa: N818 - a response, no fault
    """There are `MOST_SUBSCRIBERS` already."""


class Following:
    """Follows the gluehook on the state folder `state`. Thread-safe. `now` gives seconds since the Unix epoch."""

    def __init__(self, state: Path, *, follow: Follow | None = None, now: Callable[[], float] = time.time) -> None:
        self._follow = follow or (lambda **more: client.follow(state, **more))
        self._now = now
        self.link = Link(False, now(), "the runner has not been asked yet")
        self.version = ""  # of the runner, as far as it is known
        self._listeners: list[Listener] = []
        self._subscribers: set[Subscriber] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._connection: socket.socket | None = None
        self.thread = LastingThread(self._run, "follow", "follows the runner")

    def start(self) -> None:
        """Follow from now on."""
        self.thread.start()

    def stop(self) -> None:
        """Follow no more, and end what subscribers get."""
        self._stopping.set()
        self.thread.stop()
        if (connection := self._connection) is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.end_streams()

    def listen(self, listener: Listener) -> None:
        """Call `listener` with each item, in the thread that follows. It must be quick; what it raises is reported."""
        self._listeners.append(listener)

    def subscribe(self, kinds: frozenset[str] = frozenset()) -> Subscriber:
        """What comes from now on, of these kinds if any are given, for the loop that runs. Raises TooMany."""
        subscriber = Subscriber(asyncio.get_running_loop(), kinds)
        with self._lock:
            if len(self._subscribers) >= MOST_SUBSCRIBERS:
                raise TooMany(f"{MOST_SUBSCRIBERS} streams are open already; close one of them")
            self._subscribers.add(subscriber)
        return subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Nothing more for this one."""
        with self._lock:
            self._subscribers.discard(subscriber)

    def end_streams(self) -> None:
        """Let each subscriber come to its end: the process stops."""
        for subscriber in self._copied():
            subscriber.end()

    def state(self) -> Item:
        """The link as an item: each stream begins with it, and it comes again when the link changes."""
        link = self.link
        return {"kind": "runner", "at": link.since, "is_up": link.is_up, "said": link.why, "version": self.version}

    def _run(self) -> None:
        pause_s = _PAUSE_S[0]
        while not self._stopping.is_set():
            try:
                for item in self._follow(opened=self._opened):
                    pause_s = _PAUSE_S[0]
                    self._take(item)
                why = "gluehook has stopped"
            except (client.NotRunning, Refused) as error:
                why = str(error)
            finally:
                self._connection = None
            self._set(Link(False, self._now(), why))
            self._stopping.wait(pause_s)
            pause_s = min(pause_s * 2, _PAUSE_S[1])

    def _opened(self, connection: socket.socket) -> None:
        self._connection = connection
        if self._stopping.is_set():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _take(self, item: Item) -> None:
        if item.get("kind") == "hello":
            self.version = str(item.get("version", ""))
            self._set(Link(True, self._now()))
        elif item.get("kind") != "beat":
            self._publish(item)

    def _set(self, link: Link) -> None:
        if (link.is_up, link.why) != (self.link.is_up, self.link.why):
            self.link = link
            self._publish(self.state())

    def _publish(self, item: Item) -> None:
        for listener in self._listeners:
            try:
                listener(item)
            except Exception as error:  # noqa: BLE001 - the others are told all the same
                said = f"web: what follows the runner broke ({type(error).__name__}: {error})"
                signals.emit(signals.problem, said=said, error=error)
        subscribers = self._copied()
        if subscribers:
            kind, line = str(item.get("kind", "")), encoded(item)
            for subscriber in subscribers:
                subscriber.put(kind, line)

    def _copied(self) -> tuple[Subscriber, ...]:
        with self._lock:
            return tuple(self._subscribers)


class Subscriber:
    """What waits for one stream. `put` and `end` may be called by any thread, `take` on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, kinds: frozenset[str]) -> None:
        self._loop, self._kinds = loop, kinds
        self._waiting: deque[bytes] = deque()
        self._missed, self._is_over = 0, False
        self._there = asyncio.Event()
        self._lock = threading.Lock()

    def put(self, kind: str, line: bytes) -> None:
        """Add an item, or count it as missed."""
        if self._kinds and kind not in self._kinds and kind != "runner":
            return
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                self._missed += 1
                return
            self._waiting.append(line)
            is_first = len(self._waiting) == 1
        if is_first:
            self._wake()

    def end(self) -> None:
        """Nothing comes after what waits."""
        self._is_over = True
        self._wake()

    async def take(self, within_s: float) -> tuple[bytes, bool]:
        """What waits, or what comes within this time, b"" for nothing; and whether more may come."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._there.wait()
        self._there.clear()
        with self._lock:
            lines, self._waiting = self._waiting, deque()
            missed, self._missed = self._missed, 0
        if missed:
            lines.append(encoded({"kind": "missed", "count": missed}))
        return b"".join(lines), not self._is_over

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._there.set)


def encoded(item: Item) -> bytes:
    """An item as a server-sent event."""
    kind = "".join(c for c in str(item.get("kind", "")) if c.isalnum() or c == "_")
    return f"event: {kind}\ndata: {json.dumps(item, ensure_ascii=True, separators=(',', ':'))}\n\n".encode()
