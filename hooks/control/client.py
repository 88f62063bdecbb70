"""The client of the control socket: send a request to a running gluehook."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

from hooks.control.server import FILE_NAME, Refused, Request, too_long

_TIMEOUT_S = 15.0  # a busy loop takes long; see CALL_WAIT_S in runtime/dispatcher.py


class NotRunning(Exception):  # noqa: N818 - a fact about the folder
    """No gluehook responds on the state folder; the text is the whole sentence."""


def request(state: Path, verb: str, **arguments: Any) -> tuple[list[dict[str, Any]], str]:
    """Send a request to the gluehook that runs on this state folder; its response: the items, and what was done.

    Raises NotRunning, or Refused if gluehook refuses the request.
    """
    path = state / FILE_NAME
    try:
        response = _exchange(path, {"ask": verb, **arguments})
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotRunning(f"no gluehook is running on the state folder {state}; start it with `gluehook run`, "
                         "or set GLUEHOOK_STATE to the folder of the one that runs") from None  # fmt: skip
    except OSError as error:
        raise NotRunning(
            f"the gluehook on the state folder {state} does not answer: {error.strerror or error}"
        ) from error
    *items, last = response or [{"error": "gluehook closed the connection without an answer; see its log"}]
    if "done" not in last:
        raise Refused(str(last.get("error", "the answer broke off; see its log")))
    return items, str(last["done"])


def _exchange(path: Path, message: Request) -> list[dict[str, Any]]:
    if why := too_long(path):
        raise OSError(why)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_TIMEOUT_S)
        connection.connect(os.fspath(path))
        with connection.makefile("rwb") as stream:
            stream.write(json.dumps(message).encode() + b"\n")
            stream.flush()
            try:
                return [json.loads(line) for line in stream]
            except ValueError:
                raise OSError("its answer is no JSON") from None
