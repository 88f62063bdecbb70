"""The log of one container of the fake engine: lines with time stamps, and followers that it may leave hanging."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime


class FakeLog:
    """Lines as Docker keeps them. `engine.logs[ID] = log.answer`."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, bytes]] = []  # time in ns, and the line
        self.asked: list[dict[str, list[str]]] = []
        self._changed = threading.Condition()
        self._hangs = self._ends = 0

    def write(self, *lines: bytes, at: int = 0, stream: int = 1) -> None:
        """The container writes these lines, at `at` (ns)."""
        with self._changed:
            self.lines += [(at or time.time_ns(), bytes((stream,)) + line) for line in lines]
            self._changed.notify_all()

    def hang(self) -> None:
        """The streams that are open now bring nothing more, and do not end."""
        self._hangs = len(self.asked)

    def end(self) -> None:
        """The streams that are open now end."""
        with self._changed:
            self._ends = len(self.asked)
            self._changed.notify_all()

    def answer(self, write: Callable[[bytes], object], ask: dict[str, list[str]]) -> None:
        """One request: what is asked for, and with `follow` what comes."""
        with self._changed:
            self.asked.append(ask)
            number, place = len(self.asked), self._begin(ask)
        while True:
            with self._changed:
                while "follow" in ask and self._ends < number and len(self.lines) <= place:
                    self._changed.wait()
                lines, place = self.lines[place:], len(self.lines)
                is_over = "follow" not in ask or (self._ends >= number and not lines)
            if self._hangs < number:
                write(b"".join(_frame(at, line) for at, line in lines if at >= _since(ask)))
            if is_over:
                return

    def _begin(self, ask: dict[str, list[str]]) -> int:
        tail = ask.get("tail", ["all"])[0]
        return 0 if tail == "all" else max(0, len(self.lines) - int(tail))


def _since(ask: dict[str, list[str]]) -> int:
    seconds, _, rest = ask.get("since", ["0"])[0].partition(".")
    return int(seconds) * 10**9 + int(rest.ljust(9, "0"))


def _frame(at: int, line: bytes) -> bytes:
    seconds, nanos = divmod(at, 10**9)
    stamp = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanos:09d}Z".encode()
    text = stamp + b" " + line[1:] + b"\n"
    return line[:1] + b"\0\0\0" + len(text).to_bytes(4, "big") + text
