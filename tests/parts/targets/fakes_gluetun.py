"""gluetun's control server as versions 3.40 to master answer it, and its port file.

What it answers and how long it holds a request is recorded in tests/samples/gluetun, and
tests/handlers/gluetun/test_fake.py replays both.

As a program, for tests end to end (SIGUSR1: the port is lost; SIGTERM: the file is emptied, then it ends):
`python -m tests.parts.targets.fakes_gluetun --port-file FILE --api-key KEY --ip-after 0.2 --port-after 0.4`
"""

from __future__ import annotations

import argparse
import base64
import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.parts.targets.fakes_http import Answer, Ask, served, server

MASTER = (99, 0, 0)
_MOVED = ("GET /v1/openvpn/portforwarded", "GET /v1/portforward")
_METHODS = {
    "/v1/vpn/status": "GET PUT", "/v1/openvpn/status": "GET PUT", "/v1/dns/status": "GET PUT",
    "/v1/updater/status": "GET PUT", "/v1/publicip/ip": "GET", "/v1/version": "GET",
    "/v1/openvpn/portforwarded": "GET", "/v1/portforward": "GET PUT",
}  # fmt: skip
_PUBLIC = frozenset(f"{method} {path}" for path, methods in _METHODS.items() for method in methods.split()) - {
    "PUT /v1/portforward"
}
"""The built-in role, which needs no key, up to 3.41."""
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}
_BASIC = {"Www-Authenticate": 'Basic realm="restricted", charset="UTF-8"'}


def _found(value: dict[str, Any]) -> Answer:
    return Answer(200, json.dumps(value, separators=(",", ":")) + "\n", _TEXT)


def _error(status: int, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, f"{text}\n", {**_TEXT, "X-Content-Type-Options": "nosniff", **(headers or {})})


_UNAUTHORIZED = _error(401, "Unauthorized")


