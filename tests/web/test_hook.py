"""Calls of hooks: who may, what is taken, and what each refusal says. The runner's side is that of its own tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from hooks.control.client import NotRunning
from hooks.web.hook_body import MOST_BYTES
from hooks.web.hook_limits import CALLS
from hooks.web.login_limit import FREE
from tests.parts.process.web_site import HOOK_TOKEN, TOKEN, Site, limited, serving, views_of

OWN_TOKEN = "t0ken-of-kuma-alone"
BEARER = {"Authorization": f"Bearer {HOOK_TOKEN}"}


class Taker:
    """The control socket of a runner that takes what rules listen to; `calls` are those that it got."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.taken, self.is_there = "accepted", True

    def __call__(self, verb: str, **arguments: Any) -> tuple[list[dict[str, Any]], str]:
        if not self.is_there:
            raise NotRunning("no gluehook is running on the state folder")
        if verb == "snapshot":
            return [{}], "done"
        assert verb == "hook"
        self.calls.append(arguments)
        return [{"taken": self.taken, "event": "hook-x-1"}], "done"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Taker, Clock]]:
    taker, clock = Taker(), Clock()
    settings = limited(GLUEHOOK_HOOK_TOKEN=HOOK_TOKEN, GLUEHOOK_HOOK_TOKEN_UPTIME_KUMA=OWN_TOKEN,
                       GLUEHOOK_WEB_TOKEN=TOKEN)  # fmt: skip
    with serving(views_of(tmp_path_factory.mktemp("state"), taker), settings, clock) as site:
        yield site, taker, clock


@pytest.fixture
def clock(shared: tuple[Site, Taker, Clock]) -> Clock:
    shared[2].now += 10 * 86_400  # nothing of the test before counts any more
    return shared[2]


@pytest.fixture
def taker(shared: tuple[Site, Taker, Clock]) -> Taker:
    shared[1].calls, shared[1].taken, shared[1].is_there = [], "accepted", True
    return shared[1]


@pytest.fixture
def site(shared: tuple[Site, Taker, Clock], taker: Taker, clock: Clock) -> Site:
    return shared[0]


def signature(body: bytes, key: str = HOOK_TOKEN) -> dict[str, str]:
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"sonarr:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("hook", "headers", "status"),
    [
        ("x", BEARER, 202),
        ("x", {"Authorization": f"bearer  {HOOK_TOKEN} "}, 202),
        ("x", {"X-Gluehook-Token": HOOK_TOKEN}, 202),
        ("x", basic(HOOK_TOKEN), 202),
        ("x", signature(b"{}"), 202),
        ("uptime-kuma", {"Authorization": f"Bearer {OWN_TOKEN}"}, 202),
        ("uptime-kuma", BEARER, 401),
        ("x", {"Authorization": f"Bearer {OWN_TOKEN}"}, 401),
        ("x", {"Authorization": f"Bearer {TOKEN}"}, 401),
        ("x", {}, 401),
        ("x", {"Authorization": "Bearer "}, 401),
        ("x", {"Authorization": "Basic !!!"}, 401),
        ("x", basic("wrong"), 401),
        ("x", signature(b"{} "), 401),
        ("x", signature(b"{}", "another"), 401),
        ("x", {**signature(b"{}", "another"), **BEARER}, 401),
        ("x", {"X-Hub-Signature-256": "sha256=\xe9"}, 401),
    ],
)
def test_a_hook_is_opened_by_its_token_alone(
    site: Site, taker: Taker, hook: str, headers: dict[str, str], status: int
) -> None:
    answer = site.post(f"/hook/{hook}", data=b"{}", headers={"Content-Type": "application/json", **headers})
    assert answer.status_code == status, answer.text
    assert len(taker.calls) == (status == 202)
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "send the token of the hook" in answer.json()["error"]
    for token in (HOOK_TOKEN, OWN_TOKEN):
        assert token not in answer.text


def test_the_token_of_a_hook_opens_nothing_else(site: Site) -> None:
    assert site.get("/api/v1/status", headers=BEARER).status_code == 401
    assert site.post("/api/v1/pause", headers=BEARER, json={"for": "1m"}).status_code == 401


