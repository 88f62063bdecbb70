"""Clients that let the site wait: with their request, its rest, or by taking nothing of the response."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from hooks.web import serving as module
from tests.parts.process.web_site import WAIT_S, Site, serving, views_of

MOST = 8


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


WAITING = {
    "nothing": b"", "half a head": b"GET / HTTP/1.1\r\nHost: loc",
    "half a body": head("POST", "/login", "Content-Length: 9"), "a request before": head("GET", "/healthz"),
}  # fmt: skip
NO_READER = head("GET", "/static/gluehook.css") * 1000  # whose responses fill each buffer on the way


def connected(site: Site, within: ExitStack) -> socket.socket:
    """A connection that takes little at once."""
    connection = within.enter_context(socket.socket())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(WAIT_S)
    host, _, port = site.address.partition(":")
    connection.connect((host, int(port)))
    return connection


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side closes the connection, also with something left to read."""
    waiting = select.poll()
    waiting.register(connection, select.POLLRDHUP)
    for _ in range(100):
        if waiting.poll(WAIT_S * 10):
            return True
        with suppress(ConnectionError):
            connection.send(b"G")  # which a closed connection refuses
    return False


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(module, "MOST_CONNECTIONS", MOST)
    with serving(views_of(tmp_path)) as site:
        yield site


@pytest.mark.parametrize("sent", WAITING.values(), ids=WAITING)
def test_clients_that_let_the_site_wait_keep_nobody_out(site: Site, sent: bytes) -> None:
    with ExitStack() as stack:
        first, *_ = [connected(site, stack) for _ in range(3 * MOST)]
        for connection in [connected(site, stack) for _ in range(MOST)]:
            connection.sendall(sent)
        assert site.get("/healthz").status_code == 200
        assert is_closed(first), "the one that has waited longest made room"


@pytest.mark.parametrize(
    ("which", "sent"), [("REQUEST_S", b""), ("REQUEST_S", WAITING["half a head"]), ("STALL_S", NO_READER)]
)
def test_no_client_is_waited_for_for_ever(site: Site, monkeypatch: pytest.MonkeyPatch, which: str, sent: bytes) -> None:
    monkeypatch.setattr(module, which, 0.05)
    with ExitStack() as stack:
        connection = connected(site, stack)
        with suppress(ConnectionError):
            connection.sendall(sent)
        assert is_closed(connection)


def test_requests_that_come_far_ahead_of_the_responses_are_not_kept(site: Site) -> None:
    with ExitStack() as stack:
        connection = connected(site, stack)
        with suppress(ConnectionError):
            connection.sendall(head("GET", "/healthz") * 50_000)
        assert is_closed(connection)


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this machine has no IPv6")
@pytest.mark.parametrize(("address", "also"), [("[::]:0", "127.0.0.1"), ("[::1]:0", "::1"), ("0.0.0.0:0", "127.0.0.1")])
def test_all_addresses_are_those_of_ipv4_as_well(address: str, also: str) -> None:
    with module.listening(address) as listening:
        socket.create_connection((also, listening.getsockname()[1]), WAIT_S).close()
