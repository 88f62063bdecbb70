"""The verbs `doctor` and `peers`: what these commands find, for a program that may not ask Docker itself.

Each runs in a child process, so that the running gluehook loads nothing for it, and no target that hangs can stop the
work. Guaranteed: one child at a time, and requests that come meanwhile get its answer; a child that takes longer than
`WITHIN_S`, floods its output or is there at a stop is killed, with what it has started.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from hooks.control.items import Mask, masked
from hooks.control.server import Refused, Request, Response

WITHIN_S = 60.0
_MOST_BYTES = 1 << 20
_NICE = 10  # the reaction to an event goes first
_SAID_CHARS = 300


class ChildVerb:
    """Runs `argv`, which does what `gluehook NAME` does and prints one JSON object. `mask` hides secrets in it.

    The object has a list under `items`, and what was done under `said`, or else the number of its `checks`.
    """

    def __init__(
        self, name: str, argv: Sequence[str], mask: Mask, *, items: str, within_s: float = WITHIN_S
    ) -> None:  # fmt: skip
        self._name, self._argv, self._mask, self._items, self._within_s = name, argv, mask, items, within_s
        self._lock = threading.Lock()
        self._answer: Future[dict[str, Any]] | None = None  # of the child that runs
        self._child: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def answer(self, _: Request) -> Response:
        """The items, in the order of the object."""
        found = self._found()
        for item in found[self._items]:
            yield masked(item, self._mask)
        count = len(found[self._items])
        yield {
            "done": self._mask(str(found["said"]))
            if "said" in found
            else f"{found.get('checks', 0)} checks: {count or 'nothing'} found"
        }

    def close(self) -> None:
        """Kill the child that runs, and start none any more."""
        with self._lock:
            self._is_closed = True
            if self._child is not None:
                _kill(self._child)

    def _found(self) -> dict[str, Any]:
        """The object of the child that runs, or of a new one. Raises Refused."""
        with self._lock:
            running, mine = self._answer, Future[dict[str, Any]]()
            if running is None:
                self._answer = mine
        if running is not None:
            return running.result()
        try:
            mine.set_result(self._examined())
        except BaseException as error:  # noqa: BLE001 - who waits for the same child must hear of it
            mine.set_exception(error)
        with self._lock:
            self._answer = None
        return mine.result()

    def _examined(self) -> dict[str, Any]:
        with self._lock:
            if self._is_closed:
                raise Refused("gluehook stops")
            child = self._child = self._started()
        try:
            output, why = _read(child, self._within_s)
        finally:
            with self._lock:
                self._child = None
                _kill(child)
                child.wait()
                child.stdout.close()  # type: ignore[union-attr]
        if self._is_closed:
            raise Refused("gluehook stops")
        if found := _answer_in(output, self._items) if not why else None:
            return found
        raise Refused(f"the process of `gluehook {self._name}` {why or self._ended(child.returncode, output)}; "
                      f"`gluehook {self._name}` shows what it does")  # fmt: skip

    def _started(self) -> subprocess.Popen[bytes]:
        try:
            child = subprocess.Popen(
                self._argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                start_new_session=True,  # so that it is killed with what it has started, and Ctrl-C is ours alone
            )  # fmt: skip
        except OSError as error:
            said = f"the process of `gluehook {self._name}` could not be started: {error.strerror or error}"
            raise Refused(said) from error
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, child.pid, _NICE)
        return child

    def _ended(self, status: int, output: bytes) -> str:
        said = (output.decode(errors="replace").strip() or "it said nothing").splitlines()[-1]
        return f"ended with status {status} and without {self._items}: {self._mask(said)[:_SAID_CHARS]}"


def _read(child: subprocess.Popen[bytes], within_s: float) -> tuple[bytes, str]:
    """What it prints until it ends, and why that is not whole, "" if it is."""
    assert child.stdout is not None
    output, until, poll = b"", time.monotonic() + within_s, select.poll()
    poll.register(child.stdout, select.POLLIN)
    while (left_s := until - time.monotonic()) > 0:
        if not poll.poll(left_s * 1000):
            continue
        chunk = os.read(child.stdout.fileno(), 1 << 16)
        output += chunk
        if not chunk:
            return output, ""
        if len(output) > _MOST_BYTES:
            return b"", f"printed more than {_MOST_BYTES >> 20} MiB and was ended"
    return b"", f"did not answer within {within_s:g} s and was ended"


def _answer_in(output: bytes, items: str) -> dict[str, Any] | None:
    """The object with the items; other lines are what a library warns of."""
    for line in reversed(output.splitlines()):
        with suppress(ValueError, RecursionError):
            found = json.loads(line)
            if isinstance(found, dict) and isinstance(found.get(items), list):
                return found if all(isinstance(one, dict) for one in found[items]) else None
    return None


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill it and its session, which is its own; nothing where it has been waited for."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
