"""Writes the lines of the log to standard error, in a thread of its own: a log that nobody reads stops nothing.

A pipe that is full, a terminal that is stopped and a disk that hangs block every write. So the other threads only put
their lines into a queue. It has a bound: beyond it lines are dropped and counted, and the count is logged as soon as
something is read again.
"""

from __future__ import annotations

import os
import queue
import select
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from hooks.threads.lasting import LastingThread

MOST_LINES, MOST_BYTES = 5_000, 2**21  # that wait to be written
CLOSE_S = 1.0  # how long the end of gluehook waits for them
_POLL_MS = 1_000


class LogWriter:
    """A queue of lines and the thread that writes them. `dropped(count)` is called after lines were dropped."""

    def __init__(self, dropped: Callable[[int], None]) -> None:
        self._report_dropped = dropped
        self._lines: queue.SimpleQueue[str | threading.Event | None] = queue.SimpleQueue()
        self._bytes_in = self._bytes_out = self._dropped = 0  # each is changed by one thread at a time
        self.thread = LastingThread(self._run, "log", "writes the log")
        self.thread.start()

    def write(self, line: str) -> None:
        """Put a line, with its end, into the queue. It never blocks. The caller makes sure of one call at a time."""
        if self._lines.qsize() >= MOST_LINES or self._bytes_in - self._bytes_out + len(line) > MOST_BYTES:
            self._dropped += 1
            return
        self._bytes_in += len(line)
        self._lines.put(line)

    def flush(self, wait_s: float = CLOSE_S) -> bool:
        """Wait until the lines up to now are written, so many seconds at most; whether they are."""
        done = threading.Event()
        self._lines.put(done)
        return done.wait(wait_s)

    def close(self) -> None:
        """Write what waits, for `CLOSE_S` seconds at most, and end the thread."""
        self.thread.stop()
        self._lines.put(None)
        self.thread.join(CLOSE_S)

    def _has_room(self) -> bool:
        """Whether the line that says what is missing would not be dropped as well."""
        return self._lines.qsize() < MOST_LINES // 2 and self._bytes_in - self._bytes_out < MOST_BYTES // 2

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            if isinstance(line, threading.Event):
                line.set()
                continue
            self._bytes_out += len(line)
            _put_out(line)
            if self._dropped and self._has_room():
                count, self._dropped = self._dropped, 0
                self._report_dropped(count)


def _put_out(line: str) -> None:
    try:
        descriptor = sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):  # there is none, or it is a test's
        with suppress(AttributeError, OSError, ValueError):
            sys.stderr.write(line)
        return
    with suppress(OSError):  # nobody will ever read it
        _write_all(descriptor, line.encode(errors="backslashreplace"))


def _write_all(descriptor: int, data: bytes) -> None:
    # not through sys.stderr: Python waits for its lock at the end of the process, which a full pipe would keep for ever
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:  # another process has made it non-blocking
            poll = select.poll()
            poll.register(descriptor, select.POLLOUT)
            poll.poll(_POLL_MS)
