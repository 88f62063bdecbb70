"""The control socket: `$GLUEHOOK_STATE/gluehook.sock`, on which a running gluehook answers requests.

The app starts the server with the verbs of commands.py; client.py is the other side. A connection carries one request,
one line of JSON: {"ask": "history", …arguments…}. The response is lines of JSON: any number of items, and then
{"done": "what was done"} or {"error": "why not"}.

Guaranteed: only the owner of the socket can connect (mode 0600). Requests are served one after the other, in a thread
of their own; one whose response goes on for long is handed to another thread (lasting.py). A request that is malformed,
too long or makes a verb fail gets one error; neither the thread nor the runner ends by it. A client that keeps the
connection idle for 2 s is dropped. Without a socket gluehook runs on.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from hooks.events import signals
from hooks.threads.lasting import LastingThread

FILE_NAME = "gluehook.sock"
LONGEST_PATH_BYTES = 107  # the kernel's limit
LONGEST_LINE_BYTES = 1_048_576  # a hook of 256 KiB, of which JSON may write each character as six
_IDLE_TIMEOUT_S = 2.0  # short, because one client waits for the other
_BACKLOG = 16

Request = Mapping[str, Any]
Response = Iterable[Mapping[str, Any] | bytes]  # the items, or their lines, and at the end {"done": …}
Verb = Callable[[Request], Response]
Verbs = Mapping[str, Verb]


class Refused(Exception):  # noqa: N818 - a response, no fault
    """The request cannot be fulfilled; the text is the whole sentence."""


class Lasting(Protocol):
    """Serves verbs whose responses go on for long, each connection in a thread of its own: lasting.py."""

    verbs: Verbs

    def serve(self, connection: socket.socket, verb: Verb, request: Request) -> None:
        """Write the response, and close the connection then. Raises Refused."""


class Server:
    """Serves `verbs` on the socket `path`, in a thread of its own, and those of `lasting`. A verb may raise Refused."""

    def __init__(self, path: Path, verbs: Verbs, lasting: Lasting | None = None) -> None:
        self._path, self._verbs, self._lasting = path, verbs, lasting
        self._socket: socket.socket | None = None
        self._stopping = False
        self.thread = LastingThread(self._serve, "control", "answers `gluehook retry`, `pause` and other commands")

    def start(self) -> None:
        """Open the socket and serve it. If it cannot be opened, that is reported and gluehook runs on."""
        try:
            self._socket = _listening(self._path)
        except OSError as error:
            signals.emit(signals.problem, said=f"the control socket {self._path} cannot be opened: "
                         f"{error.strerror or error}; the work goes on, but `gluehook retry`, `pause` and `resume` "
                         "cannot be answered")  # fmt: skip
            return
        self.thread.start()

    def stop(self) -> None:
        """Accept no connection any more, and remove the socket."""
        self._stopping = True
        self.thread.stop()
        listening, self._socket = self._socket, None
        if listening is not None:
            with suppress(OSError):  # the folder itself may be gone
                self._path.unlink(missing_ok=True)
            with suppress(OSError):  # it has failed already
                listening.shutdown(socket.SHUT_RDWR)  # wakes the thread

    def beat(self) -> None:
        """Have the socket opened anew if its file is gone; called every few seconds."""
        listening = self._socket
        if listening is None or self._path.is_socket():
            return
        signals.emit(signals.problem, said=f"the control socket {self._path} was removed; it is opened anew")
        with suppress(OSError):  # it has failed already
            listening.shutdown(socket.SHUT_RDWR)  # wakes the thread

    def _serve(self) -> None:
        """Serve one socket after the other. Raises OSError where one fails or cannot be opened: it is called again."""
        while not self._stopping:
            listening = self._socket = self._socket or _listening(self._path)
            try:
                self._accept(listening)
            except OSError:
                if not self._stopping and self._path.is_socket():
                    raise
            finally:
                self._socket = None
                listening.close()

    def _accept(self, listening: socket.socket) -> None:
        """Answer one connection after the other. Raises OSError where the socket fails."""
        while not self._stopping:
            connection, _ = listening.accept()
            with connection, suppress(OSError):  # a client that hangs up gets no response
                connection.settimeout(_IDLE_TIMEOUT_S)
                self._handle(connection)

    def _handle(self, connection: socket.socket) -> None:
        with connection.makefile("rwb") as stream:
            for line in lines(self._response(stream.readline(LONGEST_LINE_BYTES + 1), connection)):
                stream.write(line)

    def _response(self, line: bytes, connection: socket.socket) -> Response:
        request = _parsed(line)
        name = request["ask"]
        if self._lasting and (lasting := self._lasting.verbs.get(name)):
            self._lasting.serve(connection.dup(), lasting, request)
        elif verb := self._verbs.get(name):
            yield from verb(request)
        else:
            known = (*self._verbs, *(self._lasting.verbs if self._lasting else ()))
            raise Refused(f"this gluehook does not know '{name[:40]}'; it knows {', '.join(known)}")


def lines(response: Response) -> Iterator[bytes]:
    """The lines of a response. What it raises is its last line."""
    try:
        for item in response:
            yield item if isinstance(item, bytes) else encoded(item)
    except Refused as why:
        yield encoded({"error": str(why)})
    except Exception as error:  # noqa: BLE001 - a request must not end the server
        said = f"the answer broke: {type(error).__name__}: {error}; this is a fault of gluehook's"
        signals.emit(signals.problem, said=f"control: {said}", error=error)
        yield encoded({"error": said})


def encoded(item: object) -> bytes:
    """The item as one line of JSON."""
    return json.dumps(item, ensure_ascii=False).encode(errors="replace") + b"\n"


def _parsed(line: bytes) -> Request:
    if len(line) > LONGEST_LINE_BYTES:
        raise Refused(f"the request is longer than {LONGEST_LINE_BYTES} bytes; ask for less")
    try:
        request = json.loads(line)
        if isinstance(request["ask"], str):
            return dict(request)
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise Refused('the request is no line like {"ask": "history"}; write one, with a line end')


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
            path.unlink()  # left by a gluehook that was killed: the state folder is locked, so nobody serves it
        listening.bind(os.fspath(path))
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening
