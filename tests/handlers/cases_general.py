"""The general handlers in the contract, each with a well-behaved other side: an engine, a web server, a file."""

from __future__ import annotations

import json
import os
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

import docker

from handlers.command.run import Run, RunArgs
from handlers.containers.exec import Exec, ExecArgs
from handlers.containers.restart import Restart, RestartArgs
from handlers.containers.start import Start, StartArgs
from handlers.notify.send import Send, SendArgs
from handlers.webhook.post import Post, PostArgs
from hooks.docker.client import connect
from hooks.handler import Retry
from tests.handlers.contract import CASES, WORDS, Case, Fine

ID = "a" * 64
BEFORE, AFTER = "2023-11-14T22:00:00.000000001Z", "2023-11-14T22:13:21.5Z"  # around the contract clock's first instant
NEVER = "0001-01-01T00:00:00Z"
_ENVIRONMENT = threading.Lock()


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    """The server at work in a thread, and closed afterwards."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
        assert not thread.is_alive()


@dataclass
class OneContainer:
    """A Docker engine that has one container, `box`, and answers what the handlers ask."""

    running: bool = True
    paused: bool = False
    restarting: bool = False
    started_at: str = BEFORE
    raw: str | None = None  # instead of what inspect would show
    finished_at: str = NEVER
    network_mode: str = "none"
    output: bytes = b"hello\n"
    exit_code: int | None = 0
    command_runs: bool = False  # Docker's exit code is then null, Podman's 0
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)  # the last word of a path -> status, message
    writes: list[str] = field(default_factory=list)

    def inspect(self) -> bytes:
        if self.raw is not None:
            return self.raw.encode()
        times = {"StartedAt": self.started_at, "FinishedAt": self.finished_at}
        flags = {"Running": self.running, "Paused": self.paused, "Restarting": self.restarting}
        state = {**flags, "ExitCode": 0, **times}
        shown = {"Id": ID, "Name": "/box", "State": state, "HostConfig": {"NetworkMode": self.network_mode}}
        return json.dumps(shown).encode()

    def answer(self, method: str, path: str) -> tuple[int, bytes]:
        word = path.partition("?")[0].rpartition("/")[2]
        if method == "POST":
            self.writes.append(path)
        if word in self.refusals:
            status, message = self.refusals[word]
            return status, json.dumps({"message": message}).encode()
        if word == "exec":
            return 201, b'{"Id": "e1"}'
        if "/exec/" in path and word == "start":
            return 200, b"\1\0\0\0" + len(self.output).to_bytes(4, "big") + self.output
        if "/exec/" in path:
            return 200, json.dumps({"ExitCode": self.exit_code, "Running": self.command_runs}).encode()
        if word == "version":
            return 200, b'{"Version": "20.10.24", "ApiVersion": "1.41"}'
        if word in ("start", "restart"):
            self.running, self.restarting, self.started_at = True, False, AFTER
            return 204, b""
        if word == "kill" and "signal=HUP" in path:
            return 204, b""
        if word in ("pause", "unpause", "stop", "kill"):
            self.running, self.paused = word in ("pause", "unpause"), word == "pause"
            return 204, b""
        found = "/containers/box/" in path or ID in path
        return (200, self.inspect()) if found else (404, b'{"message": "No such container"}')


class _UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class Answering(Protocol):
    """What answers as an engine does."""

    def answer(self, method: str, path: str) -> tuple[int, bytes]: ...


@contextmanager
def engine_of(one: Answering, folder: Path) -> Iterator[str]:
    """The engine on a unix socket; yields its address."""

    class Engine(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = one.answer(self.command, self.path)
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - http.server's names

        def log_message(self, *args: Any) -> None: ...

    path = folder / "engine.sock"
    with serving(_UnixServer(str(path), Engine)):
        yield f"unix://{path}"


@contextmanager
def web(
    answer: Callable[[], tuple[int, dict[str, str]]], requests: list[tuple[str, dict[str, str], bytes]]
) -> Iterator[str]:
    """A web server that notes each request as (method and path, headers, body); yields its address."""

    class Answering(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            requests.append((f"{self.command} {self.path}", dict(self.headers), body))
            status, headers = answer()
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - http.server's names

        def log_message(self, *args: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Answering)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


def docker_at(address: str) -> Callable[[float], docker.APIClient]:
    """What `Context.docker` is in a gluehook whose DOCKER_HOST is this address."""

    def client(timeout_s: float) -> docker.APIClient:
        with _ENVIRONMENT, patch.dict(os.environ, {"DOCKER_HOST": address}):  # a handler may have several threads
            return connect(timeout_s)

    return client


def an_engine(**state: Any) -> Callable[[Path], Any]:
    """A well-behaved Docker engine with the container `box`; `state` are fields of `OneContainer`."""

    @contextmanager
    def fine(folder: Path) -> Iterator[Fine]:
        one = OneContainer(**state)
        with engine_of(one, folder) as address:
            yield Fine(address, lambda: one.writes)

    return fine


@contextmanager
def _a_web_server(_: Path) -> Iterator[Fine]:
    requests: list[tuple[str, dict[str, str], bytes]] = []
    with web(lambda: (204, {}), requests) as address:
        yield Fine(address, lambda: [what for what, _, _ in requests])


@contextmanager
def _a_file(folder: Path) -> Iterator[Fine]:
    file = folder / "lines"
    yield Fine(str(file), lambda: file.read_text().splitlines() if file.exists() else [])


TOKEN, PASSWORD = "t0ken-in-the-path", "pa55-in-the-url"
_STATUS_IS_ALL = {**WORDS, "html": "changed", "half_a_body": "changed"}  # the answer's body is not read
# Apprise tells no more than that a service did not take it
_APPRISE = {**{how: Retry for how in WORDS if how != "busy_429"}, "html": "changed"}


def _secret_url(address: str, scheme: str) -> str:
    return address.replace("http://", f"{scheme}://user:{PASSWORD}@") + f"/{TOKEN}/?key={TOKEN}"


CASES += [
    Case(Restart, lambda _: RestartArgs("box"), an_engine(), docker=docker_at, unix=True, second="skipped"),
    Case(Start, lambda _: StartArgs("box"), an_engine(running=False), docker=docker_at, unix=True),
    Case(
        Exec, lambda _: ExecArgs("box", ["reload", TOKEN], environment={"API_KEY": PASSWORD}),
        an_engine(output=f"key={PASSWORD}\n".encode()), docker=docker_at, unix=True, second=None,
        more_secrets=(TOKEN, PASSWORD),
    ),
    Case(
        Run, lambda file: RunArgs(["sh", "-c", 'echo x >>"$1"; echo $API_KEY', TOKEN, file], {"API_KEY": PASSWORD}),
        _a_file, second=None, words={}, more_secrets=(TOKEN, PASSWORD),
    ),
    Case(
        Post, lambda address: PostArgs(_secret_url(address, "http"), headers={"Authorization": f"Bearer {TOKEN}"}),
        _a_web_server, second=None, words=_STATUS_IS_ALL, more_secrets=(TOKEN, PASSWORD),
    ),
    Case(
        Send, lambda address: SendArgs("title", "message", [_secret_url(address, "json")]),
        _a_web_server, second=None, words=_APPRISE, more_secrets=(TOKEN, PASSWORD),
    ),
]  # fmt: skip
