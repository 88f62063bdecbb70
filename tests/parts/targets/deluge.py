"""A real Deluge on loopback: a daemon and a Web UI with one folder, stopped by pid."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parts.programs import require
from tests.parts.targets.daemon import Daemon, free_ports

PASSWORD = "correct horse battery"
_HOST_ID, _RPC_PASSWORD = "a1b2c3", "of-the-daemon-4f1"
# on loopback only, without DHT and its like: nothing of a test leaves the machine
_ALONE = {
    "listen_interface": "127.0.0.1", "outgoing_interface": "127.0.0.1", "dht": False, "lsd": False, "utpex": False,
    "upnp": False, "natpmp": False, "random_port": False, "new_release_check": False, "send_info": False,
    "allow_remote": False,
}  # fmt: skip


class Deluge:
    """One deluged with one deluge-web. `config` are values of its core.conf."""

    def __init__(self, folder: Path, **config: Any) -> None:
        folder.mkdir()
        programs = [require(name, name) for name in ("deluged", "deluge-web")]
        self.rpc_port, self.web_port, self.first_port = free_ports(3)
        self.url = f"http://127.0.0.1:{self.web_port}"
        self._folder = folder
        lines = {"daemon_port": self.rpc_port, "listen_ports": [self.first_port] * 2, "download_location": str(folder)}
        self._write("core.conf", {**_ALONE, **lines, **config})
        salt = "0123456789abcdef"
        self._write("web.conf", {
            "port": self.web_port, "interface": "127.0.0.1", "first_login": False, "pwd_salt": salt,
            "pwd_sha1": hashlib.sha1(f"{salt}{PASSWORD}".encode()).hexdigest(),
        })  # fmt: skip
        self.hosts([_HOST_ID, self.rpc_port])
        (folder / "auth").write_text(f"localclient:{_RPC_PASSWORD}:10\n", encoding="utf-8")
        self.daemon, self.web = (
            Daemon([program, "--do-not-daemonize", "--config", str(folder), "--loglevel", "error"], folder)
            for program in programs
        )

    def hosts(self, *hosts: list[Any]) -> None:
        """Which daemons the Web UI knows, each with its id and its port. It reads them when it starts."""
        known = [[ident, "127.0.0.1", port, "localclient", _RPC_PASSWORD] for ident, port in hosts]
        self._write("hostlist.conf", {"hosts": known})

    def start(self) -> None:
        """Start both and return when they answer."""
        self.start_daemon()
        self.start_web()

    def start_daemon(self) -> None:
        """Start the daemon alone."""
        self.daemon.start_until(lambda: socket.create_connection(("127.0.0.1", self.rpc_port), 5).close())

    def start_web(self) -> None:
        """Start the Web UI alone."""
        self.web.start_until(lambda: self.call("auth.check_session"))

    def stop(self) -> None:
        """Stop both."""
        self.web.stop()
        self.daemon.stop()

    def call(self, method: str, *params: Any, cookie: str = "") -> Any:
        """What a call answers, whole, beside the client that is tested."""
        return self.request(method, *params, cookie=cookie)[0]

    def config(self, **values: Any) -> dict[str, Any]:
        """The daemon's configuration, after these were set, as an owner's hand would."""
        cookie = self.request("auth.login", PASSWORD)[1]
        if values:
            assert self.call("core.set_config", values, cookie=cookie)["error"] is None
        found: dict[str, Any] = self.call("core.get_config", cookie=cookie)["result"]
        return found

    def request(self, method: str, *params: Any, cookie: str = "") -> tuple[Any, str]:
        """The answer of a call, and the cookie that it sets."""
        connection = http.client.HTTPConnection("127.0.0.1", self.web_port, timeout=5)
        headers = {"Content-Type": "application/json", **({"Cookie": cookie} if cookie else {})}
        try:
            connection.request("POST", "/json", json.dumps({"method": method, "params": params, "id": 1}), headers)
            answer = connection.getresponse()
            return json.loads(answer.read()), (answer.getheader("Set-Cookie") or "").partition(";")[0]
        finally:
            connection.close()

    def _write(self, name: str, values: dict[str, Any]) -> None:
        text = json.dumps({"file": 1, "format": 1}) + json.dumps(values)
        (self._folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def deluge_with(tmp_path: Path) -> Iterator[Callable[..., Deluge]]:
    """Start one with values of its own in core.conf."""
    started: list[Deluge] = []

    def start(**config: Any) -> Deluge:
        started.append(Deluge(tmp_path / f"deluge-{len(started)}", **config))
        started[-1].start()
        return started[-1]

    try:
        yield start
    finally:
        for part in started:
            part.stop()
