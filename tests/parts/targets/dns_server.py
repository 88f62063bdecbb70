"""A DNS server on loopback that answers every question with one word, or with nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dns import flags, message, rcode


@contextmanager
def dns_server(word: str) -> Iterator[tuple[int, list[str]]]:
    """Its port, and the names that it was asked for. `word` is NOERROR, SERVFAIL, …, or "" for silence."""
    asked: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        port = int(door.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(door, word, asked), name="dns-server")
        thread.start()
        try:
            yield port, asked
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", ("127.0.0.1", port))
            thread.join(5)


def _serve(door: socket.socket, word: str, asked: list[str]) -> None:
    while (came := door.recvfrom(4096))[0]:
        question = message.from_wire(came[0])
        asked.append(str(question.question[0].name).rstrip("."))
        if word:
            answer = message.make_response(question)
            answer.flags |= flags.RA
            answer.set_rcode(rcode.from_text(word))
            door.sendto(answer.to_wire(), came[1])
