"""The process around an owner's handler: it ends every process that the handler has started, whatever these do.

`guarded` forks: the child goes on to import and run the owner's module, the parent runs no code of the owner. It waits
for the child, or for gluehook to close the socket (at the time-out, at its stop, or because it was killed), and then
ends all descendants: the kernel hands it those whose own parent is gone (PR_SET_CHILD_SUBREAPER). Linux only.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_PDEATHSIG, _CHILD_SUBREAPER = 1, 36
_POLL_MS = 50  # where the kernel has no pidfd
_KILL_S = 2.0


def guarded(gluehook: socket.socket, work: Callable[[], None]) -> int | None:
    """Do the work in a child; its wait status, None if it was ended as gluehook hung up. Leaves no descendant."""
    _prctl(_CHILD_SUBREAPER, 1)
    with suppress(OSError):  # the kernel's choice when memory runs out
        Path("/proc/self/oom_score_adj").write_text("1000")
    ours = os.getpid()
    child = os.fork()
    if child == 0:
        _prctl(_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == ours:
            work()
        os._exit(0)
    status = _wait(child, gluehook)
    _end_descendants()
    return status


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _wait(child: int, gluehook: socket.socket) -> int | None:
    poll, wait_ms = select.poll(), None
    poll.register(gluehook, select.POLLRDHUP)
    try:
        poll.register(os.pidfd_open(child), select.POLLIN)
    except OSError:
        wait_ms = _POLL_MS
    while True:
        ready = dict(poll.poll(wait_ms))
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        if gluehook.fileno() in ready:
            return None


def _end_descendants() -> None:
    """Stop them all before one is ended, so that none of them starts another meanwhile."""
    until = time.monotonic() + _KILL_S
    while (found := _descendants()) and time.monotonic() < until:
        for sign in (signal.SIGSTOP, signal.SIGKILL):
            for pid in found:
                with suppress(OSError):
                    os.kill(pid, sign)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _descendants() -> list[int]:
    """The processes below this one."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):  # it has ended meanwhile
                _state, parent, *_ = (entry / "stat").read_text(errors="replace").rpartition(") ")[2].split()
                below.setdefault(int(parent), []).append(int(entry.name))
    found, left = list[int](), [os.getpid()]
    while left:
        children = below.get(left.pop(), [])
        found += children
        left += children
    return found
