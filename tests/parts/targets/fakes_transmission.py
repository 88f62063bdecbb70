"""Transmission's RPC as 3.00 and 4.1 answer it (tests/samples/transmission)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.parts.targets.fakes_http import Answer, Ask, served

USER, PASSWORD = "me", "fake-password-51c2"
_PAGE = {"Server": "Transmission", "Content-Type": "text/html; charset=ISO-8859-1"}
_JSON = {"Server": "Transmission", "Content-Type": "application/json; charset=UTF-8"}
_WORDS = {
    301: "Moved Permanently", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    409: "Conflict", 421: "Misdirected Request",
}  # fmt: skip
_ADDRESS = "<p>Unauthorized IP Address.</p><p>Either disable the IP address whitelist or add your address to it.</p>"
_LOCKED = "<p>Too many unsuccessful login attempts. Please restart transmission-daemon.</p>"


@dataclass
class FakeTransmission:
    """One Transmission. `writes` are the calls that change something, `calls` all calls that were let in."""

    version: tuple[int, int] = (3, 0)
    login: bool = False  # it wants USER and PASSWORD
    base: str = "/transmission/"
    whitelisted: bool = True  # our address
    hosts: tuple[str, ...] | None = None  # the host whitelist beside addresses and localhost; None: off
    max_fails: int = 100
    settings: dict[str, Any] = field(default_factory=lambda: {
        "peer-port": 51413, "peer-port-random-on-start": True, "port-forwarding-enabled": True, "version": "3.00",
    })  # fmt: skip
    stubborn_port: int | None = None  # another tool writes this one at once
    session_id: str = "id-1"
    fails: int = 0
    asks: int = 0
    calls: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)

    def answer(self, ask: Ask) -> Answer:
        self.asks += 1
        if self.fails >= self.max_fails:
            return self._refused(403, _LOCKED)
        if not self.whitelisted:
            return self._refused(403, _ADDRESS)
        if self.login and ask.headers.get("authorization") != _BASIC:
            self.fails += 1
            realm = {"WWW-Authenticate": 'Basic realm="Transmission"'}
            why = f"<p>Unauthorized User. {self.fails} unsuccessful login attempts.</p>"
            return _page(401, why if self.version < (4, 0) else "", realm)
        self.fails = 0
        if not ask.path.startswith(self.base):
            return _page(301, headers={"Location": f"{self.base}web/"})
        if self.hosts is not None and not self.login and not self._knows(ask.headers["host"].partition(":")[0]):
            return _page(421, "<p>Transmission received your request, but the hostname was unrecognized.</p>")
        if ask.path != f"{self.base}rpc":
            return _page(404, ask.path)
        if ask.headers.get("x-transmission-session-id") != self.session_id:
            return _page(409, "<p>…</p>", {"X-Transmission-Session-Id": self.session_id})
        return self._call(ask) if ask.method == "POST" else _page(405)

    def _refused(self, status: int, why: str) -> Answer:
        return _page(status, why if self.version < (4, 0) else "")

    def _knows(self, host: str) -> bool:
        return host in ("localhost", *(self.hosts or ())) or host.replace(".", "").isdecimal()

    def _call(self, ask: Ask) -> Answer:
        try:
            asked = json.loads(ask.body)
        except ValueError:
            return _result("no method name")
        method, arguments = asked["method"], asked.get("arguments", {})
        self.calls.append(method)
        if method == "session-get":
            return _result("success", {k: v for k, v in self.settings.items() if k in arguments["fields"]})
        if method == "session-set":
            self.writes.append(f"set {arguments}")
            self.settings |= arguments
            if self.stubborn_port:
                self.settings["peer-port"] = self.stubborn_port
            return _result("success")
        if method == "torrent-reannounce":
            self.writes.append("reannounce")
            return _result("success")
        return _result("no method name", 0) if self.version >= (4, 0) else _result("method name not recognized")


_BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def _page(status: int, why: str = "", headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, f"<h1>{status}: {_WORDS[status]}</h1>{why}", {**_PAGE, **(headers or {})})


def _result(result: str, arguments: dict[str, Any] | int | None = None) -> Answer:
    found = {} if arguments is None else arguments
    return Answer(200, json.dumps({"arguments": found, "result": result}) + "\n", _JSON)


@contextmanager
def fake_transmission(**traits: Any) -> Iterator[tuple[FakeTransmission, str]]:
    """One for the time of a block, with its address."""
    fake = FakeTransmission(**traits)
    with served(fake.answer) as url:
        yield fake, url
