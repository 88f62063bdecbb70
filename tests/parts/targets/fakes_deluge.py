"""Deluge's Web UI as 2.0.3 and 2.2.0 answer it (tests/samples/deluge)."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from tests.parts.targets.fakes_http import Answer, Ask, served

PASSWORD = "correct horse battery"
HOST = "a1b2c3"


class _No(Exception):  # noqa: N818 - an error of JSON-RPC
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.error = {"message": message, "code": code}


@dataclass
class FakeDeluge:
    """One deluge-web with its daemon. `writes` are the calls that change something, `calls` all calls."""

    connected: bool = True  # the Web UI is connected to the daemon
    hosts: dict[str, bool] = field(default_factory=lambda: {HOST: True})  # the daemons, and whether they run
    refuses: bool = False  # the daemon takes no connection of the Web UI
    config: dict[str, Any] = field(default_factory=lambda: {
        "listen_ports": [6881, 6891], "random_port": True, "upnp": True, "natpmp": True, "listen_interface": "",
    })  # fmt: skip
    listens: int = 56851
    moves_to: int | None = None  # where it listens whatever is set: another program has the port, or None
    binds_late: int = 0  # so many questions after a change find the port of before
    stubborn_port: int | None = None  # another tool writes this one at once
    calls: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    hold: threading.Event = field(default_factory=threading.Event)  # set: a call of a daemon that is gone ends
    _before: int = 0
    _late: int = 0

    @property
    def running(self) -> bool:
        return any(self.hosts.values())

    def answer(self, ask: Ask) -> Answer:
        if ask.path != "/json":
            return Answer(404, "<html>No Such Resource</html>", {"Server": "TwistedWeb", "Content-Type": "text/html"})
        asked = json.loads(ask.body)
        method, params, cookie = asked["method"], asked["params"], {}
        self.calls.append(method)
        answer: dict[str, Any] = {"result": None, "error": None, "id": asked["id"]}
        try:
            answer["result"] = self._call(method, params, _session(ask))
        except _No as no:
            answer["error"] = no.error
        if method == "auth.login" and answer["result"]:
            self.sessions.add(session := secrets.token_hex(8))
            cookie = {"Set-Cookie": f"_session_id={session}; Expires=Mon, 30 Nov 2026 19:01:50 GMT; Path=/json"}
        return Answer(200, answer, {"Server": "TwistedWeb", "Content-Type": "application/json", **cookie})

    def _call(self, method: str, params: list[Any], session: str) -> Any:
        if method == "auth.login":
            return params[0] == PASSWORD
        if method.startswith("core.") and not self.connected:
            raise _No(2, "Unknown method")
        if session not in self.sessions:
            raise _No(1, "Not authenticated")
        if method.startswith("web."):
            return self._web(method, params)
        if not self.running:
            self.hold.wait(10)  # it never answers
        return self._core(method, params)

    def _web(self, method: str, params: list[Any]) -> Any:
        if method == "web.connected":
            self.connected = self.connected and self.running
            return self.connected
        if method == "web.get_hosts":
            return [[ident, "127.0.0.1", 58846 + at, "localclient"] for at, ident in enumerate(self.hosts)]
        if method == "web.get_host_status":
            runs = self.hosts[params[0]]
            status = "Connected" if self.connected else "Online"
            return [params[0], status if runs else "Offline", "2.0.3" if runs else ""]
        if method != "web.connect":
            raise _No(2, "Unknown method")
        self.writes.append("connect")
        self.connected = self.hosts[params[0]] and not self.refuses
        return ["core.get_listen_port"] if self.connected else None

    def _core(self, method: str, params: list[Any]) -> Any:
        if method == "core.get_config_values":
            return {name: self.config.get(name) for name in params[0]}
        if method == "core.get_listen_port":
            self._late -= 1
            return self._before if self._late >= 0 else self.listens
        if method == "core.set_config":
            return self._set(params[0])
        if method == "core.get_session_state":
            return ["0123abcd"]
        if method != "core.force_reannounce":
            raise _No(2, "Unknown method")
        self.writes.append(f"reannounce {params[0]}")
        return None

    def _set(self, values: dict[str, Any]) -> None:
        self.writes.append(f"set {values['listen_ports']}")
        self.config |= values
        if self.stubborn_port:
            self.config["listen_ports"] = [self.stubborn_port] * 2
        self._before, self._late = self.listens, self.binds_late
        self.listens = self.config["listen_ports"][0] if self.moves_to is None else self.moves_to


def _session(ask: Ask) -> str:
    cookies = SimpleCookie(ask.headers.get("cookie", ""))
    return cookies["_session_id"].value if "_session_id" in cookies else ""


@contextmanager
def fake_deluge(**traits: Any) -> Iterator[tuple[FakeDeluge, str]]:
    """One for the time of a block, with its address."""
    fake = FakeDeluge(**traits)
    with served(fake.answer) as url:
        try:
            yield fake, url
        finally:
            fake.hold.set()
