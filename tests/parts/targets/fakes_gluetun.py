"""gluetun's control server as versions 3.40 to master answer it (shared facts A2 and A4), and its port file.

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.parts.targets.fakes_http import Answer, Ask, served, server

MASTER = (99, 0, 0)
_MOVED = ("GET /v1/openvpn/portforwarded", "GET /v1/portforward")
_ROUTES = frozenset({
    "GET /v1/vpn/status", "PUT /v1/vpn/status", "GET /v1/publicip/ip", "GET /v1/openvpn/portforwarded",
})  # fmt: skip
_UNAUTHORIZED = Answer(401, "Unauthorized\n")


@dataclass
class FakeGluetun:
    """One gluetun. Times are seconds of `now`, which tests may replace by a clock that jumps."""

    version: tuple[int, int, int] = (3, 41, 2)
    auth: str = "default"  # "default" (of that version), "apikey", "basic"
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
    asks: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    fails: dict[str, list[int]] = field(default_factory=dict)  # route -> the statuses of its next answers
    before: Callable[[str], object] = lambda _: None
    """Called with "PUT /v1/vpn/status" before a request is answered, with "stop" and "start" before that is done."""
    restarts: int = 0
    began_s: float = float("-inf")
    port_lost: bool = False
    _timer: threading.Timer | None = None

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
        known = _ROUTES | ({_MOVED[1]} if self.version >= (3, 41, 0) else frozenset())
        if route not in known:
            return _UNAUTHORIZED if self.version < (3, 41, 2) else Answer(404, "Not Found\n")
        self.before(route)
        if not self._is_allowed(route, ask):
            return _UNAUTHORIZED
        if self.fails.get(route):
            return Answer(self.fails[route].pop(0))
        if route == _MOVED[0] and self.version >= (3, 41, 0):
            return Answer(301, "", {"Location": "/v1/portforward"})
        return self._serve(route, ask)

    def _is_allowed(self, route: str, ask: Ask) -> bool:
        if self.auth == "default":
            return self.version < MASTER  # up to 3.41 a built-in public role
        if self.routes is not None and route not in self.routes:
            return False
        if self.auth == "apikey":
            return ask.headers.get("x-api-key") == self.api_key
        proof = base64.b64encode(":".join(self.basic).encode()).decode()
        return ask.headers.get("authorization") == f"Basic {proof}"

    def _serve(self, route: str, ask: Ask) -> Answer:
        if route == "GET /v1/vpn/status":
            return Answer(200, {"status": self.status})
        if route == "GET /v1/publicip/ip":
            return Answer(200, {"public_ip": self.public_ip, "country": "Panama"})
        if route == "PUT /v1/vpn/status":
            wanted = json.loads(ask.body)["status"]
            self.writes.append(wanted)
            return Answer(200, {"outcome": self._stop() if wanted == "stopped" else self._start()})
        newest = {"port": self.port, "ports": [self.port] if self.port else []}
        return Answer(200, newest if self.version >= (3, 41, 2) else {"port": self.port})

    def _stop(self) -> str:
        self.before("stop")
        if self.status != "running":
            return f"already {self.status}"
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
            self.forward()
        return self.status

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
