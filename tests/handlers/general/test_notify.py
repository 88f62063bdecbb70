"""notify.send through the real Apprise to web servers on loopback (`json://`)."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import psutil
import pytest

from handlers.notify.groups import FORGET_S, MOST, Groups
from handlers.notify.send import End, Send, SendArgs, split
from hooks.handler import Context, GiveUp, Outcome, Retry
from tests.handlers.cases_general import web
from tests.handlers.contract import context, misbehaving

ARGS = SendArgs("The VPN needs you", "Look at its log.")
TOKEN = "t0ken-in-the-path"


@dataclass
class Service:
    """A message service: what it answers, and what it got."""

    status: int = 200
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    @property
    def told(self) -> list[tuple[str, str]]:
        bodies = [json.loads(body) for _, _, body in self.requests]
        return [(body["title"], body["message"]) for body in bodies]


@pytest.fixture
def service() -> Iterator[Service]:
    yield from _service()


@pytest.fixture
def other() -> Iterator[Service]:
    yield from _service()


def _service() -> Iterator[Service]:
    service = Service()
    with web(lambda: (service.status, {}), service.requests) as url:
        service.url = url.replace("http://", "json://") + f"/{TOKEN}"
        yield service


def told(urls: str, run: str = "run-1") -> Context:
    return context(secrets={"APPRISE_URLS": urls}, run=run)


def test_each_address_is_told(service: Service, other: Service) -> None:
    ctx = told(f" {service.url},{other.url}\n")
    assert Send().plan(ARGS, ctx) == "'The VPN needs you' would be sent to 2 addresses"
    assert Send().apply(ARGS, ctx) == Outcome("changed", "'The VPN needs you' reached 2 of 2 addresses")
    assert (service.told, other.told) == ([(ARGS.title, ARGS.message)], [(ARGS.title, ARGS.message)])


def test_without_an_address_it_says_so_and_is_done() -> None:
    for ctx in (context(), told(" ,\n")):
        assert Send().apply(ARGS, ctx) == Outcome(
            "skipped", "no APPRISE_URLS is set, so no message was sent: The VPN needs you: Look at its log."
        )
        assert Send().plan(ARGS, ctx) is None


def test_addresses_of_the_rule_go_before_the_secret(service: Service, other: Service) -> None:
    Send().apply(replace(ARGS, urls=[other.url]), told(service.url))
    assert (len(service.told), len(other.told)) == (0, 1)


def test_a_retry_tells_only_those_who_were_not_told(service: Service, other: Service) -> None:
    handler, urls = Send(), f"{service.url} {other.url}"
    other.status = 500
    with pytest.raises(Retry) as end:
        handler.apply(ARGS, told(urls))
    assert "reached 1 of 2 addresses; not number 2 (failed, HTTP 500) of APPRISE_URLS" in end.value.said
    assert TOKEN not in end.value.said
    other.status = 200
    assert handler.apply(ARGS, told(urls)).said.endswith("2 of 2 addresses")
    assert (len(service.told), len(other.told)) == (1, 2)
    handler.apply(ARGS, told(urls, run="run-2"))
    assert (len(service.told), len(other.told)) == (2, 3)


def test_a_bad_address_is_named_by_its_number_and_hinders_nobody(service: Service) -> None:
    with pytest.raises(GiveUp) as end:
        Send().apply(ARGS, told(f"nosuch://{TOKEN} {service.url} json://"))
    assert "number 1, 3 of APPRISE_URLS is no address that Apprise knows" in end.value.said
    assert (TOKEN in end.value.said, "nosuch" in end.value.said, len(service.told)) == (False, False, 1)


def test_a_service_that_never_answers_is_let_go() -> None:
    began_s = time.monotonic()
    with misbehaving("timeout") as slow:
        ctx = replace(told(f"{slow.replace('http', 'json')}/{TOKEN}?rto=60"), left=lambda: 1.5)
        with pytest.raises(Retry, match=r"reached 0 of 1 addresses; not number 1 \(late\)"):
            Send().apply(ARGS, ctx)
    assert 1.5 <= time.monotonic() - began_s < 20


def test_who_was_told_is_known_even_if_the_sender_dies(service: Service) -> None:
    def kill_the_sender() -> tuple[int, dict[str, str]]:
        for child in psutil.Process().children():
            if "handlers.notify.child" in child.cmdline():
                child.kill()
        return 200, {}

    handler = Send()
    with web(kill_the_sender, []) as deadly:
        urls = f"{service.url} {deadly.replace('http', 'json')}"
        for _ in "12":
            with pytest.raises(Retry, match=r"reached 1 of 2 addresses; not number 2 \(sender broke\)"):
                handler.apply(ARGS, replace(told(urls), left=lambda: 30.0))
    assert len(service.told) == 1


def test_a_sender_that_breaks_is_no_slow_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(Retry, match=r"reached 0 of 1 addresses; not number 1 \(sender broke\)"):
        Send().apply(ARGS, told(f"json://127.0.0.1/{TOKEN}"))


def test_an_address_may_hold_a_comma() -> None:
    assert split("mailto://a:b@c?to=x@y,z@y, json://h/1\n\tjson://h/2") == [
        "mailto://a:b@c?to=x@y,z@y", "json://h/1", "json://h/2",
    ]  # fmt: skip
    assert split("") == []


# -- groups ----------------------------------------------------------------------------------------

HARDER = SendArgs("gluetun restarted", "It was restarted.", group="vpn")
LAST = SendArgs("gluetun is well again", "It is healthy.", ends="vpn")


def test_of_a_group_each_title_is_sent_once_and_the_last_message_tells_the_rest(service: Service) -> None:
    at, memory = 0.0, context().memory

    def send(args: SendArgs, later_s: float) -> str:
        nonlocal at
        at += later_s
        ctx = replace(told(service.url, run=f"run-{at}"), memory=memory, now=lambda: at)
        plan, outcome = Send().plan(args, ctx), Send().apply(args, ctx)
        assert (plan is None) == (outcome.status == "unchanged")
        return outcome.said

    assert send(LAST, 0) == "no message of 'vpn' was sent, so there is none to end"
    send(HARDER, 60)
    assert send(HARDER, 300) == "'gluetun restarted' was sent 5m ago; while 'vpn' lasts, it is sent every 1d"
    send(replace(ARGS, group="vpn"), 60)
    send(replace(HARDER, group="another"), 0)
    send(LAST, 60)
    assert [title for title, _ in service.told] == [HARDER.title, ARGS.title, HARDER.title, LAST.title]
    assert service.told[-1][1] == (
        "It is healthy.\nIt lasted 7m from the first message on: 'gluetun restarted' (2 times), 'The VPN needs you'."
    )
    send(HARDER, 60)
    assert service.told[-1][0] == HARDER.title, "it is another trouble"
    assert send(HARDER, 86_399).startswith("'gluetun restarted' was sent 23h59m59s ago")
    send(HARDER, 1)
    assert len(service.told) == 6, "a group that nothing ends does not swallow it for ever"


def test_a_message_that_reached_nobody_begins_no_group(service: Service) -> None:
    service.status, memory = 500, context().memory
    with pytest.raises(Retry):
        Send().apply(HARDER, replace(told(service.url), memory=memory))
    assert Send().apply(LAST, replace(told(service.url), memory=memory)).status == "unchanged"
    assert Send().apply(HARDER, replace(context(), memory=memory)).status == "skipped", "without an address it goes on"


def test_an_address_that_fails_changes_nothing_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    handler, memory, phones = Send(), context().memory, {"json://well/": list[str](), "json://other/": list[str]()}
    broken = {"json://other/"}

    def deliver(addresses: Sequence[str], title: str, message: str, left_s: float) -> dict[str, End]:
        for address in set(addresses) - broken:
            phones[address].append(f"{title}: {message.splitlines()[-1]}")
        return {address: End("failed" if address in broken else "sent") for address in addresses}

    def send(args: SendArgs, run: str) -> str:
        try:
            return handler.apply(args, replace(told(" ".join(phones), run=run), memory=memory)).status
        except Retry:
            return "retry"

    monkeypatch.setattr("handlers.notify.send.deliver", deliver)
    well, other = phones.values()
    assert [send(HARDER, run) for run in ("r#1", "r#1", "r#2")] == ["retry", "retry", "unchanged"]
    assert [send(LAST, run) for run in ("w#1", "w#1", "w#2")] == ["retry", "retry", "unchanged"]
    assert [said.partition(":")[0] for said in well] == [HARDER.title, LAST.title], "each rings once"
    assert well[-1].endswith("'gluetun restarted' (2 times).")
    assert send(HARDER, "r#3") == "retry", "it is another trouble"
    broken.clear()
    assert [send(HARDER, "r#3"), send(LAST, "w#3"), send(LAST, "w#4")] == ["changed", "changed", "unchanged"]
    assert [said.partition(":")[0] for said in well[2:]] == [said.partition(":")[0] for said in other]
    assert other[-1].endswith("'gluetun restarted'.")


def test_a_title_is_one_line_of_what_can_be_shown(service: Service) -> None:
    odd = "two\r\nX-Evil: 1\n\x1b[31mred \udcff \u202eabc"
    assert Send().apply(replace(ARGS, title=odd, message=odd), told(service.url)).status == "changed"
    title, message = service.told[0]
    assert title.isprintable()
    assert message == "two�\nX-Evil: 1\n�[31mred � �abc"


def test_groups_are_bounded(service: Service) -> None:
    memory = context().memory
    for n in range(MOST + 5):
        Groups(memory, float(n), f"run {n}").sent(f"group {n}", "a title", "")
    assert Groups(memory, 200.0, "run").needless("group 5", "", "a title")
    assert not Groups(memory, 200.0, "run").needless("group 4", "", "a title")
    assert Groups(memory, 200.0 + FORGET_S, "run").needless("", "group 50", "a title")
