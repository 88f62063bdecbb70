"""The process that follows logs: a thread for each container, and only the lines that rules want go to the runner.

A container may write 20,000 lines a second. Cut and compared in the runner, they would keep its threads from the port;
here they only cost a share of another core. The process ends when the runner does: its input ends then.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
import threading
import time
from typing import Any

from hooks.docker.log_request import RefusedError
from hooks.sources.log_follower import Follower
from hooks.sources.log_orders import Order, Place
from hooks.threads.lasting import LastingThread

_NICE = 5  # a log can wait, the port not
_TOLD_S = 1.0  # how often it is told how far the logs are read
_SILENT_S = 60.0  # after which it is asked whether there is a newer line
_DROPPED_S = 60.0  # between two answers about dropped lines of one container; the first comes at once


class LogProcess:
    """The followers, and what is told about them. `write` takes one line of bytes."""

    def __init__(self, write: Any) -> None:
        self._write, self._lock = write, threading.Lock()
        self._followers: dict[str, Follower] = {}
        self._told: dict[str, Place | None] = {}
        self._dropped_at: dict[str, float] = {}

    def take(self, order: Order) -> None:
        """Follow these containers and no others."""
        path = f"/v{order.api}" if order.api else ""
        wanted = {one.id: one for one in order.wanted}
        for ident in self._followers.keys() - wanted.keys():
            self._followers.pop(ident).stop()
            self._told.pop(ident, None)
        for ident, one in wanted.items():
            if ident in self._followers:
                self._followers[ident].want(one)
            else:
                self._followers[ident] = Follower(one, path, self.tell)

    def tell(self, answer: dict[str, Any]) -> None:
        """Send one answer to the runner."""
        line = json.dumps(answer, ensure_ascii=True).encode() + b"\n"
        with self._lock:
            self._write(line)

    def watch(self) -> None:
        """Tell how far the logs are read and what was dropped, and find streams that are dead; to be called often."""
        now, followers = time.monotonic(), dict(self._followers)
        read = {ident: one.after for ident, one in followers.items() if one.after and self._is_news(ident, one)}
        if read:
            self._told |= read
            self.tell({"read": read})
        for ident, one in followers.items():
            if now - self._dropped_at.get(ident, -_DROPPED_S) >= _DROPPED_S and (count := one.take_dropped()):
                self._dropped_at[ident] = now
                self.tell({"dropped": ident, "count": count})
            if now - one.heard_at > _SILENT_S:
                one.heard_at = now
                self._probe(one)

    def _is_news(self, ident: str, one: Follower) -> bool:
        return self._told.get(ident) != one.after

    def _probe(self, one: Follower) -> None:
        try:
            is_behind = one.is_behind()
        except (OSError, ValueError, RefusedError):
            is_behind = True  # the next stream says what is wrong, or that it is well again
        if is_behind:
            one.reopen()


def main() -> None:
    """Take orders from standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's to answer
    os.nice(_NICE)
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get into the answers

    def write(line: bytes) -> None:
        pipe.write(line)
        pipe.flush()

    process = LogProcess(write)
    LastingThread(lambda: _watch(process), "log-watch", "tells how far logs are read").start()
    try:
        while True:
            process.take(pickle.load(sys.stdin.buffer))  # noqa: S301 - the runner's own
    except EOFError:
        os._exit(0)


def _watch(process: LogProcess) -> None:
    while True:
        time.sleep(_TOLD_S)
        try:
            process.watch()
        except RuntimeError:  # an order has changed the followers meanwhile
            continue
        except OSError:  # the runner is gone
            os._exit(0)
