"""JSON lines over a socket between gluehook and the process of an owner's handler. It answers with plain values only.

What gluehook sends may hold a pickle; what the process sends never does, as its content is not ours.
"""

from __future__ import annotations

import base64
import json
import pickle
import socket
from typing import Any

LONGEST_BYTES = 1 << 20
"""Of a line that the process of a handler sends."""

Message = dict[str, Any]


class ChannelError(Exception):
    """The other side sent no line of JSON, or one that is too long."""


def packed(value: Any) -> str:
    """A value of ours, to be sent to the process."""
    return base64.b64encode(pickle.dumps(value)).decode()


def unpacked(text: str) -> Any:
    """The value of `packed`. For the process only."""
    return pickle.loads(base64.b64decode(text))  # noqa: S301 - gluehook itself has sent it


def encoded(message: Message) -> bytes:
    """The message as a line. Raises TypeError or ValueError for what JSON has not."""
    return json.dumps(message).encode() + b"\n"


class Lines:
    """Cuts what arrives into messages."""

    def __init__(self, longest_bytes: int = LONGEST_BYTES) -> None:
        self._kept, self._longest_bytes = bytearray(), longest_bytes

    def add(self, piece: bytes) -> None:
        """Take in what has arrived. Raises ChannelError for a line that is too long."""
        self._kept += piece
        if len(self._kept) > self._longest_bytes and b"\n" not in self._kept:
            raise ChannelError(f"a message of more than {self._longest_bytes} bytes")

    def next(self) -> Message | None:
        """The next whole message, or None. Raises ChannelError for what is none."""
        line, end, rest = bytes(self._kept).partition(b"\n")
        if not end:
            return None
        self._kept = bytearray(rest)
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):  # the latter for tables in tables without an end
            raise ChannelError("a line that is no JSON") from None
        if not isinstance(message, dict):
            raise ChannelError("a line that is no table")
        return message


class Channel:
    """The process's end. One thread at a time asks; others wait."""

    def __init__(self, ours: socket.socket) -> None:
        import threading

        self._socket, self._lines = ours, Lines(1 << 30)
        self._lock = threading.RLock()

    def send(self, message: Message) -> None:
        """Send a message. Raises TypeError or ValueError for what JSON has not."""
        line = encoded(message)
        if len(line) > LONGEST_BYTES:
            raise ValueError(f"a value of {len(line)} bytes is too long; gluehook takes 1 MiB")
        with self._lock:
            self._socket.sendall(line)

    def receive(self) -> Message:
        """The next message. Raises EOFError when gluehook is gone."""
        while (message := self._lines.next()) is None:
            piece = self._socket.recv(1 << 16)
            if not piece:
                raise EOFError
            self._lines.add(piece)
        return message

    def ask(self, what: str, **more: Any) -> Any:
        """Ask gluehook for something. Raises Retry where it cannot answer."""
        from hooks.handler import Retry

        with self._lock:
            self.send({"ask": what, **more})
            answer = self.receive()
        if "retry" in answer:
            raise Retry(answer["retry"], after=answer.get("after"), kind=answer.get("kind", ""))
        return answer.get("is")
