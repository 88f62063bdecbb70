"""A small HTTP server on loopback for the fakes: a request in, an answer out."""

from __future__ import annotations

import json
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Ask:
    """A request. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    query: str = ""

    @property
    def form(self) -> dict[str, str]:
        return {k: v[0] for k, v in parse_qs(self.body.decode(), keep_blank_values=True).items()}


@dataclass(frozen=True)
class Answer:
    """An answer. A dict becomes JSON."""

    status: int = 200
    body: str | Mapping[str, Any] = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def server(answer: Callable[[Ask], Answer], port: int = 0, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """A server on 127.0.0.1 that keeps connections alive. Not started yet."""

    class OneRequest(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10  # seconds an idle connection is kept
        wbufsize = -1  # one packet per answer

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {k.lower(): v for k, v in self.headers.items()}
            path, _, query = self.path.partition("?")
            self._send(answer(Ask(self.command, path, headers, body, query)))

        do_GET = do_POST = do_PUT = do_HEAD = _answer  # noqa: N815 - the library's names

        def _send(self, found: Answer) -> None:
            body = found.body if isinstance(found.body, str) else json.dumps(found.body)
            self.send_response_only(found.status)  # no Server and no Date but the answer's own
            for name, value in found.headers.items():
                self.send_header(name, value)
            if found.status != 204:
                self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())
            self.wfile.flush()

        def log_message(self, *_: Any) -> None:  # the fake keeps its own list
            return

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            if not isinstance(sys.exc_info()[1], ssl.SSLError):  # a client that trusts us not hangs up
                super().handle_error(request, client_address)

    web = Quiet((host, port), OneRequest)
    web.daemon_threads = True  # a connection that is kept warm must not hold up the end
    return web


@contextmanager
def served(answer: Callable[[Ask], Answer], port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The server for the time of a block. Yields its address."""
    web = server(answer, port)
    if tls:
        web.socket = tls.wrap_socket(web.socket, server_side=True, do_handshake_on_connect=False)
    with running(web):
        yield f"{'https' if tls else 'http'}://127.0.0.1:{web.server_port}"


@contextmanager
def running(web: ThreadingHTTPServer) -> Iterator[None]:
    """The server serves for the time of a block, and is closed then."""
    thread = threading.Thread(target=web.serve_forever, args=(0.02,), name="fake")
    thread.start()
    try:
        yield
    finally:
        web.shutdown()
        thread.join(5)
        web.server_close()
