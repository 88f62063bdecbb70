"""The client of the control socket: send a request to a running gluehook, or follow what it does."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hooks.control.server import FILE_NAME, Refused, Request, too_long

_TIMEOUT_S = 15.0  # a busy loop takes long; see CALL_WAIT_S in runtime/dispatcher.py
_LONGEST_LINE = 16 * 1024 * 1024  # far more than a snapshot of a thousand rules and containers
_SILENT_S = 45.0  # three beats of a follower
_SILENCE = {"error": "gluehook closed the connection without an answer; see its log"}

_CHILD_S = 75.0  # a child of gluehook looks at the whole server; see WITHIN_S in control/child_verb.py
_BY_A_CHILD = ("doctor", "peers")

Item = dict[str, Any]


class NotRunning(Exception):  # noqa: N818 - a fact about the folder
    """No gluehook responds on the state folder; the text is the whole sentence."""


def request(state: Path, verb: str, **arguments: Any) -> tuple[list[Item], str]:
    """Send a request to the gluehook that runs on this state folder; its response: the items, and what was done.

    Raises NotRunning, or Refused if gluehook refuses the request.
    """
    with _connected(state) as connected:
        connected.settimeout(_CHILD_S if verb in _BY_A_CHILD else _TIMEOUT_S)
        *items, last = list(_items(connected, {"ask": verb, **arguments})) or [_SILENCE]
    return items, _done(last)


def follow(
    state: Path, kinds: Sequence[str] = (), *, opened: Callable[[socket.socket], object] | None = None
) -> Iterator[Item]:
    """What the gluehook on this state folder tells, as it happens, until it stops; of these kinds if some are given.

    docs/control-socket.md lists the items; the first is "hello". `opened` gets the connection: `shutdown` of it ends
    the iteration from another thread. Raises NotRunning where no gluehook is there or it falls silent, or Refused.
    """
    message: Request = {"ask": "follow", **({"kinds": list(kinds)} if kinds else {})}
    with _connected(state) as connected:
        connected.settimeout(_SILENT_S)
        if opened:
            opened(connected)
        last: Item = _SILENCE
        for item in _items(connected, message):
            if "kind" not in item:
                last = item
                break
            yield item
    _done(last)


def _done(last: Item) -> str:
    if "done" not in last:
        raise Refused(str(last.get("error", "the answer broke off; see its log")))
    return str(last["done"])


@contextmanager
def _connected(state: Path) -> Iterator[socket.socket]:
    """A connection to the gluehook on this state folder. Raises NotRunning for what fails, also within the block."""
    path = state / FILE_NAME
    if why := too_long(path):
        raise NotRunning(f"the gluehook on the state folder {state} does not answer: {why}")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_TIMEOUT_S)
            connection.connect(os.fspath(path))
            yield connection
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotRunning(f"no gluehook is running on the state folder {state}; start it with `gluehook run`, "
                         "or set GLUEHOOK_STATE to the folder of the one that runs") from None  # fmt: skip
    except OSError as error:
        raise NotRunning(
            f"the gluehook on the state folder {state} does not answer: {error.strerror or error}"
        ) from error


def _items(connection: socket.socket, message: Request) -> Iterator[Item]:
    with connection.makefile("rwb") as stream:
        stream.write(json.dumps(message).encode() + b"\n")
        stream.flush()
        while line := stream.readline(_LONGEST_LINE):
            if len(line) == _LONGEST_LINE:
                raise OSError("its answer has a line without end")
            try:
                item = json.loads(line)
            except ValueError:
                raise OSError("its answer is no JSON") from None
            if not isinstance(item, dict):
                raise OSError("its answer is no JSON object")
            yield item
