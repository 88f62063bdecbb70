"""A door before a real engine: it notes each request, and a test may refuse one or act just before it is let in."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

_WAIT_S = 15.0
_NOBODY = "0" * 64  # the container of gluehook's questions about rights
_HEAD_END = b"\r\n\r\n"
Judge = Callable[[str], int]  # is given "POST /containers/x/start"; 0 lets it in, a status is the answer


class Gate:
    """Requests as "METHOD /path", without version and query. `judge` decides about each; it may block or raise."""

    def __init__(self, path: Path, engine: Path) -> None:
        self.host = f"unix://{path}"
        self.requests: list[str] = []
        self.judge: Judge = lambda _: 0
        self._engine = engine
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(path))
        self._door.listen(64)
        self._thread = threading.Thread(target=self._serve, name="gate")
        self._thread.start()

    def writes(self) -> list[str]:
        """Those that change something."""
        return [request for request in self.requests if not request.startswith("GET")]

    def close(self) -> None:
        """Let nobody in any more."""
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._thread.join(_WAIT_S)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        while True:
            try:
                guest, _ = self._door.accept()
            except OSError:
                return
            threading.Thread(target=self._admit, args=(guest,), daemon=True).start()

    def _admit(self, guest: socket.socket) -> None:
        """One request for each connection: what follows the answer's head is handed on until the engine hangs up."""
        with closing(guest), suppress(OSError):
            request = _read(guest)
            if not request:
                return
            method, target = request.split(b" ", 2)[:2]
            word = f"{method.decode()} {re.sub(r'^/v[0-9.]+', '', target.decode().partition('?')[0])}"
            status = 0
            if _NOBODY not in word:  # else it only asks what it may
                self.requests.append(word)
                status = self.judge(word)
            if status:
                body = b'{"message": "the gate is closed"}'
                guest.sendall(b"HTTP/1.1 %d No\r\nContent-Type: application/json\r\n" % status)
                guest.sendall(b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                return
            self._hand_on(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1), guest)

    def _hand_on(self, request: bytes, guest: socket.socket) -> None:
        with closing(socket.socket(socket.AF_UNIX)) as engine:
            engine.connect(str(self._engine))
            engine.sendall(request)
            while piece := engine.recv(65536):
                guest.sendall(piece)


def _read(guest: socket.socket) -> bytes:
    """A whole request; nothing if the guest leaves."""
    text = b""
    while _HEAD_END not in text:
        more = guest.recv(65536)
        if not more:
            return b""
        text += more
    text = re.sub(rb"\r\nConnection: [^\r]*", b"", text, count=1, flags=re.IGNORECASE)
    head, _, body = text.partition(_HEAD_END)
    found = re.search(rb"\r\nContent-Length: (\d+)", head, re.IGNORECASE)
    missing = int(found[1]) - len(body) if found else 0
    while missing > 0:
        more = guest.recv(65536)
        text, missing = text + more, missing - len(more)
    return text


@contextmanager
def gate(path: Path, engine: Path) -> Iterator[Gate]:
    """A door at this path before the engine at that one."""
    door = Gate(path, engine)
    try:
        yield door
    finally:
        door.close()
