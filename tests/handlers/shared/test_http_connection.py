"""What is said where the protocol or the network is in the way: with real servers on loopback."""

from __future__ import annotations

import gzip
import json
import socket
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.shared import bounded_answer
from handlers.shared.http_connection import Connection, Request, basic, split_userinfo
from handlers.shared.trust import Trust
from hooks.handler import GiveUp, Retry
from tests.handlers.contract import context
from tests.handlers.shared.one_request import WITHIN_S, asked, shows, told
from tests.parts.targets.behaving import behaving, trickling
from tests.parts.targets.certificates import made
from tests.parts.targets.fakes_http import served

# -- the wrong protocol ------------------------------------------------------------------------------


def test_https_to_a_server_of_plain_http() -> None:
    with served(told) as url, pytest.raises(GiveUp, match="speaks plain http at that port; write http://"):
        asked(url.replace("http:", "https:"))


def test_http_to_a_server_of_https(tmp_path: Path) -> None:
    with shows(made(), tmp_path) as url, pytest.raises(GiveUp, match="speaks https at that port; write https://"):
        asked(url.replace("https:", "http:"))


def _waits_for_a_line(peer: socket.socket) -> None:
    """As qBittorrent does with the greeting of TLS: no end of the header comes, so it says nothing."""
    text = b""
    while b"\r\n\r\n" not in text:
        more = peer.recv(4096)
        if not more:
            return
        text += more
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def test_https_to_a_server_of_plain_http_that_stays_silent() -> None:
    with behaving(_waits_for_a_line) as port, pytest.raises(GiveUp, match="speaks plain http at that port"):
        asked(f"https://127.0.0.1:{port}", within_s=(0.3, 0.3))


def test_http_to_a_server_of_https_that_just_hangs_up(tmp_path: Path) -> None:
    context = made().server(tmp_path)

    def hang_up_on_http(peer: socket.socket) -> None:
        if peer.recv(1, socket.MSG_PEEK) != b"\x16":  # a TLS greeting
            peer.recv(4096)
            return
        context.wrap_socket(peer, server_side=True).close()

    with behaving(hang_up_on_http) as port, pytest.raises(GiveUp, match="speaks https at that port"):
        asked(f"http://127.0.0.1:{port}")


def test_what_is_silent_in_both_protocols_is_only_late() -> None:
    closed = pytest.raises(Retry, match="closed the connection without an answer")
    with behaving(lambda peer: peer.recv(4096) and None) as port, closed:
        asked(f"http://127.0.0.1:{port}")


_HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("begin", "again"),
    [
        (b"", b"H"), (_HEAD + b"X-A: ", b"a"), (_HEAD, b"X-A: b\r\n"), (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (_HEAD + b"Content-Length: 9999\r\n\r\n", b" "), (_HEAD + b"\r\n", b" "),
        (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["status line", "header", "headers", "100 Continue", "body", "body without length", "chunks"],
)  # fmt: skip
def test_an_answer_that_trickles_is_late(begin: bytes, again: bytes) -> None:
    with trickling(begin, again) as port, pytest.raises(Retry, match="did not answer in time") as late:
        asked(f"http://127.0.0.1:{port}", within_s=(0.3, 0.3))
    assert late.value.kind == "late"


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_an_answer_without_end_is_refused(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_answer, "MAX_BYTES", 1 << 16)
    body = b" " * (1 << 24)
    head, body = (b"Content-Encoding: gzip\r\n", gzip.compress(body)) if packed else (b"", body)

    def pour(peer: socket.socket) -> None:
        peer.recv(4096)
        with suppress(OSError):
            peer.sendall(_HEAD + head + b"\r\n" + body)

    with behaving(pour) as port, pytest.raises(Retry, match="more than 16 MiB, which is not its API's"):
        asked(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("header", [b"X: y\r\n" * 150, b"X: " + b"y" * 70_000], ids=["many lines", "one long line"])
def test_a_header_without_end_is_said_to_be_too_long(header: bytes) -> None:
    too_long = pytest.raises(Retry, match="answers with a header that is too long; it is tried again")
    with behaving(lambda peer: peer.recv(4096) and peer.sendall(_HEAD + header)) as port, too_long:
        asked(f"http://127.0.0.1:{port}")


def test_a_whole_answer_leaves_the_connection_open() -> None:
    peers = set[int]()

    def count(peer: socket.socket) -> None:
        peers.add(peer.fileno())
        for body in (b"Content-Length: 2\r\n\r\nab", b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
                     b"Content-Length: 0\r\n\r\n", b"Content-Length: 1\r\n\r\nc"):  # fmt: skip
            peer.recv(4096)
            peer.sendall(_HEAD + body)

    with behaving(count) as port:
        connection = Connection(f"http://127.0.0.1:{port}", "it", Trust("IT", ""))
        ctx, request = replace(context(), left=lambda: 3.0), Request("GET", "/x", WITHIN_S)
        assert [connection.send(ctx, request).text for _ in range(4)] == ["ab", "ab", "", "c"]
        connection.close()
    assert len(peers) == 1


def test_a_request_is_sent_in_one_piece() -> None:
    pieces = list[bytes]()

    def keep(peer: socket.socket) -> None:
        for _ in range(4):
            pieces.append(peer.recv(65536))
            peer.sendall(_HEAD + b"Content-Length: 0\r\n\r\n")

    with behaving(keep) as port:
        connection = Connection(f"http://127.0.0.1:{port}", "it", Trust("IT", ""))
        ctx = replace(context(), left=lambda: 3.0)
        for method, body in (("GET", None), ("POST", "json=1"), ("POST", ""), ("GET", None)):
            connection.send(ctx, Request(method, "/x", WITHIN_S, body))
        connection.close()
    assert [piece.partition(b"\r\n\r\n")[2] for piece in pieces] == [b"", b"json=1", b"", b""]
    assert [piece.split()[0] for piece in pieces] == [b"GET", b"POST", b"POST", b"GET"]


def test_what_refuses_and_what_has_no_name() -> None:
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(Retry, match="refuses the connection"):
            asked(f"https://127.0.0.1:{bound.getsockname()[1]}")
    with pytest.raises(Retry, match="a name that cannot be resolved here"):
        asked("https://no-such-name.invalid")


# -- user and password of the URL --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "plain", "login"),
    [
        ("http://u:p@host:80/x", "http://host:80/x", "u:p"), ("https://host", "https://host", ""),
        ("http://u%40x:p%2F%3A%40%20@host", "http://host", "u@x:p/:@ "), ("http://token@host", "http://host", "token:"),
        ("http://u:p@w@host", "http://host", "u:p@w"), ("http://u:p:q@[::1]:8080", "http://[::1]:8080", "u:p:q"),
        ("http://ü:ß@host", "http://host", "ü:ß"),
    ],
)  # fmt: skip
def test_user_and_password_are_taken_out_of_the_url(url: str, plain: str, login: str) -> None:
    assert split_userinfo(url) == (plain, login)


def test_they_are_sent_as_basic_authentication() -> None:
    with served(told) as url:
        body = json.loads(asked(url.replace("http://", "http://u%40x:p%2Fw@") + "/below/").content)
    assert body == {"path": "/below/x", "authorization": basic("u@x:p/w")}


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
@pytest.mark.parametrize("key", ["s3cret\nline", "s3cret\r\nX: y", "s3cret-€", "s3cret\0"])
def test_a_key_that_http_cannot_send_is_refused_and_not_shown(key: str, header: str) -> None:
    connection = Connection("http://127.0.0.1:9", "it", Trust("IT"), {header: key})
    with pytest.raises(GiveUp, match="its API key holds a line break or a character that HTTP cannot") as raised:
        connection.send(context(), Request("GET", "/x", WITHIN_S))
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\0\0\0\7hello", b"* OK IMAP4rev1\r\n"])
def test_https_to_a_port_of_neither_protocol(said: bytes) -> None:
    not_tls = pytest.raises(GiveUp, match="does not speak https at that port; correct the port, or write http://")
    with behaving(lambda peer: peer.recv(4096) and peer.sendall(said)) as port, not_tls:
        asked(f"https://127.0.0.1:{port}")


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with served(told) as url:
        assert asked(url).status == 200
