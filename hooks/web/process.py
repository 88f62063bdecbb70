"""Serves the application with uvicorn: asyncio and h11 alone, on a socket that is open already."""

from __future__ import annotations

import socket

import uvicorn
from starlette.types import ASGIApp

MOST_CONNECTIONS = 200  # at once; beyond it uvicorn answers 503
_KEEP_ALIVE_S = 10
_STOP_S = 2  # for responses that are under way, such as streams


def server(app: ASGIApp) -> uvicorn.Server:
    """A server for the application. `run(sockets=[…])` serves until `should_exit` is set."""
    config = uvicorn.Config(
        app, loop="asyncio", http="h11", ws="none", lifespan="off", log_config=None, access_log=False,
        proxy_headers=False, server_header=False, limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S, timeout_graceful_shutdown=_STOP_S, h11_max_incomplete_event_size=16_384,
    )  # fmt: skip
    return uvicorn.Server(config)


def listening(address: str) -> socket.socket:
    """A socket that listens on HOST:PORT. Raises OSError."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family, backlog=128)
