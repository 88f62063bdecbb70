"""The port as gluetun's control server shows it: each version, and never while gluetun holds that answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from handlers.gluetun.forwarded_port import ForwardedPort
from hooks.config.settings import Settings
from hooks.handler import GiveUp, Retry
from hooks.world.model import PortFile
from tests.handlers.contract import Notes, context
from tests.parts.targets.fakes_gluetun import MASTER, FakeGluetun, fake_gluetun
from tests.parts.targets.fakes_http import Answer, served

PORT = "GET /v1/portforward"


class Reading:
    """A fake gluetun, and what reads its port again and again."""

    def __init__(self, fake: FakeGluetun, url: str) -> None:
        self.fake, self.url, self.memory = fake, url, Notes()
        self.secrets = {"GLUETUN_API_KEY": fake.api_key}
        self.read = ForwardedPort()

    def now(self) -> PortFile:
        return self.read(context(settings=Settings(gluetun_url=self.url), memory=self.memory, secrets=self.secrets))


@contextmanager
def reading(**traits: Any) -> Iterator[Reading]:
    with fake_gluetun(auth="apikey", **traits) as (fake, url):
        yield Reading(fake, url)


@pytest.mark.parametrize("version", [(3, 39, 1), (3, 40, 0), (3, 41, 0), (3, 41, 2), MASTER], ids=str)
def test_each_version_shows_its_port_over_one_connection(version: tuple[int, int, int]) -> None:
    with reading(version=version) as r:
        first = r.now()
        assert first.ports == (40000,)
        assert r.now() == first
        r.fake.restarts += 1  # another public address
        assert r.now().generation != first.generation
        r.fake.lose_port()
        assert r.now().ports == ()


def test_a_restart_by_us_is_another_tunnel_even_at_the_same_address() -> None:
    with reading() as r:
        first = r.now()
        r.memory.put(f"gluetun.restarted:{r.url}", "run-7")
        assert r.now().generation != first.generation


@pytest.mark.parametrize("status", ["stopping", "stopped", "starting", "crashed", "completed"])
@pytest.mark.parametrize("version", [(3, 41, 2), MASTER], ids=str)
def test_the_port_is_not_asked_for_while_the_vpn_is_not_up(version: tuple[int, int, int], status: str) -> None:
    with reading(version=version, status=status, down_s=60.0, hold=pytest.fail) as r:
        r.fake._down_ends_s = r.fake.now() + 60
        assert r.now() == PortFile()
        assert PORT not in r.fake.asks


def test_the_port_is_not_asked_for_before_there_is_a_public_address() -> None:
    with reading(version=MASTER, ip_after_s=60.0, began_s=1e12, now=lambda: 1e12) as r:
        assert r.now() == PortFile()
        assert PORT not in r.fake.asks


def test_several_ports_and_none() -> None:
    with reading() as r:
        serve = r.fake._serve
        for body, ports in (
            ({"ports": [5001, 5000]}, (5001, 5000)), ({"port": 5001, "ports": [5001, 5001, 7]}, (5001, 7)),
            ({"port": 0, "ports": None}, ()), ({"port": 0}, ()), ({"port": 0, "ports": []}, ()), ({"port": None}, ()),
        ):  # fmt: skip
            r.fake._serve = lambda route, ask, body=body: Answer(200, body) if route == PORT else serve(route, ask)  # type: ignore
            assert r.now().ports == ports


NONSENSE: dict[str, tuple[Any, ...]] = {
    PORT: ({"ports": "5000"}, {"port": "5000"}, {"ports": [70000]}, {"ports": [True]}, {"port": -1}, {"port": 5.0},
           {"port": [5000]}, {}, {"ok": True}, {"error": "no route"}, "null", "[5000]", "5000", "", "[" * 100_000,
           '{"port":' * 100_000, '{"port":' + "9" * 10_000 + "}"),
    "GET /v1/vpn/status": ({"status": "ok"}, {"status": "UP"}, {"status": ""}, {"status": None}, {"state": "running"},
                           {"status": ["running"]}, "[]", "true"),
    "GET /v1/publicip/ip": ({}, {"ip": "203.0.113.1"}, {"public_ip": None}, {"public_ip": 7}, {"public_ip": ["a"]}),
}  # fmt: skip
"""What other programs say at that address: no word of it may count as "no port"."""


@pytest.mark.parametrize("route", NONSENSE)
def test_what_another_program_answers_is_not_the_loss_of_a_port(route: str) -> None:
    with reading() as r:
        serve = r.fake._serve
        for body in NONSENSE[route]:
            r.fake._serve = lambda asked, ask, body=body: Answer(200, body) if asked == route else serve(asked, ask)  # type: ignore
            with pytest.raises(Retry, match="not its API's"):
                r.now()


def test_a_refused_key_is_final_and_tried_once() -> None:
    with reading() as r:
        r.secrets = {"GLUETUN_API_KEY": "wrong-7f"}
        for _ in range(2):
            with pytest.raises(GiveUp, match="401") as refused:
                r.now()
            assert refused.value.is_final
            assert "wrong-7f" not in refused.value.said
        assert r.fake.asks == ["GET /v1/vpn/status"]
        r.secrets = {"GLUETUN_API_KEY": r.fake.api_key}
        assert r.now().ports == (40000,)


@pytest.mark.parametrize("status", [404, 405, 500, 502])
def test_what_is_no_control_server_raises(status: int) -> None:
    page = Answer(status, "no", {"Content-Type": "text/html"})
    with served(lambda _: page) as url, pytest.raises((Retry, GiveUp)):
        Reading(FakeGluetun(), url).now()
