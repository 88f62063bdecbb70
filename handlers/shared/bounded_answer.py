"""An HTTP answer that is bounded: the whole of it, and not each part, must come within the time-out, and it has an end.

A socket's time-out counts from the last byte, so a server that sends one byte a second would hold its thread for ever.
"""

from __future__ import annotations

import io
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

MAX_BYTES = 16 << 20
"""Far more than any answer that a handler asks for."""


class TooLongError(Exception):
    """The answer has more than MAX_BYTES."""


def bound(pool: Any) -> Any:
    """The urllib3 pool, whose answers must come whole within the read time-out of their request."""
    if pool.ConnectionCls.response_class is not _TimelyResponse:  # a session bounds the pools that it has kept again
        pool.ConnectionCls = type("TimelyConnection", (pool.ConnectionCls,), {"response_class": _TimelyResponse})
    return pool


def timely_session() -> Any:
    """A session of `requests` whose answers must come within their read time-out."""
    from requests import Session
    from requests.adapters import HTTPAdapter

    class Timely(HTTPAdapter):
        def get_connection_with_tls_context(self, *args: Any, **more: Any) -> Any:
            return bound(super().get_connection_with_tls_context(*args, **more))

    session = Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, Timely())
    return session


def read(found: Any) -> bytes:
    """The body of a urllib3 answer that is not loaded yet, unpacked. Raises TooLongError."""
    parts, left = list[bytes](), MAX_BYTES
    while part := found.read(left + 1):
        left -= len(part)
        if left < 0:
            found.close()  # what is left is not read, so the connection cannot be used again
            raise TooLongError
        parts.append(part)
    found.release_conn()
    return b"".join(parts)


class _TimelyResponse(HTTPResponse):
    """The time runs from here on, where the first byte is waited for."""

    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp = io.BufferedReader(_TimelyReader(sock, self.fp.detach()))


class _TimelyReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, raw: Any) -> None:
        super().__init__()
        timeout_s = sock.gettimeout()
        self._sock, self._raw = sock, raw
        self._until = None if timeout_s is None else time.monotonic() + timeout_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._until is not None:
            left_s = self._until - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("timed out")
            self._sock.settimeout(left_s)
        found: int | None = self._raw.readinto(buffer)
        return found

    def close(self) -> None:
        self._raw.close()
        super().close()
