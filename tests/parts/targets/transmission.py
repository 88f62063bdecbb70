"""A real Transmission on loopback: its own folder, stopped by pid."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parts.programs import require
from tests.parts.targets.daemon import Daemon, free_ports

USER, PASSWORD = "me", "correct horse battery"
_LOGIN = {"rpc-authentication-required": True, "rpc-username": USER, "rpc-password": PASSWORD}
# on loopback only, without DHT and its like: nothing of a test leaves the machine
_ALONE = {
    "rpc-bind-address": "127.0.0.1", "bind-address-ipv4": "127.0.0.1", "bind-address-ipv6": "::1", "dht-enabled": False,
    "lpd-enabled": False, "pex-enabled": False, "port-forwarding-enabled": False, "rpc-whitelist-enabled": True,
    "rpc-whitelist": "127.0.0.1",
}  # fmt: skip


class Transmission(Daemon):
    """One transmission-daemon. `settings` are lines of its settings.json."""

    def __init__(self, program: str, folder: Path, **settings: Any) -> None:
        folder.mkdir()
        self.rpc_port, self.first_port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.rpc_port}"
        lines = {**_ALONE, "rpc-port": self.rpc_port, "peer-port": self.first_port, **settings}
        (folder / "settings.json").write_text(json.dumps(lines), encoding="utf-8")
        super().__init__([program, "-f", "-g", str(folder)], folder)

    def start(self) -> None:
        """Start it and return when the RPC answers."""
        self.start_until(lambda: self.request("GET", "/"))

    def request(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], str]:
        """One bare request: status, headers with names in lower case, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.rpc_port, timeout=5)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def call(self, method: str, headers: dict[str, str] | None = None, **arguments: Any) -> dict[str, Any]:
        """One call of the RPC, beside the client that is tested."""
        body, headers = json.dumps({"method": method, "arguments": arguments}), dict(headers or {})
        session_id = self.request("POST", "/transmission/rpc", body, headers)[1].get("x-transmission-session-id", "")
        headers["X-Transmission-Session-Id"] = session_id
        found: dict[str, Any] = json.loads(self.request("POST", "/transmission/rpc", body, headers)[2])
        assert found["result"] == "success"
        return dict(found["arguments"])


@pytest.fixture
def transmission_with(tmp_path: Path) -> Iterator[Callable[..., Transmission]]:
    """Start one with settings of its own; `login=True` lets it want USER and PASSWORD."""
    started: list[Transmission] = []

    def start(*, login: bool = False, **settings: Any) -> Transmission:
        program, folder = (
            require("transmission-daemon", "transmission-daemon"),
            tmp_path / f"transmission-{len(started)}",
        )
        started.append(Transmission(program, folder, **(_LOGIN if login else {}), **settings))
        started[-1].start()
        return started[-1]

    try:
        yield start
    finally:
        for part in started:
            part.stop()
