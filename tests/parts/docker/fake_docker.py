"""A Docker engine on a unix socket that does what no good engine does, and only when it is told to."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hooks.docker.client import forget

WAIT_S = 10.0
_CUT, _TEAR = object(), object()


class FakeEngine:
    """Containers, a history of events, open streams. `refusals` maps the start of a path to (status, body)."""

    def __init__(self, socket: Path) -> None:
        self.host = f"unix://{socket}"
        self.version = {"Version": "99.0", "ApiVersion": "1.41", "Components": [{"Name": "Engine"}]}
        self.containers: dict[str, dict[str, Any]] = {}  # by id, as inspect shows them
        self.statuses: dict[str, str] = {}  # by id, where the list is to say something else than "Up 3 minutes"
        self.listed_images: dict[str, str] = {}  # by id: what the list shows for its image
        self.logs: dict[str, Callable[[Callable[[bytes], object], dict[str, list[str]]], None]] = {}  # by id
        self.odd: list[Any] = []  # more entries of the list, of whatever shape
        self.history: list[dict[str, Any]] = []
        self.refusals: dict[str, tuple[int, bytes]] = {}
        self.requests: list[str] = []
        self.connections = 0
        self.piece_bytes = 0  # writes of so many bytes, however the lines lie; 0: a line each
        self._streams: list[queue.SimpleQueue[Any]] = []
        self._changed = threading.Condition()
        self._answering = threading.Event()
        self._answering.set()
        self._server = _Server(str(socket), _Talk)
        self._server.engine = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    # -- the containers ------------------------------------------------------------------

    def has(self, name: str, ident: str, *, running: bool = True, health: str = "", started: int = 10**18,
            address: str = "", network: str = "lan", image: str = "busybox") -> None:  # fmt: skip
        """Let there be such a container; it replaces one of the same id. `started` is ns since the Unix epoch."""
        state: dict[str, Any] = {"Running": running, "StartedAt": _rfc3339(started), "ExitCode": 0}
        state |= {"Health": {"Status": health}} if health else {}
        self.containers[ident] = {
            "Name": f"/{name}", "Id": ident, "State": state, "Config": {"Image": image, "Labels": {}},
            "HostConfig": {"NetworkMode": network}, "NetworkSettings": {"Networks": {network: {"IPAddress": address}}},
        }  # fmt: skip

    def be_podman(self) -> None:
        """List as Podman does: without HostConfig, and with another's address for one in its network."""
        self.version = {**self.version, "Components": [{"Name": "Podman Engine"}]}

    # -- the events ------------------------------------------------------------------------

    def tell(self, action: str, name: str, ident: str, *, kind: str = "container", at: int = 0, **more: str) -> None:
        """Something happens to a container: into the history and every stream. `at` is ns since the Unix epoch."""
        attributes = {"name": name, "image": "busybox", **more}
        event = {
            "Type": kind, "Action": action, "Actor": {"ID": ident, "Attributes": attributes},
            "timeNano": at or time.time_ns(),
        }  # fmt: skip
        self.history.append(event)
        self.send(_line(event))

    def send(self, raw: bytes) -> None:
        """These bytes, whatever they are, into every stream."""
        for stream in list(self._streams):
            for start in range(0, len(raw), self.piece_bytes or len(raw)):
                stream.put(raw[start : start + (self.piece_bytes or len(raw))])

    def repeat_last(self) -> None:
        """The last event once more."""
        self.send(_line(self.history[-1]))

    def forget(self) -> None:
        """Lose the history, as a restarted engine does."""
        self.history.clear()

    # -- the misbehaviour --------------------------------------------------------------------

    def cut(self) -> None:
        """End every stream cleanly."""
        self._end(_CUT)

    def tear(self) -> None:
        """End every stream in the middle of a chunk and of an event."""
        self._end(_TEAR)

    def stall(self) -> None:
        """Take connections and requests, and answer none; open streams stay silent."""
        self._answering.clear()

    def go_on(self) -> None:
        """Answer again, also what was asked meanwhile."""
        self._answering.set()

    # -- waiting and ending --------------------------------------------------------------------

    def wait_for_requests(self, start: str, count: int) -> None:
        """Return when so many requests for paths that begin like this have come."""
        with self._changed:
            seen = self._changed.wait_for(lambda: self.count(start) >= count, WAIT_S)
        assert seen, f"{self.count(start)} of {count} requests for {start} came: {self.requests[-20:]}"

    def count(self, start: str) -> int:
        """How many requests for paths that begin like this have come."""
        return sum(path.startswith(start) for path in self.requests)

    def stop(self) -> None:
        """Leave: the socket's file goes too."""
        self._answering.set()
        self._server.shutdown()
        self._thread.join(WAIT_S)
        self.cut()
        self._server.server_close()
        with suppress(FileNotFoundError):
            Path(self.host.removeprefix("unix://")).unlink()

    def _end(self, how: object) -> None:
        for stream in list(self._streams):
            stream.put(how)

    # -- the answers ---------------------------------------------------------------------------

    def _answer(self, path: str, ask: dict[str, list[str]], talk: _Talk) -> None:
        with self._changed:
            self.requests.append(path)
            self._changed.notify_all()
        self._answering.wait()
        for start, (status, body) in list(self.refusals.items()):  # the test may change it meanwhile
            if path.startswith(start):
                return talk.reply(status, body)
        if path == "/events":
            return self._stream(ask, talk)
        if path == "/version":
            return talk.reply(200, json.dumps(self.version).encode())
        if path == "/containers/json":
            entries = [self._entry(raw) for raw in list(self.containers.values())]
            return talk.reply(200, json.dumps([*entries, *self.odd]).encode())
        if path.endswith("/logs") and (log := self.logs.get(path.split("/")[2])):
            return talk.whole(lambda write: log(write, ask))
        found = self._find(path.split("/")[2])
        return talk.reply(200, json.dumps(found).encode()) if found else talk.reply(404, b'{"message":"no such"}')

    def _entry(self, raw: dict[str, Any]) -> dict[str, Any]:
        entry = _listed(raw)
        entry["Status"] = self.statuses.get(raw["Id"], entry["Status"])
        entry["Image"] = self.listed_images.get(raw["Id"], entry["Image"])
        if "Podman" in str(self.version["Components"]):
            parent = self._find(raw["HostConfig"]["NetworkMode"].partition(":")[2])
            entry |= {"NetworkSettings": parent["NetworkSettings"]} if parent else {}
            del entry["HostConfig"]
        return entry

    def _find(self, asked: str) -> dict[str, Any] | None:
        by_name = (raw for raw in list(self.containers.values()) if raw["Name"] == f"/{asked}")
        return self.containers.get(asked) or next(by_name, None)

    def _stream(self, ask: dict[str, list[str]], talk: _Talk) -> None:
        seconds, _, rest = ask["since"][0].partition(".")
        since = int(seconds) * 10**9 + int(rest.ljust(9, "0"))
        mine: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._streams.append(mine)  # first, so that nothing falls in between: what comes twice is told twice
        try:
            for event in self.history[-256:]:
                if event["timeNano"] >= since:
                    mine.put(_line(event))
            talk.stream(mine)
        finally:
            self._streams.remove(mine)


