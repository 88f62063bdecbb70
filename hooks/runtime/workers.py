"""The threads that attempts run in: an idle one is woken, else one more is made."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from functools import partial

from hooks.runtime.executor import Attempt
from hooks.threads.lasting import LastingThread

IDLE_S = 600.0  # a worker that has had nothing to do for so long ends
_PAUSE_S = (0.1, 5.0)  # before a worker that broke takes the next job

Work = Callable[[Attempt], None]


class _Job:
    """An attempt and what to call with it. It is begun once, also where it stands in the queue twice."""

    def __init__(self, attempt: Attempt, work: Work) -> None:
        self._attempt, self._work = attempt, work
        self._lock = threading.Lock()
        self.has_begun = False

    def do(self) -> bool:
        """Call it; False if another worker has."""
        with self._lock:
            if self.has_begun:
                return False
            self.has_begun = True
        self._work(self._attempt)
        return True


class Workers:
    """As many threads as there are attempts at once. `work` must not raise."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._open: dict[_Job, None] = {}  # submitted and not done
        self._idle = threading.Semaphore(0)  # workers that wait for a job

    def submit(self, attempt: Attempt, work: Work) -> None:
        """Call `work(attempt)` in a thread. Raises RuntimeError where no thread can be started."""
        job = _Job(attempt, work)
        self._open[job] = None
        if self._idle.acquire(blocking=False):
            self._jobs.put(job)  # to make a thread takes longer than to wake one
            return
        try:
            LastingThread(partial(self._run, [job]), "worker", "carries out runs", pause_s=_PAUSE_S).start()
        except RuntimeError:
            del self._open[job]
            raise

    def _run(self, first: list[_Job]) -> None:
        """Do the first job, and then one after the other until none comes for `IDLE_S`."""
        job = first.pop() if first else self._recover()
        while job:
            if job.do():
                self._open.pop(job, None)
                self._idle.release()
            job = self._next()

    def _recover(self) -> _Job | None:
        """This worker broke: a job that it had taken and not begun is put back. The next job."""
        for job in list(self._open):
            if not job.has_begun:
                self._jobs.put(job)
        return self._next()

    def _next(self) -> _Job | None:
        try:
            return self._jobs.get(timeout=IDLE_S)
        except queue.Empty:
            if self._idle.acquire(blocking=False):
                return None  # no job was promised to this thread
            return self._jobs.get()
