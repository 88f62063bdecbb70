"""Slow, silent and malformed clients, over raw connections."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

import pytest

from hooks.web import gate
from hooks.web import serving as serving_module
from tests.parts.process.web_site import Site, serving, views_of

WAIT_S = 10.0


def talk(site: Site, *parts: bytes) -> bytes:
    """What a client gets that sends these bytes and then waits until the server closes the connection."""
    host, port = site.address.split(":")
    with socket.create_connection((host, int(port)), timeout=WAIT_S) as connection:
        got = b""
        with suppress(ConnectionError):  # it is closed with something that the server has not read
            for part in parts:
                connection.sendall(part)
        with suppress(ConnectionError):
            while found := connection.recv(65_536):
                got += found
        return got


HEAD = b"Host: localhost\r\nConnection: close\r\n"


EXPLAIN = b"POST /api/v1/explain HTTP/1.1\r\n" + HEAD + b"Content-Type: application/json\r\n"
GET, LOGIN = b"GET /api/v1/status HTTP/1.1\r\n", b"POST /login HTTP/1.1\r\n"
MALFORMED = {
    "tls": (b"\x16\x03\x01\x00\xa5", b"HTTP/1.1 400"),
    "two hosts": (GET + b"Host: a\r\nHost: b\r\n\r\n", b"HTTP/1.1 400"),
    "no host": (b"GET /api/v1/status HTTP/1.0\r\n\r\n", b"HTTP/1.1 421"),
    "another host": (b"GET http://evil.example/ HTTP/1.1\r\n" + HEAD + b"\r\n", b"HTTP/1.1 "),
    "two lengths": (LOGIN + HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"HTTP/1.1 "),
    "a negative length": (LOGIN + HEAD + b"Content-Length: -5\r\n\r\n", b"HTTP/1.1 400"),
    "nothing of it": (GET + HEAD + b"\r\n", b"HTTP/1.1 200"),
}  # fmt: skip


def test_each_malformed_request_gets_an_answer_and_so_does_the_next(tmp_path: Path) -> None:
    with serving(views_of(tmp_path)) as site:
        for name, (sent, answer) in MALFORMED.items():
            got = talk(site, sent)
            assert got.startswith(answer), (name, got[:200])
            assert site.get("/healthz").status_code == 200


HALF = [
    b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: local", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET ",
]  # fmt: skip


@pytest.mark.parametrize("sent", HALF, ids=["nothing", "a word", "a line", "a second one"])
def test_a_request_that_does_not_come_is_not_waited_for(
    tmp_path: Path, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving_module, "REQUEST_S", 0.1)
    with serving(views_of(tmp_path)) as site:
        got = talk(site, sent)
        assert got == b"" or got.startswith(b"HTTP/1.1 200")


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "BODY_S", 0.1)
    with serving(views_of(tmp_path)) as site:
        head = (
            b"POST /api/v1/explain HTTP/1.1\r\n"
            + HEAD
            + b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
        )
        got = talk(site, head)
        assert got.startswith(b"HTTP/1.1 408"), got[:200]
        assert b"was not there within 0.1 s" in got


def test_a_body_that_never_ends_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MOST_BODY_BYTES", 100_000)
    with serving(views_of(tmp_path)) as site:
        head = (
            b"POST /api/v1/explain HTTP/1.1\r\n"
            + HEAD
            + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
        assert talk(site, head, *[chunk] * 4).startswith(b"HTTP/1.1 413")
