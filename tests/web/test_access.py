"""Who may read and act: passwords, tokens, sessions, guesses, and requests that others forge."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from hooks.web import login_limit
from hooks.web.access import COOKIE
from hooks.web.login_limit import ALL, ALL_S, FREE, LONGEST_S, LoginLimit
from hooks.web.web_settings import WebSettings
from tests.parts.process.web_site import (
    PASSWORD,
    TOKEN,
    Site,
    answering,
    limited,
    log_in,
    serving,
    views_of,
)

HTML = {"Accept": "text/html"}


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Iterator[Site]:
    """A site with a password and a token, and a runner that takes every command."""
    with serving(views_of(tmp_path, answering({"pause": [], "resume": [], "retry": []})), limited(), clock) as site:
        yield site


def test_without_password_and_token_all_may_read_and_none_may_act(tmp_path: Path) -> None:
    with serving(views_of(tmp_path, answering({"pause": []}))) as site:
        assert site.get("/api/v1/status").status_code == 200
        assert site.get("/").status_code == 200
        for answer in (site.post("/api/v1/pause", json={"for": "1h"}),
                       site.post("/act", data={"action": "pause", "for": "1h"}, headers=HTML)):  # fmt: skip
            assert answer.status_code == 403
            assert "set GLUEHOOK_WEB_PASSWORD or GLUEHOOK_WEB_TOKEN" in answer.text


def test_with_a_password_nothing_is_read_without_it(site: Site) -> None:
    for path in ("/api/v1/status", "/api/v1/openapi.json", "/metrics", "/api/v1/nothing"):
        assert site.get(path).status_code == 401, path
    assert (
        site.get("/runs?rule=a%20b&x=1", headers=HTML).headers["location"]
        == "/login?next=%2Fruns%3Frule%3Da%2520b%26x%3D1"
    )
    for path in ("/healthz", "/login", "/static/gluehook.css"):
        assert site.get(path, headers=HTML).status_code == 200, path


def test_a_session_reads_and_acts_until_it_is_closed(site: Site) -> None:
    answer = site.post("/login", data={"password": PASSWORD, "next": "/runs?rule=x"})
    assert answer.headers["location"] == "/runs?rule=x"
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert "Secure" not in cookie
    csrf = site.csrf()
    assert site.post("/api/v1/pause", json={"for": "1h"}, headers={"X-CSRF-Token": csrf}).json() == {
        "done": "pause is done"
    }
    done = site.post("/act", data={"action": "resume", "csrf": csrf, "back": "/runs"}, headers=HTML)
    assert (done.status_code, done.headers["location"]) == (303, "/runs")
    assert "resume is done" in site.get("/", headers=HTML).text
    assert "resume is done" not in site.get("/", headers=HTML).text, "a notice is shown once"
    site.post("/logout")
    assert site.get("/api/v1/status", cookies={COOKIE: cookie.split("=")[1].split(";")[0]}).status_code == 401


@pytest.mark.parametrize(
    "next_page", ["//evil.example", "/\\evil.example", "https://evil.example", "\\\\evil", "/%0d\r\nX: y", ""]
)
def test_a_login_leads_to_no_other_site(site: Site, next_page: str) -> None:
    assert site.post("/login", data={"password": PASSWORD, "next": next_page}).headers["location"] == "/"


def test_a_session_ends_by_time_and_by_another_password(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    settings = limited(GLUEHOOK_WEB_PASSWORD_FILE=str(file))
    with serving(views_of(tmp_path), settings, clock) as site:
        for end in ("time", "password"):
            log_in(site)
            assert site.get("/api/v1/status").status_code == 200
            if end == "time":
                clock.now += 8 * 86400
            else:
                file.write_text("another pass phrase")
                clock.now += 2
            assert site.get("/api/v1/status").status_code == 401
        file.unlink()
        clock.now += 2
        assert site.get("/api/v1/status").status_code == 401, "a lost secret file must not open the site"
        assert str(file) in site.get("/api/v1/status").json()["error"]


@pytest.mark.parametrize("end", ["log-out", "password", "time"])
def test_a_stream_ends_with_its_session(tmp_path: Path, clock: Clock, end: str) -> None:
    file, items = tmp_path / "password", queue.SimpleQueue[dict[str, Any]]()
    file.write_text(PASSWORD)
    views = views_of(tmp_path, follow=lambda **_: iter(items.get, {}))
    with serving(views, limited(GLUEHOOK_WEB_PASSWORD_FILE=str(file)), clock) as site:
        log_in(site)
        lines = site.get("/api/v1/stream", stream=True).iter_lines()
        views.following.start()
        items.put({"kind": "problem", "said": "before"})
        assert any(b"before" in line for line in lines)
        if end == "log-out":
            site.post("/logout")
        elif end == "password":
            file.write_text("another pass phrase")
        clock.now += 2 if end != "time" else 8 * 86400
        items.put({"kind": "problem", "said": "after"})
        assert not any(b"after" in line for line in lines)
        items.put({})


@pytest.mark.parametrize(
    ("authorization", "status"),
    [(f"Bearer {TOKEN}", 200), (f"bearer  {TOKEN} ", 200), ("Bearer wrong", 401), ("Bearer", 401),
     (f"Basic {TOKEN}", 401), (f"Bearer {PASSWORD}", 401), ("Bearer t\u00f6ken", 401)],
)  # fmt: skip
def test_a_program_reads_and_acts_by_its_token(site: Site, authorization: str, status: int) -> None:
    headers = {"Authorization": authorization.encode("latin-1")}
    assert site.get("/api/v1/status", headers=headers).status_code == status
    assert site.post("/api/v1/pause", json={"for": "1h"}, headers=headers).status_code == status


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "http://127.0.0.1:1"},
     {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"X-CSRF-Token": ""},
     {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": "ä".encode()}],
    ids=str,
)  # fmt: skip
def test_an_action_that_another_page_begins_is_refused(site: Site, headers: dict[str, str]) -> None:
    csrf = log_in(site)
    sent = {"Origin": site.url, "X-CSRF-Token": csrf}
    assert site.post("/api/v1/resume", json={}, headers=sent).status_code == 200
    if "Sec-Fetch-Site" in headers:  # which counts where a browser sends no Origin
        del sent["Origin"]
    assert site.post("/api/v1/resume", json={}, headers={**sent, **headers}).status_code == 403


def test_a_cookie_that_was_tampered_with_opens_nothing(site: Site) -> None:
    log_in(site)
    cookie = site.session.cookies[COOKIE]
    site.session.cookies.clear()
    for bad in (cookie[:-1], cookie + "A", cookie.swapcase(), "", "x" * 8000, "\"'<script>", "%00"):
        assert site.get("/api/v1/status", headers={"Cookie": f"{COOKIE}={bad}"}).status_code == 401
    assert site.get("/api/v1/status", headers={"Cookie": f"{COOKIE}={cookie}"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "known"),
    [("gluehook", True), ("gluehook:8090", True), ("192.168.1.5:8090", True), ("[fe80::1]:8090", True),
     ("nas.local", True), ("server.home.arpa:80", True), ("localhost", True), ("hooks.example.org", True),
     ("HOOKS.example.org:443", True), ("evil.example", False), ("hooks.example.org.evil.example", False),
     ("1.2.3.4.evil.example", False), ("", False), ("a/b", False), ("gluehook@evil.example", False), ("local.", False),
     ("x" * 3000 + ".example", False)],
)  # fmt: skip
def test_a_host_that_somebody_else_may_own_is_refused(tmp_path: Path, host: str, known: bool) -> None:
    with serving(views_of(tmp_path), WebSettings(hosts=frozenset({"hooks.example.org"}))) as site:
        answer = site.get("/api/v1/status", headers={"Host": host})
        assert site.get("/healthz", headers={"Host": host}).status_code == 200, "a probe may come under any name"
    assert answer.status_code == (200 if known else 421)
    assert known or ("GLUEHOOK_WEB_HOSTS=" if host else "the header Host") in answer.json()["error"]


def test_ten_thousand_tries_find_no_password_and_keep_no_owner_out_for_long(site: Site, clock: Clock) -> None:
    answers = {site.post("/login", data={"password": f"guess {number}"}).status_code for number in range(FREE + 3)}
    assert answers == {403, 429}
    refused = site.post("/login", data={"password": PASSWORD})
    assert refused.status_code == 429, "the right one is not let in earlier, or a guesser would see it"
    assert int(refused.headers["retry-after"]) >= 1
    assert site.get("/api/v1/status", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 429
    clock.now += LONGEST_S + ALL_S
    assert site.post("/login", data={"password": PASSWORD}).status_code == 303


@pytest.mark.parametrize(
    ("flood", "waits"),
    [("9.{}.0.1", {"9.255.0.1": True, "2a00:1::1": True, "192.168.1.9": False, "fd00::9": False, "::1": False}),
     ("192.168.1.{}", {"192.168.2.9": True, "fd00::9": True, "9.255.0.1": False})],
)  # fmt: skip
def test_guesses_from_one_side_keep_out_nobody_of_the_other_and_no_program(
    clock: Clock, flood: str, waits: dict[str, bool]
) -> None:
    limit = LoginLimit(clock)
    limit.known(flood.format(250))
    for number in range(ALL):
        limit.wrong(flood.format(number))
    assert {address: limit.wait_s(address) > 0 for address in waits} == waits
    assert limit.wait_s(flood.format(250)) == 0, "its token was right before"
    for _ in range(FREE):
        limit.wrong(flood.format(250))
        limit.known(flood.format(250))
    assert limit.wait_s(flood.format(250)) > 0, "a right token makes no guess cheaper"


def test_a_program_whose_token_was_right_is_served_while_others_guess(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_limit, "ALL", 9)
    settings = replace(limited(), proxies=(ip_network("127.0.0.1"),))
    right = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "10.0.0.1"}
    with serving(views_of(tmp_path), settings, clock) as site:
        assert site.get("/healthz", headers=right).status_code == 200
        for number in range(9):
            site.get("/healthz", headers={"Authorization": "Bearer x", "X-Forwarded-For": f"10.1.0.{number}"})
        assert site.get("/healthz", headers=right).status_code == 200
        assert site.get("/healthz", headers={**right, "X-Forwarded-For": "10.0.0.2"}).status_code == 429


def test_a_password_that_is_too_short_lets_nobody_in(tmp_path: Path) -> None:
    with serving(views_of(tmp_path), limited(GLUEHOOK_WEB_PASSWORD="short")) as site:
        assert site.get("/", headers=HTML).status_code == 401
        assert "fewer than 8 characters" in site.get("/api/v1/status").json()["error"]


JSON = {"Content-Type": "application/json"}
BAD: list[tuple[str, str, dict[str, Any], int]] = [
    ("POST", "/api/v1/pause", {"data": b"{"}, 415), ("POST", "/api/v1/pause", {"data": b"{", "headers": JSON}, 422),
    ("POST", "/api/v1/pause", {"data": b"[" * 100_000, "headers": JSON}, 422),
    ("POST", "/api/v1/pause", {"data": b'{"for": NaN}', "headers": JSON}, 422),
    ("POST", "/api/v1/pause", {"json": {"for": "1" * 2000}}, 422),
    ("POST", "/api/v1/run", {"json": {"rule": "a", "event": 1}}, 422),
    ("POST", "/api/v1/pause", {"json": []}, 422),
    ("POST", "/api/v1/pause", {"data": b"\xff\xfe", "headers": JSON}, 422),
    ("POST", "/api/v1/pause", {"json": {"for": 5}}, 422), ("POST", "/api/v1/retry", {"data": b"x" * 3_000_000}, 413),
    ("POST", "/login", {"data": b"\xff"}, 400), ("POST", "/login", {"json": {"password": PASSWORD}}, 415),
    ("POST", "/login", {"data": b"&".join([b"a=b"] * 1000)}, 400), ("DELETE", "/api/v1/pause", {}, 405),
    ("GET", "/" + "a" * 9000, {}, 404), ("GET", "/static/../../../../etc/passwd", {}, 404),
    ("GET", "/static/%2e%2e/%2e%2e/api.py", {}, 404), ("GET", "/static/%00", {}, 404),
]  # fmt: skip


def test_each_bad_request_gets_one_sentence(site: Site) -> None:
    for method, path, sent, status in BAD:
        more: Any = sent.get("headers", {})
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json", **more}
        answer = site.raw(method, path, **{**sent, "headers": headers})
        assert answer.status_code == status, (path[:50], answer.text)
        assert 10 < len(answer.json()["error"]) < 600
