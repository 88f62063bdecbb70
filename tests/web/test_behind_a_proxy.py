"""Behind a reverse proxy: its own login, the header with one name, and a path of its own."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from ipaddress import ip_network
from pathlib import Path

import pytest

from hooks.web.login_limit import FREE
from hooks.web.web_settings import WebSettings
from tests.parts.process.web_site import PASSWORD, TOKEN, WAIT_S, answering, limited, log_in, serving, views_of

HTML = {"Accept": "text/html"}
BEHIND = {
    "X-Forwarded-For": "203.0.113.7, 10.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "hooks.example.org",
    "X-Forwarded-Prefix": "/glue", "Remote-User": "ann",
}  # fmt: skip


@pytest.mark.parametrize(("proxies", "status"), [("127.0.0.0/8", 200), ("10.9.9.9", 401)])
def test_a_forward_auth_counts_only_from_a_named_proxy(tmp_path: Path, proxies: str, status: int) -> None:
    settings = WebSettings(
        hosts=frozenset({"hooks.example.org"}), proxies=(ip_network(proxies),), user_header="remote-user"
    )
    with serving(views_of(tmp_path, answering({"resume": []})), settings) as site:
        assert site.get("/api/v1/status").status_code == 401, "without the header nobody is let in"
        assert site.get("/api/v1/status", headers=BEHIND).status_code == status
        if status == 200:
            page = site.get("/", headers={**BEHIND, **HTML}).text
            assert 'href="/glue/static/gluehook.css"' in page
            sent = {**BEHIND, "X-CSRF-Token": site.csrf(BEHIND), "Origin": "https://hooks.example.org"}
            assert site.post("/api/v1/resume", json={}, headers=sent).status_code == 200
            assert site.post("/api/v1/resume", json={}, headers={**sent, "Remote-User": "bob"}).status_code == 403
            assert site.post("/api/v1/resume", json={}, headers={**sent, "Origin": site.url}).status_code == 403


@pytest.mark.parametrize(
    ("secrets", "forward_auth", "status"),
    [({"GLUEHOOK_WEB_PASSWORD": PASSWORD}, False, 200), ({"GLUEHOOK_WEB_PASSWORD": PASSWORD}, True, 200),
     ({"GLUEHOOK_WEB_TOKEN": TOKEN}, True, 200), ({"GLUEHOOK_WEB_TOKEN": TOKEN}, False, 401)],
)  # fmt: skip
def test_a_token_that_a_proxy_sends_on_keeps_nobody_out(
    tmp_path: Path, secrets: dict[str, str], forward_auth: bool, status: int
) -> None:
    settings = replace(limited(**secrets), proxies=(ip_network("127.0.0.0/8"),), user_header="remote-user")
    sent = {"Authorization": "Bearer eyJhbGciOiJ.of.oauth2-proxy", **({"Remote-User": "ann"} if forward_auth else {})}
    with serving(views_of(tmp_path), settings) as site:
        if "GLUEHOOK_WEB_PASSWORD" in secrets:
            log_in(site)
        answers = [site.get("/api/v1/status", headers=sent).status_code for _ in range(FREE + 2)]
    assert answers[0] == status
    assert answers[-1] == (200 if status == 200 else 429), "only a token that is tried is counted"


@pytest.mark.parametrize(
    ("names", "status"),
    [(["ann"], 200), (["Ann O'Neill, père".encode()], 200), (["ann@example.org"], 200), (["mallory", "ann"], 401),
     ([""], 401), (["{http.reverse_proxy.header.Remote-User}"], 401), (["$user"], 401), (["%[var(user)]"], 401),
     (["x" * 300], 401)],
)  # fmt: skip
def test_a_proxy_must_send_one_name(tmp_path: Path, names: list[str | bytes], status: int) -> None:
    settings = WebSettings(proxies=(ip_network("127.0.0.0/8"),), user_header="remote-user")
    with serving(views_of(tmp_path), settings) as site:
        connection = HTTPConnection(site.address, timeout=WAIT_S)
        with closing(connection):
            connection.putrequest("GET", "/api/v1/status")
            for name in names:
                connection.putheader("Remote-User", name)
            connection.endheaders()
            assert connection.getresponse().status == status


@pytest.mark.parametrize("path", ["/glue/api/v1/status", "/api/v1/status"])
def test_the_prefix_may_be_left_in_the_path_or_taken_away(tmp_path: Path, path: str) -> None:
    settings = replace(limited(), prefix="/glue", proxies=(ip_network("127.0.0.1"),))
    with serving(views_of(tmp_path), settings) as site:
        assert site.get(path).status_code == 401
        assert (
            site.get(path.replace("api/v1/status", "runs"), headers=HTML).headers["location"]
            == "/glue/login?next=%2Fruns"
        )
        answer = site.post("/login", data={"password": PASSWORD}, headers={"X-Forwarded-Proto": "https"})
        assert answer.headers["location"] == "/glue/"
        assert "Path=/glue" in answer.headers["set-cookie"]
        assert "Secure" in answer.headers["set-cookie"]
        assert site.get("/glue/static/gluehook.css").status_code == 200
        assert site.get("/gluestatic").status_code == 401


def test_a_forward_auth_without_a_proxy_lets_nobody_in(tmp_path: Path) -> None:
    with serving(views_of(tmp_path), WebSettings(user_header="remote-user")) as site:
        answer = site.get("/api/v1/status", headers={"Remote-User": "ann"})
    assert answer.status_code == 401
    assert "name the proxy in GLUEHOOK_WEB_PROXIES" in answer.json()["error"]
