"""A follower of the control socket: a real client in a thread, and what it was told."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hooks.control.client import NotRunning, follow
from hooks.control.server import FILE_NAME, Refused
from tests.parts.process.playing import WAIT_S

Item = dict[str, Any]


class Told:
    """The items that came, one after the other; `ended` says how the following ended, "" for well."""

    def __init__(self, state: Path, kinds: Sequence[str] = ()) -> None:
        self.items: queue.Queue[Item] = queue.Queue()
        self.ended: str | None = None
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._follow, args=(state, kinds))
        self._thread.start()

    def next(self, kind: str = "", **fields: Any) -> Item:
        """The next item of this kind with these values; those before it are dropped."""
        while True:
            item = self.items.get(timeout=WAIT_S)
            if kind in ("", item["kind"]) and fields.items() <= item.items():
                return item

    def until_end(self) -> list[Item]:
        """What comes until the following has ended."""
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive(), "the following does not end"
        return list(self.items.queue)

    def hang_up(self) -> None:
        """End the following from this side."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
        self.until_end()

    def _follow(self, state: Path, kinds: Sequence[str]) -> None:
        try:
            for item in follow(state, kinds, opened=self._opened):
                self.items.put(item)
            self.ended = ""
        except (NotRunning, Refused) as why:
            self.ended = str(why)

    def _opened(self, connection: socket.socket) -> None:
        self._connection = connection


@contextmanager
def told(state: Path, *kinds: str) -> Iterator[Told]:
    """A follower that has been greeted."""
    one = Told(state, kinds)
    try:
        one.next("hello")
        yield one
    finally:
        one.hang_up()


@contextmanager
def asking(state: Path, line: bytes) -> Iterator[socket.socket]:
    """A connection that has sent this line, and reads nothing."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(WAIT_S)
        connection.connect(str(state / FILE_NAME))
        connection.sendall(line)
        yield connection
