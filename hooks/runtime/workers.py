"""The threads that attempts run in: an idle one is woken, else one more is made."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from hooks.runtime.executor import Attempt

IDLE_S = 600.0  # a worker that has had nothing to do for so long ends

Work = Callable[[Attempt], None]


class Workers:
    """As many threads as there are attempts at once. `work` must not raise."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Attempt, Work]] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)  # workers that wait for a job

    def submit(self, attempt: Attempt, work: Work) -> None:
        """Call `work(attempt)` in a thread."""
        if self._idle.acquire(blocking=False):
            self._jobs.put((attempt, work))  # to make a thread takes longer than to wake one
        else:
            threading.Thread(target=self._run, args=(attempt, work), name="worker", daemon=True).start()

    def _run(self, attempt: Attempt, work: Work) -> None:
        while True:
            work(attempt)
            self._idle.release()
            try:
                attempt, work = self._jobs.get(timeout=IDLE_S)
            except queue.Empty:
                if self._idle.acquire(blocking=False):
                    return  # no job was promised to this thread
                attempt, work = self._jobs.get()
