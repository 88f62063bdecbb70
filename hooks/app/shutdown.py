"""SIGTERM, SIGINT and SIGHUP: caught from the first moment on, and handed to the part that runs when they come."""

from __future__ import annotations

import math
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from hooks.events import signals
from hooks.events.durations import format_duration as duration
from hooks.threads.lasting import LastingThread

if TYPE_CHECKING:
    from hooks.runtime.executor import Attempt

END_S = 9.5  # from SIGTERM to the end at the latest, whatever hangs; Docker kills after 10
_LAST_WORD_S = 0.2
_ENDS = (signal.SIGTERM, signal.SIGINT)
_NUMBERS = (*_ENDS, signal.SIGHUP)


class SignalHandlers:
    """Catches the signals for the time of a `with` block. Make it in the main thread, before anything that takes time.

    Python runs a handler in the main thread only, and not before that wakes: a signal that comes an instant before it
    falls asleep would wait for the next event. So a thread of its own reads them from the wake-up descriptor.
    """

    def __init__(self) -> None:
        self.requested = threading.Event()
        self._act: Callable[[], None] = lambda: None
        self._reload: Callable[[], None] = lambda: None
        self._acted = False  # `act` was called for it
        self._end_by = math.inf
        self._lock = threading.Lock()

    def __enter__(self) -> SignalHandlers:
        self._read_end, self._write_end = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._write_end, False)
        self._before = signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        self._handlers = [signal.signal(number, lambda *_: None) for number in _NUMBERS]
        self.thread = LastingThread(self._listen, "signals", "waits for SIGTERM, SIGINT and SIGHUP", pause_s=(0.1, 5.0))
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in zip(_NUMBERS, self._handlers, strict=True):
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._before)
        os.close(self._write_end)
        self.thread.join()
        os.close(self._read_end)

    def on_stop(self, act: Callable[[], None]) -> None:
        """Call `act` at SIGTERM or SIGINT, in another thread; at once if one has come already."""
        with self._lock:
            self._act, self._acted = act, False
        self._stop_if_requested()

    def on_reload(self, act: Callable[[], None]) -> None:
        """Call `act` at each SIGHUP, in another thread. An earlier SIGHUP is forgotten."""
        self._reload = act

    def _listen(self) -> None:
        self._stop_if_requested()  # a signal that came before this thread broke must not be forgotten
        while numbers := self._next():
            if signal.SIGHUP in numbers:
                self._reload()
            if any(number in _ENDS for number in numbers):
                self._end_by = min(self._end_by, time.monotonic() + END_S)
                self.requested.set()
                self._stop_if_requested()

    def _next(self) -> bytes:
        """The numbers of the signals that came; ends the process if it has not ended `END_S` after a SIGTERM."""
        left_s = max(0.0, self._end_by - time.monotonic())
        if not select.select([self._read_end], [], [], left_s if self._end_by < math.inf else None)[0]:
            said = f"gluehook has not ended within {END_S:g} s and is ended now; it goes on at the next start"
            signals.emit(signals.problem, said=said)
            time.sleep(_LAST_WORD_S)  # the log is written by another thread
            os._exit(1)
        return os.read(self._read_end, 64)

    def _stop_if_requested(self) -> None:
        with self._lock:
            if self.requested.is_set() and not self._acted:
                self._act()
                self._acted = True


def last_words(attempts: Iterable[Attempt]) -> str:
    """What is said when gluehook begins to stop: which attempts it waits for, and for how long."""
    from hooks.runtime.dispatcher import STOP_WAIT_S  # not before the signals are caught

    names = sorted({attempt.run.rule.name for attempt in attempts})
    may_end = f"nothing new begins, and {', '.join(names)} may end within {duration(STOP_WAIT_S)}"
    return f"gluehook stops: {may_end if names else 'nothing is running'}"


def report_cut_off(attempts: Iterable[Attempt]) -> None:
    """Report the attempts that a stop does not wait for any longer."""
    for attempt in attempts:
        cut = f"{attempt.run.rule.name} is cut off while it handles {attempt.run.key}"
        signals.emit(signals.problem, said=f"{cut}; it goes on at the next start")
