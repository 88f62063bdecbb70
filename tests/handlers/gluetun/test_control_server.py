"""gluetun's control server: its versions, its ways to authenticate, and what merely looks like it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hooks.handler import Retry
from hooks.world.model import Container
from tests.handlers.gluetun.test_restart_vpn import runner
from tests.parts.targets.fakes_gluetun import MASTER
from tests.parts.targets.fakes_http import Answer

_RUNNING = Container("gluetun", "abc", running=True, started_at=10**18)


@pytest.mark.parametrize("version", [(3, 39, 1), (3, 40, 0), (3, 41, 0), (3, 41, 2), MASTER], ids=str)
@pytest.mark.parametrize("auth", ["apikey", "basic"])
def test_each_version_tells_its_port(version: tuple[int, int, int], auth: str) -> None:
    with runner(version=version, auth=auth, port_lost=False) as r:
        r.secrets["GLUETUN_PASSWORD"] = "fake-gluetun-password"
        if auth == "basic":
            del r.secrets["GLUETUN_API_KEY"]
        assert "port 40000" in r.restart().said
        r.fake.port_lost = True
        assert r.plan() is not None


def test_a_wrong_key_is_shown_once_and_the_role_is_named() -> None:
    with runner() as r:
        r.secrets = {"GLUETUN_API_KEY": "wrong-4d"}
        said = r.gives_up()
        for words in ("GET /v1/vpn/status", "PUT /v1/vpn/status", "GET /v1/portforward", "GET /v1/publicip/ip"):
            assert f'"{words}"' in said
        assert "wrong-4d" not in said + str(r.memory.values)
        asked = len(r.fake.asks)
        assert "not tried again" in r.gives_up()
        assert len(r.fake.asks) == asked
        r.container = replace(_RUNNING, started_at=_RUNNING.started_at + 10**10)  # with a corrected role
        r.secrets = {"GLUETUN_API_KEY": "fake-gluetun-key"}
        assert r.restart().status == "changed"


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("GET /v1/vpn/status", {"hello": "world"}), ("GET /v1/vpn/status", {"status": None}),
        ("GET /v1/portforward", {"port": "many"}), ("GET /v1/portforward", {"ports": {"0": 1}}),
    ],
)  # fmt: skip
def test_what_is_no_gluetun_is_not_told_to_stop(route: str, body: dict[str, Any]) -> None:
    with runner() as r:
        serve = r.fake._serve
        r.fake._serve = lambda asked, ask: Answer(200, body) if asked == route else serve(asked, ask)  # type: ignore
        with pytest.raises(Retry, match="not its API's"):
            r.restart()
        assert r.fake.writes == []


def test_master_is_private_by_default() -> None:
    with runner(version=MASTER, auth="default") as r:
        r.secrets = {}
        assert "allows it to nobody without a key" in r.gives_up()


@pytest.mark.parametrize(
    "missing", ["GET /v1/vpn/status", "PUT /v1/vpn/status", "GET /v1/portforward", "GET /v1/publicip/ip"]
)
def test_a_role_without_a_route_is_found_before_the_tunnel_is_down(missing: str) -> None:
    every = {"GET /v1/vpn/status", "PUT /v1/vpn/status", "GET /v1/portforward", "GET /v1/publicip/ip"}
    with runner(routes=frozenset(every - {missing})) as r:
        assert f"401 to {missing}" in r.gives_up()
        assert (r.fake.status, r.fake.writes, r.intends) == ("running", [], False)


def test_a_role_with_only_the_old_port_route_is_named_too() -> None:
    routes = frozenset({
        "GET /v1/vpn/status", "PUT /v1/vpn/status", "GET /v1/openvpn/portforwarded", "GET /v1/publicip/ip"
    })  # fmt: skip
    with runner(routes=routes) as r:
        assert "401 to GET /v1/portforward" in r.gives_up()
