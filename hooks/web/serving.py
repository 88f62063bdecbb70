"""uvicorn as it is used here: asyncio and h11 alone, bounded in every direction, and silent about bad requests."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 200  # at once; beyond it a request gets 503
REQUEST_S = 15.0  # for the head of a request, from the connection or from the answer before it
_KEEP_ALIVE_S = 10
_STOP_S = 2  # for responses that are under way, such as streams
_MOST_HEAD_BYTES = 16_384
_BACKLOG = 128


class Server(uvicorn.Server):
    """A server that leaves signals to the process. It sleeps while nobody asks: uvicorn's wakes ten times a second.

    `stop` may be called by any thread, and before it runs. `ending` is called then: it ends what would not end.
    """

    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """End: answers that are under way have `_STOP_S`."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)

    async def main_loop(self) -> None:
        """Wait for `stop`."""
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)
        if not self.should_exit:
            await self._stopped.wait()
        self._ending()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Catch none."""
        yield


class Protocol(H11Protocol):
    """Closes a connection whose request is not there within `REQUEST_S`; uvicorn would wait for it for ever."""

    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._forget()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Read on; a request that is whole is waited for no more."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._forget()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        if self.cycle.response_complete:
            self._wait()

    def _wait(self) -> None:
        self._forget()
        self._due = self.loop.call_later(REQUEST_S, self.transport.close)

    def _forget(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None


def server(app: ASGIApp, ending: Callable[[], None] = lambda: None) -> Server:
    """A server for the application. `run(sockets=[…])` serves until its `stop` is called, which calls `ending`."""
    _quieten()
    config = uvicorn.Config(
        app, loop="asyncio", http=Protocol, ws="none", lifespan="off", log_config=None, access_log=False,
        proxy_headers=False, server_header=False, date_header=False, limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S, timeout_graceful_shutdown=_STOP_S,
        h11_max_incomplete_event_size=_MOST_HEAD_BYTES,
    )  # fmt: skip
    return Server(config, ending)


def listening(address: str) -> socket.socket:
    """A socket that listens on HOST:PORT. Raises OSError."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family: Any = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family, backlog=_BACKLOG)


def _quieten() -> None:
    """A line for each malformed request would let anybody fill the log; what the application raises, faults.py says."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
