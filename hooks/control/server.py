"""The control socket: `$GLUEHOOK_STATE/gluehook.sock`, on which a running gluehook answers its owner.

One request a connection, one line of JSON: {"ask": "history", …its arguments…}. The answer is lines of JSON: any number
of items, and then {"done": "what has been done"} or {"error": "why not"}. Who may open the socket may ask: mode 0600.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hooks.events import signals

FILE_NAME = "gluehook.sock"
LONGEST_PATH_BYTES = 107  # the kernel's
LONGEST_LINE_BYTES = 65_536
_PATIENCE_S = 2.0  # for who is connected: one is served after the other
_WAITING = 16

Answer = Iterable[Mapping[str, Any]]  # the items, and at the end {"done": …}
Verbs = Mapping[str, Callable[[Mapping[str, Any]], Answer]]


class Refused(Exception):  # noqa: N818 - an answer, no fault
    """What was asked for cannot be done; the text is the whole sentence."""


class Control:
    """Serves `verbs` on a socket, in a thread of its own. A verb may raise Refused."""

    def __init__(self, path: Path, verbs: Verbs) -> None:
        self._path, self._verbs = path, verbs
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Open the socket and serve it. Without one the work goes on, and that is said."""
        try:
            self._socket = _listening(self._path)
        except OSError as error:
            signals.emit(signals.problem, said=f"the control socket {self._path} cannot be opened: "
                         f"{error.strerror or error}; the work goes on, but `gluehook retry`, `pause` and `resume` "
                         "cannot be answered")  # fmt: skip
            return
        threading.Thread(target=self._serve, args=(self._socket,), name="control", daemon=True).start()

    def stop(self) -> None:
        """Answer nobody any more, and remove the socket."""
        listening, self._socket = self._socket, None
        if listening is not None:
            with suppress(OSError):  # the folder itself may be gone
                self._path.unlink(missing_ok=True)
            with suppress(OSError):  # it has failed already
                listening.shutdown(socket.SHUT_RDWR)  # wakes the thread

    def _serve(self, listening: socket.socket) -> None:
        with listening:
            while self._socket is listening:
                try:
                    connection, _ = listening.accept()
                except OSError as error:
                    if self._socket is listening:
                        signals.emit(signals.problem, said=f"the control socket {self._path} has failed "
                                     f"({error.strerror}); it is opened again at the next start")  # fmt: skip
                    return
                with connection, suppress(OSError):  # who hangs up gets no answer
                    connection.settimeout(_PATIENCE_S)
                    self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        with connection.makefile("rwb") as stream:
            request = stream.readline(LONGEST_LINE_BYTES + 1)
            for line in self._answer(request):
                stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def _answer(self, request: bytes) -> Answer:
        try:
            yield from self._verb(request)
        except Refused as why:
            yield {"error": str(why)}
        except Exception as error:  # noqa: BLE001 - a question must not end who answers
            said = f"the answer broke: {type(error).__name__}: {error}; this is a fault of gluehook's"
            signals.emit(signals.problem, said=f"control: {said}", error=error)
            yield {"error": said}

    def _verb(self, request: bytes) -> Answer:
        if len(request) > LONGEST_LINE_BYTES:
            raise Refused(f"the request is longer than {LONGEST_LINE_BYTES} bytes; ask for less")
        try:
            asked = json.loads(request)
            verb = self._verbs.get(asked["ask"])
        except (ValueError, TypeError, KeyError, RecursionError):
            raise Refused('the request is no line like {"ask": "history"}; write one, with a line end') from None
        if verb is None:
            raise Refused(f"this gluehook does not know '{str(asked['ask'])[:40]}'; it knows {', '.join(self._verbs)}")
        return verb(asked)


def too_long(path: Path) -> str:
    """Why no socket can have this path, "" if it can."""
    length = len(os.fsencode(path))
    if length <= LONGEST_PATH_BYTES:
        return ""
    return (
        f"its path has {length} bytes, and a socket's at most {LONGEST_PATH_BYTES}: give GLUEHOOK_STATE a shorter one"
    )


def _listening(path: Path) -> socket.socket:
    if why := too_long(path):
        raise OSError(why)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listening.fileno(), 0o600)  # before there is a file that anybody could open
        if path.is_socket():
            path.unlink()  # of a life that was killed: the folder is locked, so it is nobody's
        listening.bind(os.fspath(path))
        listening.listen(_WAITING)
    except BaseException:
        listening.close()
        raise
    return listening