@dataclass
class FakeGluetun:
    """One gluetun. Times are seconds of `now`, which tests may replace by a clock that jumps."""

    version: tuple[int, int, int] = (3, 41, 2)
    auth: str = "default"  # "default" (of that version), "none", "apikey", "basic"
    api_key: str = "fake-gluetun-key"
    basic: tuple[str, str] = ("hooks", "fake-gluetun-password")
    routes: frozenset[str] | None = None  # of the role; None: all
    forwards: int = 40000  # 0: no port is forwarded
    ip_after_s: float = 0.0
    port_after_s: float = 0.0
    now: Callable[[], float] = time.monotonic
    port_file: Path | None = None
    status: str = "running"
    crashes: bool = False  # the next start ends so
    stops_slowly: int = 0  # so many PUT running find it still stopping
    up_s: float = 0.0  # how long its UP command takes, and its DOWN command
    down_s: float = 0.0
    hold: Callable[[float], object] = time.sleep  # how a request is held, in seconds
    asks: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    fails: dict[str, list[int]] = field(default_factory=dict)  # route -> the statuses of its next answers
    before: Callable[[str], object] = lambda _: None
    """Called with "PUT /v1/vpn/status" before a request is answered, with "stop" and "start" before that is done."""
    restarts: int = 0
    began_s: float = float("-inf")
    port_lost: bool = False
    _timer: threading.Timer | None = None
    _up_ends_s: float = float("-inf")
    _down_ends_s: float = float("-inf")

    def lose_port(self) -> None:
        """Port forwarding has failed: gluetun clears the file and does not try again."""
        self.port_lost = True
        self._write("")

    @property
    def public_ip(self) -> str:
        up = self.status == "running" and self.now() >= self.began_s + self.ip_after_s
        return f"203.0.113.{self.restarts + 1}" if up else ""

    @property
    def port(self) -> int:
        up = self.public_ip and not self.port_lost and self.now() >= self.began_s + self.port_after_s
        return self.forwards if up else 0

    def answer(self, ask: Ask) -> Answer:
        route = f"{ask.method} {ask.path}"
        self.asks.append(route)
        refused = self._not_routed(ask)
        if refused:
            return refused
        self.before(route)
        if not self._is_allowed(route, ask):
            role = self.auth == "basic" and (self.routes is None or route in self.routes)
            return _error(401, "Unauthorized", _BASIC) if role and "authorization" not in ask.headers else _UNAUTHORIZED
        if self.fails.get(route):
            return Answer(self.fails[route].pop(0))
        if ask.query:
            return _error(400, f"route /{ask.path.rpartition('/')[2]}?{ask.query} not supported")
        return self._serve(route, ask)

    def _not_routed(self, ask: Ask) -> Answer | None:
        """Since 3.41.2 an unknown path or method is said before anybody asks for a key."""
        known = _METHODS.get(ask.path, "") if self.version >= (3, 41, 0) or ask.path != "/v1/portforward" else ""
        if ask.method in known.split():
            return None
        if self.version < (3, 41, 2):
            return _UNAUTHORIZED
        return _error(405, "Method Not Allowed") if known else _error(404, "Not Found")

    def _is_allowed(self, route: str, ask: Ask) -> bool:
        if self.auth == "default":
            return self.version < MASTER and route in _PUBLIC
        if self.routes is not None and route not in self.routes:
            return False
        if self.auth == "none":
            return True
        if self.auth == "apikey":
            return self.api_key in (ask.headers.get("x-api-key"), ask.query.removeprefix("api_key="))
        proof = base64.b64encode(":".join(self.basic).encode()).decode()
        return ask.headers.get("authorization") == f"Basic {proof}"

    def _serve(self, route: str, ask: Ask) -> Answer:
        if route == _MOVED[0] and self.version >= (3, 41, 0):
            moved = {"Content-Type": "text/html; charset=utf-8", "Location": "/v1/portforward"}
            return Answer(301, '<a href="/v1/portforward">Moved Permanently</a>.\n\n', moved)
        if route == "PUT /v1/vpn/status":
            return self._put(ask)
        if route == "PUT /v1/portforward":
            return _error(400, "method PUT not supported")
        if route in _MOVED:
            return self._port()
        return _found({
            "GET /v1/vpn/status": {"status": self.status}, "GET /v1/publicip/ip": self._exit(),
            "GET /v1/version": {"version": "3.41.3", "commit": "unknown", "created": "an unknown date"},
        }.get(route, {"status": "stopped"}))  # fmt: skip

    def _exit(self) -> dict[str, str]:
        where = {
            "region": "Panama", "country": "Panama", "city": "Panama City", "hostname": "exit.example.net",
            "location": "9.000000,-79.500000", "organization": "Example", "timezone": "America/Panama",
        }  # fmt: skip
        return {"public_ip": self.public_ip, **(where if self.public_ip else {})}

    def _port(self) -> Answer:
        newer = self.version >= MASTER
        if newer and self._is_stopping:
            return self._told(self.forwards)  # the old port, at once
        held_s = (self._up_ends_s if newer else self._down_ends_s) - self.now()
        if held_s > 0:
            self.hold(held_s)
        return self._told(self.port)

    def _told(self, port: int) -> Answer:
        newest = {"port": port, "ports": [port] if port else []}
        return _found(newest if self.version >= (3, 41, 2) else {"port": port})

    def _put(self, ask: Ask) -> Answer:
        try:
            wanted = json.loads(ask.body).get("status", "")
        except ValueError:
            return _error(400, "unexpected EOF")
        if wanted not in ("stopped", "running"):
            return _error(400, f"invalid status: {wanted}: possible values are: stopped, running")
        self.writes.append(wanted)
        return _found({"outcome": self._stop() if wanted == "stopped" else self._start()})

    @property
    def _is_stopping(self) -> bool:
        return self.status == "stopping"

    def _stop(self) -> str:
        self.before("stop")
        if self.status != "running":
            return f"already {self.status}"
        self.status = "stopping"
        self._down_ends_s = max(self.now(), self._up_ends_s) + self.down_s  # it waits for its own commands
        if self._down_ends_s > self.now():
            self.hold(self._down_ends_s - self.now())
        self.status = "stopped"
        self._write("")
        return self.status

    def _start(self) -> str:
        self.before("start")
        if self.stops_slowly:
            self.stops_slowly -= 1
            return "already stopping"
        if self.status != "stopped":
            return f"already {self.status}"
        self.restarts += 1
        self.status = "crashed" if self.crashes else "running"
        self.began_s, self.port_lost = self.now(), False
        if self.status == "running":
            self.run_up_command()
            self.forward()
        return self.status

    def run_up_command(self) -> None:
        """Its UP command begins now, after the port is there."""
        if self.up_s:
            self._up_ends_s = self.now() + self.port_after_s + self.up_s

    def forward(self) -> None:
        """The port comes `port_after_s` from now, and is written as gluetun writes it."""
        if not self.port_after_s:
            self._write(str(self.forwards))
        elif self.port_file:
            self._timer = threading.Timer(self.port_after_s, self._write, (str(self.forwards),))
            self._timer.daemon = True
            self._timer.start()

    def _write(self, text: str) -> None:
        if self._timer:
            self._timer.cancel()
        if self.port_file:
            self.port_file.write_text(text)  # truncated, then written, no line end


@contextmanager
def fake_gluetun(**traits: Any) -> Iterator[tuple[FakeGluetun, str]]:
    """One for the time of a block, with its address."""
    fake = FakeGluetun(**traits)
    with served(fake.answer) as url:
        yield fake, url


def main() -> None:
    """Serve until SIGTERM. The first line of stdout is the address."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--port", type=int, default=0)
    words.add_argument("--port-file", type=Path, required=True)
    words.add_argument("--api-key", default="")
    words.add_argument("--version", default="3.41.2")
    words.add_argument("--forwards", type=int, default=40000)
    words.add_argument("--ip-after", type=float, default=0.0)
    words.add_argument("--port-after", type=float, default=0.0)
    said = words.parse_args()
    fake = FakeGluetun(
        version=MASTER if said.version == "master" else tuple(int(n) for n in said.version.split(".")),
        auth="apikey" if said.api_key else "default", api_key=said.api_key, forwards=said.forwards,
        ip_after_s=said.ip_after, port_after_s=said.port_after, port_file=said.port_file, began_s=time.monotonic(),
    )  # fmt: skip
    web = server(fake.answer, said.port)
    signal.signal(signal.SIGUSR1, lambda *_: fake.lose_port())
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=web.shutdown).start())
    fake.forward()
    sys.stdout.write(f"http://127.0.0.1:{web.server_port}\n")
    sys.stdout.flush()
    web.serve_forever(0.1)
    web.server_close()
    fake.lose_port()


if __name__ == "__main__":
    main()
