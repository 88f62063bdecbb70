"""Servers on loopback that speak by raw sockets, so that they may answer as no HTTP library would."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager


@contextmanager
def behaving(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does this to each connection. Yields its port."""
    server = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                peer, _ = server.accept()
            except OSError:
                return
            with closing(peer):
                peer.settimeout(5)
                try:
                    talk(peer)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, name="behaving")
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        stop.set()
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        server.close()
        assert not thread.is_alive()


@contextmanager
def trickling(begin: bytes, again: bytes, pause_s: float = 0.02) -> Iterator[int]:
    """A server that begins its answer so, and sends `again` again and again. Yields its port."""
    ended = threading.Event()

    def trickle(peer: socket.socket) -> None:
        peer.recv(4096)
        peer.sendall(begin)
        while not ended.wait(pause_s):
            peer.sendall(again)

    with behaving(trickle) as port:
        try:
            yield port
        finally:
            ended.set()
