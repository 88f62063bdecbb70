"""qBittorrent's Web API as versions 4.1 to 5.2 answer it (shared facts E2 to E5), for those that are not installed."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.parts.targets.fakes_http import Answer, Ask, served

PASSWORD = "fake-password-7f3a"
API_KEY = "qbt_" + "k" * 28
BANNED = "Your IP address has been banned after too many failed authentication attempts."
_OWN = {  # on every answer; as 4.5.2 sends them, and by the source of 5.2
    "x-xss-protection": "1; mode=block", "x-content-type-options": "nosniff", "referrer-policy": "same-origin",
    "x-frame-options": "SAMEORIGIN", "content-type": "text/plain; charset=UTF-8",
}  # fmt: skip
_POST_ONLY = {"auth/login", "app/setPreferences", "torrents/reannounce"}


@dataclass
class FakeQBittorrent:
    """One qBittorrent. `writes` are the calls that change something, `asks` all calls."""

    version: tuple[int, int] = (5, 2)
    bypass: bool = False  # our address is whitelisted
    local_port: int = 0  # what it believes its own port to be; 0: the true one
    max_fails: int = 5
    preferences: dict[str, Any] = field(default_factory=lambda: {
        "listen_port": 6881, "random_port": False, "upnp": True, "current_interface_address": "",
        "web_ui_ban_duration": 3600,
    })  # fmt: skip
    interfaces: dict[str, list[str]] = field(default_factory=lambda: {"lo": ["127.0.0.1"], "tun0": ["10.8.0.2"]})
    connection: str = "connected"  # "disconnected": none of its sockets listens
    peers: tuple[int, int] = (0, 0)  # the seeds and leechers that it is connected to
    uncounted: int = 0  # so often it says "disconnected" first: from 5.0 on it counts its sockets only every 1.5 s
    listens_after: int = 0  # after so many writes it is "connected"
    stubborn_port: int | None = None  # another tool writes this one at once
    login_status: int = 0  # answer any login so
    banned: str = BANNED  # what it says to a banned address, in its owner's language
    port: int = 0  # the true one, known once it is served
    fails: int = 0
    sessions: set[str] = field(default_factory=set)
    asks: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    agents: list[dict[str, str]] = field(default_factory=list)

    def logins(self) -> int:
        return self.asks.count("auth/login")

    def restart(self) -> None:
        """Its container was restarted: sessions and bans are gone."""
        self.sessions.clear()
        self.fails = 0

    def answer(self, ask: Ask) -> Answer:
        """Its answer, with the headers that it puts on all of them."""
        found = self._judge(ask)
        kind = {} if isinstance(found.body, str) else {"content-type": "application/json"}
        return Answer(found.status, found.body, {**_OWN, **kind, **found.headers})

    def _judge(self, ask: Ask) -> Answer:
        path = ask.path.removeprefix("/api/v2/")
        self.asks.append(path)
        self.agents.append(dict(ask.headers))
        if ask.headers["host"].rpartition(":")[2] != str(self.local_port or self.port) or "origin" in ask.headers:
            return Answer(401, "Unauthorized")
        if path in _POST_ONLY and ask.method != "POST":
            return Answer(405, "Method Not Allowed")
        if self._rejects_basic(ask):
            return Answer(403, self.banned) if self.fails > self.max_fails else Answer(401, "Unauthorized")
        if path == "auth/login":
            return self._login(ask)
        return self._call(path, ask) if self._is_let_in(ask) else Answer(403, "Forbidden")

    def _rejects_basic(self, ask: Ask) -> bool:
        """Since 5.2 it takes basic authentication for a login of its own, also what was meant for a proxy."""
        shown = ask.headers.get("authorization", "")
        if self.version < (5, 2) or not shown.startswith("Basic ") or self.bypass:
            return False
        wrong = base64.b64decode(shown[6:]).decode() != f"admin:{PASSWORD}"
        self.fails += wrong
        return wrong

    def _is_let_in(self, ask: Ask) -> bool:
        if self.bypass or (self.version >= (5, 2) and ask.headers.get("authorization") == f"Bearer {API_KEY}"):
            return True
        if self.version >= (5, 2) and ask.headers.get("authorization", "").startswith("Basic "):
            return True  # `_rejects_basic` has looked at it
        name, _, value = ask.headers.get("cookie", "").partition("=")
        return name == self._cookie and value in self.sessions

    @property
    def _cookie(self) -> str:
        return f"QBT_SID_{self.port}" if self.version >= (5, 2) else "SID"

    def _login(self, ask: Ask) -> Answer:
        new = self.version >= (5, 2)
        if self.login_status:
            return Answer(self.login_status, "", {"Location": ask.path})
        if self.fails >= self.max_fails:
            return Answer(403, self.banned)
        if ask.form != {"username": "admin", "password": PASSWORD}:
            self.fails += 1
            return Answer(401, "Unauthorized") if new else Answer(200, "Fails.")
        self.fails = 0
        session = secrets.token_hex(8)
        self.sessions.add(session)
        cookie = {"Set-Cookie": f"{self._cookie}={session}; HttpOnly; SameSite=Strict; path=/"}
        return Answer(204, "", cookie) if new else Answer(200, "Ok.", cookie)

    def _call(self, path: str, ask: Ask) -> Answer:
        if path == "app/preferences":
            return Answer(200, self.preferences)
        if path == "transfer/info":
            self.uncounted -= 1
            return Answer(200, {"connection_status": "disconnected" if self.uncounted >= 0 else self.connection})
        if path == "torrents/info":
            return Answer(200, json.dumps([{"num_seeds": self.peers[0], "num_leechs": self.peers[1]}]))
        if path == "app/networkInterfaceList" and self.version >= (4, 2):
            return Answer(200, json.dumps([{"name": name, "value": name} for name in self.interfaces]))
        if path == "app/networkInterfaceAddressList":
            name = parse_qs(ask.query, keep_blank_values=True)["iface"][0]
            every = [address for found in self.interfaces.values() for address in found]
            return Answer(200, json.dumps(self.interfaces[name] if name else every))
        if path == "torrents/reannounce" and self.version > (4, 1):  # 4.1.2 brought it; the fake's 4.1 is 4.1.0
            self.writes.append("reannounce")
            return Answer(204 if self.version >= (5, 2) else 200)
        if path == "app/setPreferences":
            wanted = json.loads(ask.form["json"])
            self.writes.append(f"set {wanted}")
            self.preferences |= wanted
            if self.listens_after:
                self.listens_after -= 1
                self.connection = self.connection if self.listens_after else "connected"
            if self.stubborn_port:
                self.preferences["listen_port"] = self.stubborn_port
            return Answer(200)
        return Answer(404, "Not Found")


@contextmanager
def fake_qbittorrent(**traits: Any) -> Iterator[tuple[FakeQBittorrent, str]]:
    """One for the time of a block, with its address."""
    fake = FakeQBittorrent(**traits)
    with served(fake.answer) as url:
        fake.port = int(url.rpartition(":")[2])
        yield fake, url
