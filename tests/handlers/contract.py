"""What every handler promises, told as data: a `Case` per handler, and the ways in which its other side misbehaves.

A module `cases_*.py` beside this one appends to CASES; `load_cases` imports them all, and `test_contract.py` puts each
case to the test.
"""

from __future__ import annotations

import importlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Handler, Retry
from hooks.world.model import World

RETRY_AFTER_S = 7

# What the misbehaving server answers to any request, as raw bytes; then it closes.
_ANSWERS: Mapping[str, bytes] = {
    "error_500": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops",
    "busy_429": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: %d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    % RETRY_AFTER_S,
    "unauthorized_401": b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
    "garbage": b"\x16\x03\x01\x00 this is no HTTP \xff\xfe\r\n\r\n",
    "html": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 19\r\nConnection: close\r\n\r\n"
    b"<html>hello</html>\n",
    "half_a_body": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"half": ',
}

Word = type[Retry] | type[GiveUp] | str  # the error, or the status of an outcome
WORDS: Mapping[str, Word] = {
    "refused": Retry, "timeout": Retry, "error_500": Retry, "busy_429": Retry, "unauthorized_401": GiveUp,
    "garbage": Retry, "html": Retry, "half_a_body": Retry,
}  # fmt: skip


@contextmanager
def misbehaving(how: str, unix_socket: Path | None = None) -> Iterator[str]:
    """A server on loopback that does one of WORDS to each request. Yields `http://127.0.0.1:PORT` or `unix://PATH`."""
    server = socket.socket(socket.AF_UNIX if unix_socket else socket.AF_INET)
    stop = threading.Event()
    with closing(server):
        server.bind(str(unix_socket) if unix_socket else ("127.0.0.1", 0))
        address = f"unix://{unix_socket}" if unix_socket else f"http://127.0.0.1:{server.getsockname()[1]}"
        if how == "refused":  # bound and not listening: refused, and nobody else can take the port
            yield address
            return
        server.listen()
        thread = threading.Thread(target=_serve, args=(server, how, stop), name=f"misbehaving-{how}")
        thread.start()
        try:
            yield address
        finally:
            stop.set()
            server.shutdown(socket.SHUT_RDWR)  # wakes accept()
            thread.join(5)
            assert not thread.is_alive()


def _serve(server: socket.socket, how: str, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            peer, _ = server.accept()
        except OSError:  # shut down
            return
        with closing(peer):
            _misbehave(peer, how, stop)


def _misbehave(peer: socket.socket, how: str, stop: threading.Event) -> None:
    peer.settimeout(5)
    try:
        if not _read_request(peer):
            return
        if how == "timeout":
            while not stop.is_set() and peer.recv(4096):  # until the caller hangs up
                pass
            return
        peer.sendall(_ANSWERS[how])
    except OSError:  # the caller was quicker
        return


def _read_request(peer: socket.socket) -> bytes:
    """The whole request: closing with unread bytes would reset the connection before the answer is read."""
    text = b""
    while b"\r\n\r\n" not in text:
        more = peer.recv(65536)
        if not more:
            return text
        text += more
    head, _, body = text.partition(b"\r\n\r\n")
    length = next((int(v) for k, _, v in (h.partition(b":") for h in head.split(b"\r\n"))
                   if k.lower() == b"content-length"), 0)  # fmt: skip
    while len(body) < length and (more := peer.recv(65536)):
        body += more
    return head + b"\r\n\r\n" + body


class Clock:
    """A clock that stands still until somebody waits on it. Seconds since the Unix epoch."""

    def __init__(self, now_s: float = 1_700_000_000.0) -> None:
        self.now_s = now_s
        self.waited_s: list[float] = []

    def now(self) -> float:
        return self.now_s

    def wait(self, wait_s: float) -> None:
        self.waited_s.append(wait_s)
        self.now_s += wait_s


class Notes:
    """A Memory without a file."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.values.get(key)

    def put(self, key: str, value: Any) -> None:
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value


def no_docker(_timeout_s: float) -> Any:
    raise AssertionError("this handler has no business with Docker")


def context(
    *,
    event: Event | None = None,
    settings: Settings | None = None,
    world: World | None = None,
    memory: Notes | None = None,
    secrets: Mapping[str, str] | None = None,
    docker: Callable[[float], Any] = no_docker,
    clock: Clock | None = None,
    timeout_s: float = 10.0,
    own_id: str = "",
    run: str = "run-1",
) -> Context:
    """What a handler is given, with a clock that jumps: `wait` costs nothing but `left`."""
    clock = clock or Clock()
    deadline_s = clock.now() + timeout_s
    return Context(
        event or Event("timer.tick", "5m", int(clock.now() * 1e9), data={"every": "5m"}),
        run, settings or Settings(), world or World(), memory or Notes(),
        dict(secrets or {}).get, docker, lambda: deadline_s - clock.now(), clock.wait, clock.now, own_id,
    )  # fmt: skip


@dataclass(frozen=True)
class Fine:
    """A well-behaved other side: where it is, and what was written to it so far."""

    address: str
    writes: Callable[[], Sequence[str]]


@dataclass(frozen=True)
class Case:
    """One handler with everything the contract needs to know about it. An address is a URL or `unix://PATH`."""

    handler: type[Handler[Any]]
    args: Callable[[str], Any]
    fine: Callable[[Path], AbstractContextManager[Fine]]  # is given an empty folder
    settings: Callable[[str], Settings] = lambda _: Settings()
    secrets: Mapping[str, str] = field(default_factory=dict)  # the values must appear in no message
    more_secrets: tuple[str, ...] = ()  # e.g. tokens inside of arguments
    event: Event | None = None
    world: Callable[[], World] = World
    docker: Callable[[str], Callable[[float], Any]] = lambda _: no_docker
    first: str = "changed"
    second: str | None = "unchanged"  # the status of applying twice; None: each time is a new deed
    words: Mapping[str, Word] = field(default_factory=lambda: WORDS)  # {} where no server is on the other side
    unix: bool = False
    label: str = ""

    @property
    def name(self) -> str:
        return self.handler.name + (f" {self.label}" if self.label else "")

    def context(self, address: str, *, memory: Notes | None = None, timeout_s: float = 10.0) -> Context:
        return context(
            event=self.event, settings=self.settings(address), world=self.world(), memory=memory,
            secrets=self.secrets, docker=self.docker(address), timeout_s=timeout_s, run=f"run-{next(_RUNS)}",
        )  # fmt: skip

    def leaks(self, text: str | None) -> list[str]:
        """The secrets that a message gives away."""
        return [s for s in (*self.secrets.values(), *self.more_secrets) if s in (text or "")]


_RUNS = itertools.count(1)  # each context is another run's
CASES: list[Case] = []


def load_cases() -> None:
    """Import every `cases_*.py` of this folder, each of which appends to CASES."""
    for module in sorted(Path(__file__).parent.glob("cases_*.py")):
        importlib.import_module(f"tests.handlers.{module.stem}")
