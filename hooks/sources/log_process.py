"""The child process that follows logs, as the runner sees it: started anew when it ends, and ended with the runner."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

from hooks.sources.log_orders import Order

_CHILD = "import sys; sys.path[:] = sys.argv[1:]; from hooks.sources.container_logs_child import main; main()"
_END_S = 1.0


class LogProcess:
    """One child. `order` and `end` are called by one thread, `answers` by another."""

    def __init__(self) -> None:
        argv = [sys.executable, "-c", _CHILD, *sys.path]
        pipe = subprocess.PIPE
        self._is_read = False
        self._child = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._child.pid

    def order(self, order: Order) -> None:
        """Tell it what is wanted from now on. One that has ended is told nothing."""
        assert self._child.stdin
        with suppress(OSError):
            self._child.stdin.write(pickle.dumps(order))
            self._child.stdin.flush()

    def answers(self) -> Iterator[bytes]:
        """Each line that it sends, until it ends."""
        assert self._child.stdout
        self._is_read = True
        with self._child.stdout as lines:
            yield from lines

    def ended(self) -> str:
        """How it ended, in words; to be asked behind `answers`."""
        self._close()
        return f"ended with status {self._child.wait()}"

    def end(self) -> None:
        """End it, and wait for that."""
        self._close()
        try:
            self._child.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _close(self) -> None:
        assert self._child.stdin
        assert self._child.stdout
        with suppress(OSError):
            self._child.stdin.close()
        if not self._is_read:  # by the other thread, which closes it
            self._child.stdout.close()