def test_a_token_in_the_address_is_refused(site: Site, taker: Taker) -> None:
    answer = site.post(f"/hook/x?token={HOOK_TOKEN}", headers=BEARER)
    assert (answer.status_code, taker.calls) == (400, [])
    assert "a token in the address stands in the logs of others" in answer.json()["error"]


def deep(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


@pytest.mark.parametrize(
    ("kind", "body", "values"),
    [
        ("application/json", '{"a": {"b": [1, 2.5, true, null, "ü"]}}', {"a": {"b": [1, 2.5, True, None, "ü"]}}),
        ("application/cloudevents+json; charset=utf-8", '{"a": 1, "a": 2}', {"a": 2}),
        ("", '{"a": 1}', {"a": 1}),
        ("text/plain", "", {}),
        ("application/json", "  ", {}),
        ("application/json", deep(31), None),
        ("application/json", r'{"half \ud800": "\udfff"}', {"half �": "�"}),
        ("application/json", r'{"nul": "\u0000"}', {"nul": "\0"}),
        ("application/x-www-form-urlencoded", "state=down&why=%C3%BC&state=up", {"state": "up", "why": "ü"}),
    ],
)
def test_what_is_sent_arrives_with_its_types(site: Site, taker: Taker, kind: str, body: str, values: Any) -> None:
    headers = {**BEARER, "Content-Type": kind, "Idempotency-Key": "k1"}
    answer = site.post("/hook/x?from=kuma&n=%ff", data=body.encode(), headers=headers)
    assert answer.status_code == 202, answer.text
    (call,) = taker.calls
    assert call["json"] == (json.loads(body) if values is None else values)
    assert (call["name"], call["key"], call["query"]) == ("x", "k1", {"from": "kuma", "n": "�"})


@pytest.mark.parametrize(
    ("body", "headers", "status", "says"),
    [
        ("[1]", {}, 400, "no JSON object such as"),
        ('"down"', {}, 400, "no JSON object such as"),
        ("{", {}, 400, "no JSON that can be taken"),
        ('{"a": NaN}', {}, 400, "NaN is no number of JSON"),
        ('{"a": 1e999}', {}, 400, "too large a number"),
        ('{"a": ' + "9" * 5000 + "}", {}, 400, "no JSON that can be taken"),
        (deep(33), {}, 400, "more than 32 tables and lists"),
        (deep(20_000), {}, 400, "no JSON that can be taken"),
        (b'{"a": "\xff"}', {}, 400, "no JSON that can be taken"),
        ("<x/>", {"Content-Type": "application/xml"}, 415, "send a JSON object as application/json"),
        ("{}", {"Content-Encoding": "gzip"}, 415, "not compressed"),
        ("{}", {"Idempotency-Key": "k" * 201}, 400, "an idempotency key has at most"),
        (" " * (MOST_BYTES + 1), {}, 413, f"at most {MOST_BYTES} bytes"),
        (" " * 10_000_000, {}, 413, "the request is longer than"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_one_sentence(
    site: Site, taker: Taker, *, body: str | bytes, headers: dict[str, str], status: int, says: str
) -> None:
    data = body.encode() if isinstance(body, str) else body
    answer = site.post("/hook/x", data=data, headers={"Content-Type": "application/json", **BEARER, **headers})
    assert answer.status_code == status
    assert says in answer.json()["error"]
    assert taker.calls == []


def test_a_long_body_without_a_length_is_refused_as_well(site: Site, taker: Taker) -> None:
    answer = site.post("/hook/x", data=iter([b" " * 65_536] * 8), headers=BEARER)
    assert (answer.status_code, taker.calls) == (413, [])


@pytest.mark.parametrize("name", ["-x", "x" * 61, "x y", "%2e%2e", "ü", "x%00"])
def test_a_name_that_no_hook_can_have(site: Site, taker: Taker, name: str) -> None:
    answer = site.raw("POST", f"/hook/{name}", headers=BEARER)
    assert (answer.status_code, taker.calls) == (404, [])


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method(site: Site, method: str) -> None:
    assert site.raw(method, "/hook/x", headers=BEARER).status_code == 405


def test_what_the_runner_says_is_what_the_program_gets(site: Site, taker: Taker) -> None:
    told = []
    for taken in ("accepted", "repeated", "no rule", "not stored"):
        taker.taken = taken
        answer = site.post("/hook/x", headers=BEARER)
        told.append((answer.status_code, answer.json().get("taken"), answer.headers.get("Retry-After")))
    taker.is_there = False
    answer = site.post("/hook/x", headers=BEARER)
    assert told == [(202, "accepted", None), (202, "repeated", None), (404, None, None), (503, None, "5")]
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "no gluehook is running" in answer.json()["error"]


def test_a_hook_that_is_called_too_often_has_to_wait(site: Site, taker: Taker, clock: Clock) -> None:
    answers = [site.post("/hook/x", headers=BEARER).status_code for _ in range(CALLS + 1)]
    assert answers == [*[202] * CALLS, 429]
    assert site.post("/hook/y", headers=BEARER).status_code == 202
    refused = site.post("/hook/x", headers=BEARER)
    clock.now += float(refused.headers["Retry-After"])
    assert site.post("/hook/x", headers=BEARER).status_code == 202
    assert len(taker.calls) == CALLS + 2


def test_hooks_that_send_too_much_have_to_wait(site: Site, clock: Clock) -> None:
    body = json.dumps({"a": "x" * (MOST_BYTES - 20)})
    answers = []
    while 429 not in answers and len(answers) < 100:
        answers.append(site.post(f"/hook/h{len(answers)}", data=body, headers=BEARER).status_code)
    assert len(answers) == 17, "16 of 256 KiB are 4 MiB"
    clock.now += 86_400
    assert site.post("/hook/x", data=body, headers=BEARER).status_code == 202


def test_wrong_tokens_have_to_wait_and_the_right_one_then_too(site: Site, taker: Taker, clock: Clock) -> None:
    wrong = {"Authorization": "Bearer wrong-token"}
    answers = [site.post("/hook/x", headers=wrong).status_code for _ in range(FREE + 1)]
    assert answers == [*[401] * FREE, 429]
    assert site.post("/hook/x", headers=BEARER).status_code == 429
    clock.now += 2
    assert site.post("/hook/x", headers=BEARER).status_code == 202
    assert site.get("/api/v1/status", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert len(taker.calls) == 1


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({}, "no token is set for the hook 'x', so it takes nothing; set GLUEHOOK_HOOK_TOKEN or GLUEHOOK_HOOK_TOKEN_X"),
        ({"GLUEHOOK_HOOK_TOKEN": "short"}, "GLUEHOOK_HOOK_TOKEN has fewer than 8 characters, so it opens nothing"),
        ({"GLUEHOOK_HOOK_TOKEN_X_FILE": "/nowhere/token"}, "secret GLUEHOOK_HOOK_TOKEN_X: its file /nowhere/token"),
    ],
)
def test_without_a_token_a_hook_takes_nothing_and_the_log_says_so_once(
    tmp_path: Path, taker: Taker, problems: list[str], variables: dict[str, str], says: str
) -> None:
    with serving(views_of(tmp_path, taker), limited(OTHER="x", **variables)) as site:
        answers = [site.post("/hook/x", headers={"Authorization": "Bearer short"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert "the log of gluehook says why" in answers[0].json()["error"]
    assert len(problems) == 1
    assert says in problems[0]
    assert taker.calls == []


def test_a_body_is_read_only_of_who_has_a_token(site: Site) -> None:
    host, port = site.address.split(":")
    connection = HTTPConnection(host, int(port), timeout=10)
    connection.putrequest("POST", "/hook/x")
    connection.putheader("Content-Length", "1000")
    connection.putheader("Authorization", "Bearer wrong-token")
    connection.endheaders()
    try:
        assert connection.getresponse().status == 401
    finally:
        connection.close()
