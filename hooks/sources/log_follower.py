"""Follows the log of one container, in the process that follows logs: opens it again and again, cuts it into lines.

A log is opened from the last line on that was read, and the engine sends that line once more (`since` includes its
instant; Podman knows whole seconds only). Lines up to that one are left out; once a line is new, all behind it are,
whatever their time: a clock may be set back. A stream ends with its container. What is behind a stream that is silent
for long is asked apart (`is_behind`), because a connection may be dead without an end.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hooks.docker.address import AddressError, shown
from hooks.docker.log_lines import Line, LogLines, LogStreamError
from hooks.docker.log_request import LogRequest, RefusedError
from hooks.docker.refusals import refused, why
from hooks.events.durations import backoff
from hooks.events.jsonl import nanoseconds
from hooks.sources.log_lines_wanted import Allowance, WantedLines, as_text, stream_name
from hooks.sources.log_orders import Place, Wanted
from hooks.threads.lasting import LastingThread

Tell = Callable[[dict[str, Any]], None]
_BACKOFF_S = (0.5, 10.0)
_ANSWERS_S = 1.0  # a refusal comes at once, where Podman sends nothing before the first line
_SETTLED_S = 5.0
_PROBE_S = 5.0
_REFUSED = (401, 403, 405)
_NOT_LISTED = (404, 501)  # of a proxy that has a list of paths
_NO_CONTAINER = (404, 409)  # 409: it is being removed


class Follower:
    """One container's log, in a thread of its own. `tell` takes answers (hooks/sources/log_orders.py)."""

    def __init__(self, wanted: Wanted, path: str, tell: Tell) -> None:
        self._wanted, self._path, self._tell = wanted, f"{path}/containers/{wanted.id}/logs", tell
        self.after = wanted.after  # the last line that was read
        self._is_sent_again = False  # what comes may be from before `after`
        self._stamp, self._n = b"", -1  # of the last line of this stream, and how many before it have the same
        self._same: dict[int, int] = {}  # how often such a line came with this time stamp
        self._lines = WantedLines(wanted.entries, wanted.fields)
        self._allowance = Allowance(time.monotonic())
        self._wakeup, self._stopping = threading.Event(), threading.Event()
        self._request: LogRequest | None = None
        self._is_open = False  # the engine has not refused the present request
        self.heard_at = time.monotonic()
        self._last_probed: int | None = None
        self.thread = LastingThread(
            self._run, f"log-{wanted.name}", f"follows the log of {wanted.name}", failed=self._report
        )
        self.thread.start()

    def want(self, wanted: Wanted) -> None:
        """The container, or what is wanted of it, is another."""
        is_new_start = wanted.started_at != self._wanted.started_at
        if (wanted.entries, wanted.fields) != (self._wanted.entries, self._wanted.fields):
            self._lines = WantedLines(wanted.entries, wanted.fields)
        if is_new_start and self.after and wanted.after and wanted.after < self.after:  # the clock was set back
            self.after = wanted.after
        self._wanted = wanted
        if is_new_start or wanted.runs:
            self._wakeup.set()

    def stop(self) -> None:
        """Follow it no longer."""
        self._stopping.set()
        self.thread.stop()
        self._wakeup.set()
        self.reopen()

    def reopen(self) -> None:
        """End the present stream, so that the next one is opened."""
        if request := self._request:
            request.close()

    def take_dropped(self) -> int:
        """How many lines were dropped since this was last asked."""
        count, self._allowance.dropped = self._allowance.dropped, 0
        return count

    def is_behind(self) -> bool:
        """Whether the engine has a newer line than the stream has brought. Raises OSError, RefusedError."""
        request = LogRequest(self._path, {"tail": "1"}, _PROBE_S)
        try:
            request.open()
            lines = LogLines()
            found = [line for chunk in iter(request.read, b"") for line in lines.feed(chunk)] + list(lines.end())
        finally:
            request.release()
        last = nanoseconds(found[-1].stamp.decode()) if found else 0
        known = self.after.time if self.after else self._last_probed
        self._last_probed = last
        return known is not None and last > known

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._wakeup.clear()
            began = time.monotonic()
            is_over = self._follow()
            if self._stopping.is_set():
                return
            failures = 0 if time.monotonic() - began > _SETTLED_S else failures + 1
            # a log that ended because its container did goes on when that starts
            self._wakeup.wait(None if is_over and not self._wanted.runs else backoff(*_BACKOFF_S, failures))

    def _follow(self) -> bool:
        """Read one stream. Returns whether it came to its end."""
        self._is_open = False
        try:
            parameter, value = self._from()
            self._request = request = LogRequest(self._path, {"follow": "1", parameter: value})
        except (OSError, AddressError) as error:
            self._lose(error)
            return False
        try:
            return not self._stopping.is_set() and self._read(request)
        except RefusedError as error:
            self._turn_down(error)
        except LogStreamError as error:
            self._tell({"unreadable": self._wanted.id, "said": str(error)})
        except OSError as error:
            if not self._is_open:  # a stream that is torn is opened anew, and only if that fails is it lost
                self._lose(error)
        finally:
            self._request = None
            request.release()
        return False

    def _from(self) -> tuple[str, str]:
        self._is_sent_again, self._stamp, self._n = self.after is not None, b"", -1
        if self.after is None:
            self.after = Place(time.time_ns(), -1)  # for the next stream, if this one brings nothing
            return "tail", "0"
        return "since", "{}.{:09d}".format(*divmod(self.after.time, 10**9))

    def _read(self, request: LogRequest) -> bool:
        if request.is_silent(_ANSWERS_S):
            self._is_open = True
            self._tell({"open": self._wanted.id})
        request.open()
        self._is_open = True
        self._tell({"open": self._wanted.id})
        lines = LogLines()
        while chunk := request.read():
            self.heard_at = now = time.monotonic()
            for line in lines.feed(chunk):
                self._take(line, now)
        for line in () if request.is_closed else lines.end():
            self._take(line, time.monotonic())
        return not request.is_closed

    def _take(self, line: Line, now: float) -> None:
        self._n = self._n + 1 if line.stamp == self._stamp else 0
        if line.stamp != self._stamp:
            self._same.clear()
            self._stamp, self._time = line.stamp, nanoseconds(line.stamp.decode(errors="replace")) or time.time_ns()
        place = Place(self._time, self._n)
        if self._is_sent_again:
            if self.after and place <= self.after:
                return
            self._is_sent_again = False
        self.after = place
        stream, text = stream_name(line.stream), as_text(line.text)
        if self._lines.has(stream, text):
            which = zlib.crc32(f"{stream} {text}".encode(errors="replace"))
            again = self._same[which] = self._same.get(which, -1) + 1
            if self._allowance.lets(now):
                said = {"line": self._wanted.id, "time": place.time, "n": place.n, "stream": stream, "text": text}
                self._tell({**said, "key": f"{which:08x}-{again}"})

    # -- troubles ------------------------------------------------------------------------------

    def _report(self, reason: str) -> None:
        self._tell({"unreadable": self._wanted.id, "said": reason})

    def _lose(self, error: Exception) -> None:
        with suppress(OSError):
            self._tell({"lost": self._wanted.id, "said": why(error, shown())})

    def _turn_down(self, error: RefusedError) -> None:
        ident, path = self._wanted.id, error.path.replace(self._wanted.id, "ID")
        if error.status in _REFUSED or (error.status in _NOT_LISTED and not error.is_engine):
            self._tell({"lost": ident, "said": refused("GET", path, error.status, shown())})
        elif not error.is_engine:
            said = f"what answers at {shown()} answers GET {path} with {error.status}: {error.said[:200]}"
            self._tell({"lost": ident, "said": said})
        elif error.status in _NO_CONTAINER:
            self._tell({"open": ident})  # Docker's events say that it is gone, and the runner wants it no more
        else:
            self._tell({"unreadable": ident, "said": error.said[:300]})
