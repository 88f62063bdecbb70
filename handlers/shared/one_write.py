"""A request that is sent in one piece: head and body apart would be two packets, which wake the server twice."""

from __future__ import annotations

from typing import Any


def in_one_write(pool: Any) -> Any:
    """The urllib3 pool, whose connections send the head of a request together with its body."""
    pool.ConnectionCls = type("WholeConnection", (_WholeRequests, pool.ConnectionCls), {})
    return pool


class _WholeRequests:
    """Goes before a connection class of urllib3's, which sends the head first."""

    _held: bytes | None = None  # the head that waits for its body; empty until it is there

    def request(self, method: str, url: str, body: Any = None, *args: Any, **more: Any) -> None:
        self._held = b"" if body else None
        super().request(method, url, body, *args, **more)  # type: ignore[misc] # of the class after this one

    def send(self, data: bytes) -> None:
        if self._held == b"":
            self._held = data
            return
        held, self._held = self._held or b"", None
        super().send(held + data)  # type: ignore[misc] # of the class after this one
