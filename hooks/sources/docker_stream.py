"""The reader of Docker's event stream: it opens the stream again and again, and does nothing but enqueue lines.

A reader that does more than read slows the engine itself down, as was measured.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from hooks.docker.client import EventStream, forget, where
from hooks.docker.filters import filters, wants_exec
from hooks.docker.refusals import why
from hooks.events.durations import backoff
from hooks.threads.lasting import LastingThread

_SETTLED_S = 1.0  # a stream that lasted so long does not belong to a series of failures
_EXEC = b'"Action":"exec'  # "exec_create: …", and Podman's "exec"; within a label it would have backslashes


@dataclass(frozen=True, slots=True)
class Opened:
    """A mark in the queue: the lines behind it are from a new subscription, made at `at` ns since the Unix epoch."""

    at: int
    after_silence: bool = False  # the last one ended because the engine was quiet: nothing was missed


@dataclass(frozen=True, slots=True)
class Failed:
    """A mark in the queue: there is no subscription now. `reason` is a sentence without its full stop."""

    reason: str


Item = bytes | Opened | Failed


class Backlog:
    """A queue with room for so many lines and bytes. Beyond that lines are dropped and counted, marks never are."""

    def __init__(self, most_lines: int = 20_000, most_bytes: int = 2**25) -> None:
        self._items: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._most_lines, self._most_bytes = most_lines, most_bytes
        # each is counted by one thread only, so that no lock is needed
        self._bytes_in = self._bytes_out = self.dropped = 0

    def add(self, line: bytes) -> None:
        """Take a line if there is room."""
        if self._items.qsize() >= self._most_lines or self._bytes_in - self._bytes_out > self._most_bytes:
            self.dropped += 1
            return
        self._bytes_in += len(line)
        self._items.put(line)

    def mark(self, item: Opened | Failed | None) -> None:
        """Take a mark. None only wakes `get`."""
        self._items.put(item)

    def get(self, timeout_s: float) -> Item | None:
        """The next item; raises queue.Empty if none comes in time."""
        item = self._items.get(timeout=timeout_s)
        self._bytes_out += len(item) if isinstance(item, bytes) else 0
        return item


class Reader:
    """One thread with one subscription. `since` returns from which instant on (ns) events are asked for."""

    def __init__(
        self, backlog: Backlog, types: frozenset[str], since: Callable[[], int], *,
        silence_s: float, backoff_s: tuple[float, float], jitter: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        self._backlog, self._types, self._since = backlog, types, since
        self._silence_s, self._backoff_s, self._jitter = silence_s, backoff_s, jitter
        self._stopping = threading.Event()
        self._open = threading.Lock()
        self._stream: EventStream | None = None
        self.thread = LastingThread(
            self._run, "docker-reader", "reads Docker's events", failed=self._report_failed, pause_s=backoff_s
        )

    def start(self) -> None:
        """Start the thread."""
        self.thread.start()

    def listen(self, types: frozenset[str]) -> None:
        """Subscribe to these types from now on: a stream with other filters is closed, and the next one opened."""
        with self._open:
            is_other = filters(types) != filters(self._types)
            self._types = types
            if self._stream and is_other:
                self._stream.stop()

    def stop(self, timeout_s: float) -> None:
        """Close the stream and wait so many seconds. During a hanging request it ends after the time-out."""
        self._stopping.set()
        self.thread.stop()
        with self._open:
            if self._stream:
                self._stream.stop()
        self.thread.join(timeout_s)

    def _run(self) -> None:
        failures, silent = 0, False
        while not self._stopping.is_set():
            began = time.monotonic()
            silent, opened = self._subscribe(after_silence=silent)
            if silent or (opened and time.monotonic() - began > _SETTLED_S):
                failures = 0
            if not silent:
                forget()  # the next answer may come from another engine
                # the first time at once: a proxy that cuts a long request is no outage
                self._stopping.wait(self._pause_s(failures) if failures or not opened else 0)
                failures += 1

    def _report_failed(self, reason: str) -> None:
        forget()
        self._backlog.mark(Failed(reason))

    def _subscribe(self, *, after_silence: bool) -> tuple[bool, bool]:
        """Read one subscription to its end. Returns whether it ended by silence, and whether it was opened at all."""
        types = self._types
        try:
            stream = EventStream(types, self._since(), self._silence_s)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next try is due
            self._backlog.mark(Failed(why(error, where())))
            return False, False
        with self._open:
            self._stream = stream
            # `stop` or `listen` was called during the request, and found no stream to close
            if self._stopping.is_set() or self._types is not types:
                stream.stop()
        try:
            self._backlog.mark(Opened(time.time_ns(), after_silence))
            self._read(stream, drop_exec=not wants_exec(types))
        except TimeoutError:
            return True, True
        except OSError:
            pass
        finally:
            with self._open:
                self._stream = None
            stream.close()
        return False, True

    def _read(self, stream: EventStream, *, drop_exec: bool) -> None:
        for line in stream.lines():
            if self._stopping.is_set():
                return
            if not (drop_exec and _EXEC in line):
                self._backlog.add(line)

    def _pause_s(self, failures: int) -> float:
        return backoff(*self._backoff_s, failures) * (0.8 + 0.2 * self._jitter())