class _Talk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.engine.connections += 1

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        # the version in front is the client's
        path = "/" + asked.path.split("/", 2)[2] if asked.path.startswith("/v1") else asked.path
        with suppress(BrokenPipeError, ConnectionResetError):
            self.server.engine._answer(path, parse_qs(asked.query), self)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    do_DELETE = do_POST  # noqa: N815 - the library's name

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def whole(self, send: Callable[[Callable[[bytes], object]], None]) -> None:
        """An answer that lasts until `send` has written it."""
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        send(self.wfile.write)

    def stream(self, source: queue.SimpleQueue[Any]) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        while (piece := source.get()) is not _CUT:
            self.server.engine._answering.wait()
            if piece is _TEAR:
                self.wfile.write(b'ff\r\n{"Type":"container","Act')
                return
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    engine: FakeEngine


def _line(event: dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"


def _rfc3339(ns: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // 10**9)) + f".{ns % 10**9:09d}Z"


def _listed(raw: dict[str, Any]) -> dict[str, Any]:
    state, health = raw["State"], raw["State"].get("Health", {}).get("Status", "")
    status = f"Up 3 minutes ({health})" if health else "Up 3 minutes"
    return {
        "Id": raw["Id"], "Names": [raw["Name"]], "Image": raw["Config"]["Image"], "Labels": {},
        "State": "running" if state["Running"] else "exited",
        "Status": status if state["Running"] else f"Exited ({state['ExitCode']}) 3 minutes ago",
        "HostConfig": raw["HostConfig"], "NetworkSettings": raw["NetworkSettings"],
    }  # fmt: skip


@pytest.fixture
def socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    monkeypatch.delenv("DOCKER_TLS_VERIFY", raising=False)
    monkeypatch.delenv("DOCKER_CERT_PATH", raising=False)
    yield path
    forget()


@pytest.fixture
def fake(socket: Path) -> Iterator[FakeEngine]:
    engine = FakeEngine(socket)
    yield engine
    engine.stop()
