"""The web process as a child of `gluehook run`, where GLUEHOOK_HTTP is set: started, watched, ended with the runner.

Nothing of it reaches the runner: it has its own memory and its own threads, its log lines go to the same standard error
without the runner, and the runner only waits for its byte. A child that ends, or whose byte stays out, is started anew.
"""

from __future__ import annotations

import os
import pickle
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress

from hooks.config.secrets import Sources
from hooks.config.settings import Settings
from hooks.config.web_values import missing_packages
from hooks.events import signals
from hooks.events.durations import backoff, format_duration
from hooks.threads.lasting import LastingThread

SILENT_S = 60.0  # the child writes a byte every 5 s (hooks/web/process.py); one that hangs for so long is ended
PAUSE_S = (1.0, 60.0)  # before it is started anew: the first time, and at most
_SETTLED_S = 300.0  # a child that ran so long does not belong to a series of failures
_STOP_S = 1.0  # for its end at SIGTERM; a child that stands still is killed
# as in loading.py: `-m` would prefer a folder named hooks in the working directory
_CHILD = "import sys; sys.path[:] = sys.argv[1:]; from hooks.web.process import child; child()"


class WebChild:
    """Serves the page while gluehook runs. `start` does nothing without GLUEHOOK_HTTP."""

    def __init__(self, settings: Settings, sources: Sources, version: str) -> None:
        self._address, self._given = settings.gluehook_http, pickle.dumps((settings, sources, version))
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.thread = LastingThread(self._last, "web", "runs the web process")

    def start(self) -> None:
        """Start it, in a thread that watches it. Where its packages are missing, that is said, and gluehook runs on."""
        if not self._address:
            return
        if missing := missing_packages():
            said = (f"GLUEHOOK_HTTP is set, but {', '.join(missing)} {'are' if missing[1:] else 'is'} not installed, "
                    "so there is no page; "
                    "pip install 'gluehook[web]', and start gluehook again")  # fmt: skip
            signals.emit(signals.problem, said=said)
            return
        self.thread.start()

    def stop(self) -> None:
        """End it; it has a second, and then it is killed."""
        self._stopping.set()
        self.thread.stop()
        with self._lock:
            child = self._child
        if child is not None:
            _end(child)
            self.thread.join(_STOP_S)

    def _last(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            why = self._run()
            if self._stopping.is_set():
                return
            failures = 1 if time.monotonic() - began > _SETTLED_S else failures + 1
            pause_s = backoff(*PAUSE_S, failures - 1)
            said = f"the web process {why}; it is started again in {format_duration(pause_s)}, and the work goes on"
            signals.emit(signals.problem, said=said)
            self._stopping.wait(pause_s)

    def _run(self) -> str:
        """Start a child and wait for its end; how it ended."""
        try:
            with self._lock:
                if self._stopping.is_set():
                    return "was stopped"
                child = self._child = _started()
        except OSError as error:
            return f"cannot be started: {error.strerror or error}"
        try:
            with suppress(OSError):  # it has ended already, and `_watched` says so
                assert child.stdin
                child.stdin.write(self._given)
            return _watched(child)
        finally:
            _end(child)
            for pipe in (child.stdin, child.stdout):
                assert pipe
                pipe.close()


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, *sys.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        process_group=0,  # Ctrl-C in a terminal is for the runner, which ends it
    )  # fmt: skip


def _watched(child: subprocess.Popen[bytes]) -> str:
    """Wait until the child ends or hangs; what it did."""
    assert child.stdout
    while select.select([child.stdout], [], [], SILENT_S)[0]:
        if not os.read(child.stdout.fileno(), 4096):
            code = child.wait(SILENT_S)
            return f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
    return f"has not answered for {format_duration(SILENT_S)} and is ended"


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
