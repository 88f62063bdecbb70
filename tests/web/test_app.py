"""The site as a browser and a program meet it, over a real connection."""

from __future__ import annotations

import socket
from pathlib import Path

from hooks.events import signals
from hooks.runtime import heartbeat
from tests.parts.process.web_site import WAIT_S, answering, serving, views_of


def test_without_a_runner_and_a_journal_the_site_says_what_it_does_not_know(tmp_path: Path) -> None:
    with serving(views_of(tmp_path)) as site:
        status = site.get("/api/v1/status").json()
        page = site.get("/")
    assert not status["healthy"]
    assert "no heartbeat" in status["said"][0]
    assert status["snapshot"] is None
    assert any("no gluehook is running" in said for said in status["unknown"])
    assert page.status_code == 200
    assert heartbeat.FILE_NAME in page.text


def test_the_snapshot_of_the_runner_is_shown(tmp_path: Path) -> None:
    with serving(views_of(tmp_path, answering({"snapshot": [{"version": "9"}]}))) as site:
        assert site.get("/api/v1/status").json()["snapshot"] == {"version": "9"}


def test_a_browser_may_load_only_what_the_site_itself_serves(tmp_path: Path) -> None:
    with serving(views_of(tmp_path)) as site:
        for path in ("/", "/api/v1/status", "/static/gluehook.css", "/nothing"):
            headers = site.get(path).headers
            assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'"), path
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert "server" not in headers


def test_a_client_that_hangs_up_within_its_request_is_no_fault(tmp_path: Path) -> None:
    problems: list[str] = []

    def heard(sender: object, *, said: str, **_: object) -> None:
        problems.append(said)

    with signals.problem.connected_to(heard), serving(views_of(tmp_path)) as site:
        host, _, port = site.address.partition(":")
        with socket.create_connection((host, int(port)), WAIT_S) as connection:
            head = f"POST /login HTTP/1.1\r\nHost: {site.address}\r\nContent-Length: 9\r\n\r\nhalf"
            connection.sendall(head.encode())
        assert site.get("/healthz").status_code == 200
    assert problems == []
