"""The other side of the control socket: ask a running gluehook."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

from hooks.control.server import FILE_NAME, Refused, too_long

_PATIENCE_S = 15.0  # it may have much to do


class NotRunning(Exception):  # noqa: N818 - a fact about the folder
    """Nobody answers in the state folder; the text is the whole sentence."""


def ask(state: Path, verb: str, **arguments: Any) -> tuple[list[dict[str, Any]], str]:
    """What a running gluehook with this state folder answers: the items, and what has been done.

    Raises NotRunning, or Refused where it will not.
    """
    path = state / FILE_NAME
    try:
        answer = _exchange(path, {"ask": verb, **arguments})
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotRunning(f"no gluehook is running on the state folder {state}; start it with `gluehook run`, "
                         "or set GLUEHOOK_STATE to the folder of the one that runs") from None  # fmt: skip
    except OSError as error:
        raise NotRunning(
            f"the gluehook on the state folder {state} does not answer: {error.strerror or error}"
        ) from error
    *items, last = answer or [{"error": "it has hung up without an answer; see its log"}]
    if "done" not in last:
        raise Refused(str(last.get("error", "the answer broke off; see its log")))
    return items, str(last["done"])


def _exchange(path: Path, request: dict[str, Any]) -> list[dict[str, Any]]:
    if why := too_long(path):
        raise OSError(why)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_PATIENCE_S)
        connection.connect(os.fspath(path))
        with connection.makefile("rwb") as stream:
            stream.write(json.dumps(request).encode() + b"\n")
            stream.flush()
            try:
                return [json.loads(line) for line in stream]
            except ValueError:
                raise OSError("its answer is no JSON") from None
