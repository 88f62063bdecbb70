"""The ways in which the other side of a handler misbehaves, and the error word that each must become."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from hooks.handler import GiveUp, Retry

RETRY_AFTER_S = 7

# What the misbehaving server answers to any request, as raw bytes; then it closes.
_ANSWERS: Mapping[str, bytes] = {
    "error_500": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops",
    "busy_429": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: %d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    % RETRY_AFTER_S,
    "unauthorized_401": b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
    "garbage": b"\x16\x03\x01\x00 this is no HTTP \xff\xfe\r\n\r\n",
    "html": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 19\r\nConnection: close\r\n\r\n"
    b"<html>hello</html>\n",
    "half_a_body": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"half": ',
}

Word = type[Retry] | type[GiveUp] | str  # the error, or the status of an outcome
WORDS: Mapping[str, Word] = {
    "refused": Retry, "timeout": Retry, "error_500": Retry, "busy_429": Retry, "unauthorized_401": GiveUp,
    "garbage": Retry, "html": Retry, "half_a_body": Retry,
}  # fmt: skip


@contextmanager
def misbehaving(how: str, unix_socket: Path | None = None) -> Iterator[str]:
    """A server on loopback that does one of WORDS to each request. Yields `http://127.0.0.1:PORT` or `unix://PATH`."""
    server = socket.socket(socket.AF_UNIX if unix_socket else socket.AF_INET)
    stop = threading.Event()
    with closing(server):
        server.bind(str(unix_socket) if unix_socket else ("127.0.0.1", 0))
        address = f"unix://{unix_socket}" if unix_socket else f"http://127.0.0.1:{server.getsockname()[1]}"
        if how == "refused":  # bound and not listening: refused, and nobody else can take the port
            yield address
            return
        server.listen()
        thread = threading.Thread(target=_serve, args=(server, how, stop), name=f"misbehaving-{how}")
        thread.start()
        try:
            yield address
        finally:
            stop.set()
            server.shutdown(socket.SHUT_RDWR)  # wakes accept()
            thread.join(5)
            assert not thread.is_alive()


def _serve(server: socket.socket, how: str, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            peer, _ = server.accept()
        except OSError:  # shut down
            return
        with closing(peer):
            _misbehave(peer, how, stop)


def _misbehave(peer: socket.socket, how: str, stop: threading.Event) -> None:
    peer.settimeout(5)
    try:
        if not _read_request(peer):
            return
        if how == "timeout":
            while not stop.is_set() and peer.recv(4096):  # until the caller hangs up
                pass
            return
        peer.sendall(_ANSWERS[how])
    except OSError:  # the caller was quicker
        return


def _read_request(peer: socket.socket) -> bytes:
    """The whole request: closing with unread bytes would reset the connection before the answer is read."""
    text = b""
    while b"\r\n\r\n" not in text:
        more = peer.recv(65536)
        if not more:
            return text
        text += more
    head, _, body = text.partition(b"\r\n\r\n")
    length = next((int(v) for k, _, v in (h.partition(b":") for h in head.split(b"\r\n"))
                   if k.lower() == b"content-length"), 0)  # fmt: skip
    while len(body) < length and (more := peer.recv(65536)):
        body += more
    return head + b"\r\n\r\n" + body
