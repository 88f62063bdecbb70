"""webhook.post against a web server on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from handlers import HANDLERS
from handlers.webhook.post import Post, PostArgs, host_of
from hooks.events.catalogue import Event
from hooks.handler import GiveUp, Outcome, Retry
from hooks.rules.placeholders import render
from hooks.rules.table import Table
from hooks.rules_file import reader
from tests.handlers.cases_general import web
from tests.handlers.contract import context
from tests.parts.targets.behaving import trickling

EVENT = Event("container.die", "box", 5, data={"exit_code": 1, "labels": {"app.token": "t0p", "com.x": "shown"}})


@dataclass
class Hook:
    """A web server: what it answers, and what it got."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def post(self, path: str = "/hook", **more: Any) -> Outcome:
        return Post().apply(PostArgs(self.url + path, **more), context(event=EVENT))


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    with web(lambda: (hook.status, hook.headers), hook.requests) as hook.url:
        yield hook


def test_the_event_is_sent_as_json_without_secret_labels(hook: Hook) -> None:
    outcome = hook.post("/hook/t0ken?x=1")
    assert outcome == Outcome("changed", f"the webhook at {hook.url}/… took it (204)")
    [(what, headers, body)] = hook.requests
    assert (what, headers["Content-Type"]) == ("POST /hook/t0ken?x=1", "application/json")
    told = json.loads(body)
    assert (told["type"], told["subject"]) == ("container.die", "box")
    assert told["data"] == {"exit_code": 1, "labels": {"app.token": "***", "com.x": "shown"}}
    assert EVENT.data["labels"]["app.token"] == "t0p"


def test_a_text_or_fields_may_be_sent_instead(hook: Hook) -> None:
    hook.post(body="grüße", method="PUT")
    hook.post(json={"text": "grüße"}, headers={"X-Key": "k", "Content-Type": "application/vnd.x+json"})
    (what, headers, body), (what2, headers2, body2) = hook.requests
    assert (what, headers["Content-Type"], body.decode()) == ("PUT /hook", "text/plain; charset=utf-8", "grüße")
    assert (what2, headers2["X-Key"], json.loads(body2)) == ("POST /hook", "k", {"text": "grüße"})
    assert headers2["Content-Type"] == "application/vnd.x+json"
    with pytest.raises(GiveUp, match="leave one out"):
        hook.post(body="a", json={})


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_what_may_pass_is_tried_again(hook: Hook, status: int) -> None:
    hook.status, hook.headers = status, {"Retry-After": "11"}
    with pytest.raises(Retry) as end:
        hook.post()
    assert (end.value.after, str(status) in end.value.said) == (11.0, True)


def test_retry_after_may_be_a_date(hook: Hook) -> None:
    # the contract's clock stands at 2023-11-14 22:13:20 GMT
    hook.status, hook.headers = 503, {"Retry-After": "Tue, 14 Nov 2023 22:14:20 GMT"}
    with pytest.raises(Retry) as end:
        hook.post()
    assert end.value.after == 60.0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_what_will_not_pass_is_given_up(hook: Hook, status: int) -> None:
    hook.status = status
    with pytest.raises(GiveUp, match=str(status)):
        hook.post()
    assert len(hook.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_and_its_path_is_not_told(hook: Hook, status: int) -> None:
    elsewhere: list[tuple[str, dict[str, str], bytes]] = []
    with web(lambda: (200, {}), elsewhere) as other:
        hook.status, hook.headers = status, {"Location": f"{other}/moved/t0ken"}
        with pytest.raises(GiveUp) as end:
            hook.post(headers={"Authorization": "Bearer k3y"})
    assert (other in end.value.said, "t0ken" in end.value.said, elsewhere) == (True, False, [])


@pytest.mark.parametrize(
    "args",
    [
        lambda url: PostArgs("example"), lambda url: PostArgs("ftp://h/t0ken"), lambda url: PostArgs("http:///t0ken"),
        lambda url: PostArgs("http://[::1/t0ken"), lambda url: PostArgs("http://h:99999/t0ken"),
        lambda url: PostArgs(url + "/t0ken", headers={"X": "a\nt0ken"}),
        lambda url: PostArgs(url, headers={"X": "t0ken ☂"}), lambda url: PostArgs("http://*.x/t0ken"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_given_up(hook: Hook, args: Callable[[str], PostArgs]) -> None:
    bad = args(hook.url)
    with pytest.raises(GiveUp) as end:
        Post().apply(bad, context(event=EVENT))
    assert ("t0ken" in end.value.said, hook.requests) == (False, [])
    assert Post().targets(bad, context().settings)


def test_only_the_host_of_an_address_is_ever_shown() -> None:
    assert host_of("https://me:pw@Hooks.example:8443/t0ken?k=v#x") == "https://hooks.example:8443"
    assert host_of("http://[::1]:80/x") == "http://[::1]:80"
    assert Post().plan(PostArgs("https://h.example/t0ken", body="four"), context()) == (
        "the webhook at https://h.example/… would get a POST of 4 bytes"
    )


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 204 No Content\r\nX-A: "], ids=["status line", "header"])
def test_an_answer_that_trickles_is_late(begin: bytes) -> None:
    with trickling(begin, b"a") as port, pytest.raises(Retry, match="did not answer in time"):
        Post().apply(PostArgs(f"http://127.0.0.1:{port}/x"), replace(context(event=EVENT), left=lambda: 0.3))


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ('port = "${event.port}"', {"port": 51413}), ('port = "${state.ports.1}"', {"port": 6881}),
        ('port = "port ${event.port}"', {"port": "port 51413"}), ('port = "51413"', {"port": "51413"}),
        ("port = 8, ratio = 1.5, open = true", {"port": 8, "ratio": 1.5, "open": True}),
        ('by = "${event.container}"', {"by": "gluetun"}), ('was = "${event.old_port}"', {"was": 40000}),
        ('all = "${event.ports}"', {"all": [51413, 6881]}),
        ('a = { b = [{ c = "${event.port}" }, "n ${event.port}", 1.5, true] }',
         {"a": {"b": [{"c": 51413}, "n 51413", 1.5, True]}}),
        ("a = \"${event.ports | json}\", b = \"${event.port | default('x')}\"", {"a": "[51413, 6881]", "b": 51413}),
        ('was = "${event.generation | default(0)}"', {"was": 0}),
        ('by = "${event.container | upper}!"', {"by": "GLUETUN!"}),
        ("a = [], b = {}, c = [[\"${event.ports}\"]]", {"a": [], "b": {}, "c": [[[51413, 6881]]]}),
    ],
)  # fmt: skip
def test_a_placeholder_alone_keeps_its_type(written: str, sent: dict[str, Any], hook: Hook) -> None:
    rule = f'name = "a"\non = "port.forwarded"\ndo = {{ use = "webhook.post", url = "x", json = {{ {written} }} }}'
    found = reader.read(f"version = 1\n[[rule]]\n{rule}\n", "rules.toml", HANDLERS)
    assert isinstance(found, Table), found
    values = {"port": 51413, "old_port": 40000, "container": "gluetun", "ports.1": 6881, "ports": [51413, 6881]}
    hook.post(json=render(found.rules[0].do[0].args["json"], lambda one: values.get(one.path)))
    assert json.loads(hook.requests[0][2]) == sent


def test_the_proxy_of_the_environment_is_asked(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", hook.url)
    Post().apply(PostArgs("http://hooks.example.invalid/t0ken"), context(event=EVENT))
    assert [what for what, _, _ in hook.requests] == ["POST http://hooks.example.invalid/t0ken"]
