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

MOST_CONNECTIONS = 200  # at once, and beyond it those that make room
_ROOM = 20  # for what is being broken off; beyond it a request gets 503
REQUEST_S = 15.0  # for the head of a request, from the connection or from the answer before it
STALL_S = 30.0  # for a client that takes nothing, with some 64 KiB on the way to it
_KEEP_ALIVE_S = 10
_STOP_S = 2  # for responses that are under way, such as streams
_MOST_HEAD_BYTES = 16_384
_MOST_AHEAD_BYTES = 65_536  # of requests that come before the response to the one before them
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
    """Waits for no client for ever, as uvicorn would, and lets none that it waits for keep out another.

    A connection is closed whose request is not there within `REQUEST_S`, and broken off if its client then takes
    nothing, or takes next to nothing of a response for `STALL_S`. Where `MOST_CONNECTIONS` are open, a new one takes
    the place of the one whose client has let us wait longest.
    """

    _due: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        if len(self.connections) >= MOST_CONNECTIONS:
            self._make_room()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._forget()
        self._goes_on()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what comes; no browser sends more than a few requests ahead of the responses."""
        super().data_received(data)
        if len(self.conn.trailing_data[0]) > _MOST_AHEAD_BYTES:
            self.transport.abort()

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

    def pause_writing(self) -> None:
        """The client takes less than is sent."""
        super().pause_writing()
        self._goes_on()
        self._stalled = self.loop.call_later(STALL_S, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has taken what was sent."""
        self._goes_on()
        super().resume_writing()

    def _goes_on(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    @property
    def _is_waiting(self) -> bool:
        """Whether it is the client that we wait for: its request, the rest of that, or that it takes the response."""
        is_half = self.cycle is not None and self.cycle.more_body
        waits = self._due is not None or is_half or self.flow.write_paused
        return waits and not self.transport.is_closing()

    def _make_room(self) -> None:
        waiting = [one for one in self.connections if isinstance(one, Protocol) and one is not self and one._is_waiting]
        if waiting:
            min(waiting, key=lambda one: one._since).transport.abort()

    def _wait(self) -> None:
        self._forget()
        self._since = self.loop.time()
        self._due = self.loop.call_later(REQUEST_S, self._end)

    def _end(self) -> None:
        if self.transport.is_closing():  # and the client has not taken what is still to be sent
            self.transport.abort()
            return
        self.transport.close()
        self._due = self.loop.call_later(REQUEST_S, self._end)

    def _forget(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None


def server(app: ASGIApp, ending: Callable[[], None] = lambda: None) -> Server:
    """A server for the application. `run(sockets=[…])` serves until its `stop` is called, which calls `ending`."""
    _quieten()
    config = uvicorn.Config(
        app, loop="asyncio", http=Protocol, ws="none", lifespan="off", log_config=None, access_log=False,
        proxy_headers=False, server_header=False, date_header=False, limit_concurrency=MOST_CONNECTIONS + _ROOM,
        timeout_keep_alive=_KEEP_ALIVE_S, timeout_graceful_shutdown=_STOP_S,
        h11_max_incomplete_event_size=_MOST_HEAD_BYTES,
    )  # fmt: skip
    return Server(config, ending)


def listening(address: str) -> socket.socket:
    """A socket that listens on HOST:PORT, for IPv4 as well where HOST is [::]. Raises OSError."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family: Any = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    listening = socket.create_server((host, int(port)), family=family, backlog=_BACKLOG, dualstack_ipv6=both)
    # its connections have it, too: else the body of each response but the first waits 40 ms for the client's TCP
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _quieten() -> None:
    """A line for each malformed request would let anybody fill the log; what the application raises, faults.py says."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
