"""What an HTTP call's end means, where the contract test does not already show it."""

from __future__ import annotations

import socket
import threading
from contextlib import closing

import pytest

from handlers.shared.http import address, refusal, retry_after_s, shown, time_outs
from handlers.shared.http_failure import failure
from hooks.handler import GiveUp, Retry
from tests.handlers.contract import Clock, context, misbehaving

WAIT_S = 10.0  # nothing here takes as long
_2015 = 1_445_412_480.0  # Wed, 21 Oct 2015 07:28:00 GMT


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("7", 7.0), ("0", 0.0), ("Wed, 21 Oct 2015 07:28:30 GMT", 30.0), ("Wed, 21 Oct 2015 07:28:30 -0000", 30.0),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0), ("soon", None), ("-3", None), ("", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None), ("Wed, 21 Oct 2015 07:28:00 +99999999999999", None),
        ("Wed, 21 Oct 9999999999999999999999 07:28:00 GMT", None), ("9" * 400, 3600.0), ("1e3000", None),
        ("Wed, 21 Oct 2037 07:28:00 GMT", 3600.0),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(text: str, wait_s: float | None) -> None:
    assert retry_after_s({"Retry-After": text}, _2015) == wait_s


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_passes_by_itself_is_tried_again(status: int) -> None:
    assert isinstance(refusal(status, {}, "it", _2015), Retry)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 405, 409, 415])
def test_what_somebody_has_to_change_is_not(status: int) -> None:
    assert isinstance(refusal(status, {"Location": "http://u:pw-5@elsewhere/x?key=pw-5"}, "it", _2015), GiveUp)


def test_a_redirect_is_told_without_its_secrets() -> None:
    said = refusal(302, {"Location": "https://u:pw-5@elsewhere:8443/login?key=pw-5"}, "it", _2015).said
    assert "https://elsewhere:8443/login" in said
    assert "pw-5" not in said


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("gluetun:8080", "http://gluetun:8080"), ("http://gluetun:8080/", "http://gluetun:8080"),
        ("https://u:p@host/qb/?k=v#f", "https://host/qb"), ("http://[::1]:80", "http://[::1]:80"),
    ],
)  # fmt: skip
def test_an_address_is_shown_without_what_is_nobodys_business(url: str, plain: str) -> None:
    assert shown(url) == plain
    assert shown(address(url, "it")) == plain


def test_nothing_is_called_when_no_time_is_left() -> None:
    clock = Clock()
    ctx = context(clock=clock, timeout_s=5)
    assert time_outs(ctx, "it") == (3.0, 5.0)
    clock.wait(4)
    assert time_outs(ctx, "it") == (1.0, 1.0)
    clock.wait(1)
    with pytest.raises(Retry, match="time is over"):
        time_outs(ctx, "it")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("refused", "refuses the connection"), ("timeout", "did not answer in time"),
        ("garbage", "does not speak HTTP"), ("half_a_body", "broke off in the middle"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("library", ["requests", "urllib3"])
def test_each_library_says_the_same(how: str, words: str, library: str) -> None:
    with misbehaving(how) as url, pytest.raises(Exception) as raised:  # noqa: PT011 - what it is differs
        call(library, url, timeout_s=0.3 if how == "timeout" else WAIT_S)
    assert isinstance(raised.value, Exception)
    end = failure(raised.value, f"it at {url}")
    assert isinstance(end, Retry)
    assert words in end.said


@pytest.mark.parametrize("library", ["requests", "urllib3"])
def test_https_where_http_is_spoken_wants_another_url(library: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=_speak_plainly, args=(server,))
        thread.start()
        with pytest.raises(Exception) as raised:  # noqa: PT011 - as above
            call(library, f"https://127.0.0.1:{server.getsockname()[1]}")
        thread.join(5)
    assert isinstance(failure(raised.value, "it"), GiveUp)


def _speak_plainly(server: socket.socket) -> None:
    with closing(server.accept()[0]) as peer:
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        peer.recv(4096)


def call(library: str, url: str, timeout_s: float = WAIT_S) -> None:
    if library == "requests":
        import requests

        with requests.Session() as http:
            http.trust_env = False
            http.get(url, timeout=timeout_s)
    else:
        import urllib3

        with urllib3.connection_from_url(url, retries=False) as pool:
            pool.urlopen("GET", "/", timeout=timeout_s)
