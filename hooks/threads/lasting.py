"""A thread that lasts until it is stopped, whatever its function raises.

Every part of gluehook that has a thread of its own uses this class. Python prints the exception of a thread that dies
and goes on without it: gluehook would be blind and would seem healthy. Here an exception is reported, the function
begins again after a pause, and until then `problem` says what is missing: `hooks.app` shows it in the heartbeat.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from hooks.events import signals
from hooks.events.durations import backoff, format_duration

PAUSE_S = (1.0, 60.0)  # before the function begins again: the first time, and at most
_SETTLED_S = 300.0  # a function that ran so long does not belong to a series of failures


class LastingThread:
    """Calls `run` in a daemon thread. If `run` raises anything, that is reported and `run` is called again.

    If `run` returns, the thread has done its work and ends. `does` says what the thread does, as in "reads Docker's
    events". `failed(reason)` is called in the thread after each failure, before the pause: there a source says that it
    is lost. `pause_s` are the seconds before the first new try and the most before any.
    """

    def __init__(
        self, run: Callable[[], None], name: str, does: str, *,
        failed: Callable[[str], None] = lambda _: None, pause_s: tuple[float, float] = PAUSE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.name, self._run, self._does, self._failed = name, run, does, failed
        self._pause_s, self._clock = pause_s, clock
        self._failures = 0
        self._reason = ""  # why `run` does not run now, "" if it does
        self._stopping = threading.Event()
        self._is_done = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        thread = threading.Thread(target=self._last, name=self.name, daemon=True)
        thread.start()
        self._thread = thread  # only now: another thread may stop and join what is being started

    def stop(self) -> None:
        """Do not begin again. It does not end `run`, which must know by itself when to return."""
        self._stopping.set()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for the end of the thread. Does nothing for one that was not started, and in the thread itself."""
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def is_alive(self) -> bool:
        """Whether the thread is there. It may be in the pause after a failure: see `problem`."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def problem(self) -> str:
        """Why the function does not run although it should; "" if it runs, is done or was stopped."""
        if self._thread is None or self._stopping.is_set() or self._is_done:
            return ""
        if self._reason or not self._thread.is_alive():
            return f"the thread {self.name}, which {self._does}, {self._reason or 'has ended'}"
        return ""

    def revive(self) -> None:
        """Start the thread anew if it is gone: whatever ended it came where `run` is not even called."""
        if self.problem and not self.is_alive():
            self._report("has ended", 0.0)
            self.start()

    def _last(self) -> None:
        while not (self._stopping.is_set() or self._is_done):
            began = self._clock()
            try:
                self._reason = ""
                self._run()
                self._is_done = True
            except BaseException as error:  # noqa: BLE001 - no thread may end by an exception, SystemExit included
                if self._stopping.is_set():
                    return
                self._failures = 1 if self._clock() - began > _SETTLED_S else self._failures + 1
                self._pause(error)

    def _pause(self, error: BaseException) -> None:
        pause_s = backoff(*self._pause_s, self._failures - 1)
        self._reason = f"failed ({type(error).__name__}: {error})"[:300]
        self._report(self._reason, pause_s, error)
        try:
            self._failed(f"the thread {self.name} {self._reason}")
        except Exception as also:  # noqa: BLE001 - the thread must begin again
            said = f"that the thread {self.name} failed could not be passed on ({type(also).__name__}: {also})"
            signals.emit(signals.problem, said=said, error=also)
        self._stopping.wait(pause_s)

    def _report(self, reason: str, pause_s: float, error: BaseException | None = None) -> None:
        when = f"in {format_duration(round(pause_s, 1))}" if pause_s else "now"
        said = f"the thread {self.name}, which {self._does}, {reason}; it begins again {when}"
        signals.emit(signals.problem, said=said, error=error)
