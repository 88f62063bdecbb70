"""A real qBittorrent on loopback: its own profile, a preset password, stopped by pid."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.parts.programs import require
from tests.parts.targets.daemon import Daemon, free_ports

PASSWORD = "correct horse battery"


class QBittorrent(Daemon):
    """One qbittorrent-nox with one profile; it may be stopped and started again."""

    def __init__(self, program: str, folder: Path, **options: str) -> None:
        self.web_port, self.first_port = free_ports(2)
        self.is_https = options.get("WebUI\\HTTPS\\Enabled") == "true"
        self.url = f"{'https' if self.is_https else 'http'}://127.0.0.1:{self.web_port}"
        super().__init__([program, f"--profile={folder}"], folder)
        config = folder / "qBittorrent" / "config" / "qBittorrent.conf"
        config.parent.mkdir(parents=True)
        config.write_text(self._config(options), encoding="utf-8")

    def start(self) -> None:
        """Start it and return when the Web UI answers."""
        self.start_until(lambda: self.request("GET", "/"))

    def request(self, method: str, path: str, cookie: str = "", **form: str) -> tuple[int, str, str]:
        """One bare request: status, body, and the cookie that it sets."""
        connection = self._connection()
        headers = {"Cookie": cookie} if cookie else {}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, urlencode(form) if form else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), (answer.getheader("Set-Cookie") or "").partition(";")[0]
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if not self.is_https:
            return http.client.HTTPConnection("127.0.0.1", self.web_port, timeout=5)
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.web_port, timeout=5, context=trusting)

    def login(self, password: str = PASSWORD) -> tuple[int, str, str]:
        """What a login as admin answers."""
        return self.request("POST", "/api/v2/auth/login", username="admin", password=password)

    def preferences(self) -> dict[str, Any]:
        """All preferences, by a login beside the one that is tested."""
        found: dict[str, Any] = json.loads(self.request("GET", "/api/v2/app/preferences", self.login()[2])[1])
        return found

    def set_preferences(self, **preferences: Any) -> None:
        """As an owner's hand, or another tool, would."""
        text = json.dumps(preferences)
        assert self.request("POST", "/api/v2/app/setPreferences", self.login()[2], json=text)[0] == 200

    def logged(self, words: str) -> int:
        """How many lines of its log say this."""
        text = (self.folder / "qBittorrent" / "data" / "logs" / "qbittorrent.log").read_text(errors="replace")
        return sum(words in line for line in text.splitlines())

    def _config(self, options: dict[str, str]) -> str:
        salt = os.urandom(16)
        key = hashlib.pbkdf2_hmac("sha512", PASSWORD.encode(), salt, 100_000, 64)
        proof = f"{base64.b64encode(salt).decode()}:{base64.b64encode(key).decode()}"
        web = {
            "WebUI\\Address": "127.0.0.1", "WebUI\\Port": str(self.web_port), "WebUI\\Username": "admin",
            "WebUI\\Password_PBKDF2": f'"@ByteArray({proof})"', "WebUI\\UseUPnP": "false",
            "Connection\\ResolvePeerCountries": "false", **options,
        }  # fmt: skip
        lines = "\n".join(f"{name}={value}" for name, value in web.items())
        # on loopback only, without DHT and its like: nothing of a test leaves the machine
        session = "\n".join(f"Session\\{line}" for line in (
            f"Port={self.first_port}", "Interface=lo", "InterfaceName=lo", "DHTEnabled=false", "LSDEnabled=false",
            "PeXEnabled=false",
        ))  # fmt: skip
        return (
            f"[LegalNotice]\nAccepted=true\n[BitTorrent]\n{session}\n"
            f"[Network]\nPortForwardingEnabled=false\n[Preferences]\n{lines}\n"
        )


@contextmanager
def running(folder: Path, **options: str) -> Iterator[QBittorrent]:
    """A qBittorrent for the time of a block; options are lines of [Preferences]."""
    part = QBittorrent(require("qbittorrent-nox", "qbittorrent-nox"), folder, **options)
    try:
        part.start()
        yield part
    finally:
        part.stop()


@pytest.fixture
def qbittorrent(tmp_path: Path) -> Iterator[QBittorrent]:
    """A real qBittorrent with the password PASSWORD."""
    with running(tmp_path / "qbittorrent") as part:
        yield part


@pytest.fixture
def qbittorrent_with(tmp_path: Path) -> Iterator[Callable[..., QBittorrent]]:
    """Start one with lines of its own in [Preferences]: `qbittorrent_with(**{"WebUI\\\\Port": "…"})`."""
    started: list[QBittorrent] = []

    def start(**options: str) -> QBittorrent:
        folder = tmp_path / f"qbittorrent-{len(started)}"
        started.append(QBittorrent(require("qbittorrent-nox", "qbittorrent-nox"), folder, **options))
        started[-1].start()
        return started[-1]

    try:
        yield start
    finally:
        for part in started:
            part.stop()
