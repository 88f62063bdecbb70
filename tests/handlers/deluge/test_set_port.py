"""deluge.set_port against a fake: what a real one does not do on demand."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from hooks.handler import GiveUp, Retry
from tests.handlers.client.one_client import Runner, beside
from tests.parts.targets.fakes_http import Answer, Ask, served
from tests.parts.targets.fakes_proxy import Proxy

_LOOK = ["web.connected", "core.get_config_values", "core.get_listen_port"]


def runner(**traits: Any) -> AbstractContextManager[Runner]:
    return beside("deluge", **traits)


def test_the_warm_path_is_look_set_look() -> None:
    with runner() as r:
        assert r.set().said.endswith("listens on 40000 (before: 56851); reannounced to the trackers")
        r.fake.calls.clear()
        r.set(40001, "2")
        announce = ["core.get_session_state", "core.force_reannounce"]
        assert r.fake.calls == [*_LOOK, "core.set_config", *_LOOK, *announce]
        r.fake.calls.clear()
        assert r.set(40001, "2").status == "unchanged"
        assert r.fake.calls == _LOOK


def test_an_expired_session_costs_exactly_one_login() -> None:
    with runner() as r:
        r.set()
        r.fake.sessions.clear()
        assert r.set(40001, "2").status == "changed"
        assert r.fake.calls.count("auth.login") == 2


def test_written_anew_means_another_port_then_the_right_one() -> None:
    with runner() as r:
        r.set(40000, "1")
        r.fake.writes.clear()
        assert "anew, as gluetun wrote that port anew" in str(r.plan(40000, "2"))
        assert "listens on 40000 anew, as gluetun wrote that port anew" in r.set(40000, "2").said
        assert r.fake.writes == ["set [39999, 39999]", "set [40000, 40000]", "reannounce ['0123abcd']"]


def test_the_neighbour_of_port_one_is_two() -> None:
    with runner() as r:
        r.set(1, "1")
        r.fake.writes.clear()
        r.set(1, "2")
        assert r.fake.writes[:2] == ["set [2, 2]", "set [1, 1]"]


def test_upnp_alone_is_a_difference() -> None:
    with runner() as r:
        r.set()
        r.fake.config["natpmp"] = True
        assert r.plan() == f"Deluge at {r.url} would switch NAT-PMP off"
        assert "listens on 40000, now without NAT-PMP" in r.set().said


def test_it_binds_a_moment_after_its_answer() -> None:
    with runner(binds_late=3) as r:
        assert r.set().status == "changed"
        assert r.clock.waited_s == [0.25] * 3


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({"moves_to": 40001}, r"set to 40000, but listens on 40001 instead \(does another program use that port\?\)"),
        ({"moves_to": 0}, r"set to 40000, but nothing listens there \(does another program use that port\?\)"),
    ],
)
def test_a_port_that_is_only_stored_is_no_success(traits: dict[str, Any], words: str) -> None:
    with runner(**traits) as r:
        for _ in range(2):  # and it is not taken for done the next time
            with pytest.raises(Retry, match=words):
                r.set()
        r.fake.moves_to = None
        assert "listens on 40000" in r.set().said


def test_where_it_listens_on_another_port_its_interface_is_there() -> None:
    with runner(moves_to=40001) as r:
        r.fake.config["listen_interface"] = "127.0.0.1"
        with pytest.raises(Retry, match=r"listens on 40001 instead \(does another program use that port\?\); it is"):
            r.set()


def test_a_port_that_it_had_by_chance_is_not_called_the_one_before() -> None:
    with runner(listens=40000) as r:
        r.fake.config |= {"listen_ports": [39999, 39999], "random_port": False}
        assert str(r.plan()).endswith("would be set to 40000 instead of 39999")
        assert "listens on 40000 (before: 39999)" in r.set().said


def test_a_proxy_before_it_may_set_a_cookie_of_its_own() -> None:
    with runner() as r:

        def sticky(ask: Ask) -> Answer:
            found = r.fake.answer(ask)
            own = {name.lower(): value for name, value in found.headers.items()}
            return replace(found, headers={"Set-Cookie": "lb=node-1; Path=/", **own})

        with served(sticky) as url:
            r.url = url
            assert r.set().status == "changed"
            assert r.set(40001, "2").status == "changed"


def test_an_interface_that_is_gone_is_named() -> None:
    with runner(moves_to=0) as r:
        r.fake.config["listen_interface"] = "tun7"
        with pytest.raises(Retry, match=r"nothing listens there \(it is bound to tun7; is that there\?\)"):
            r.set()


def test_a_web_ui_without_a_daemon_is_planned_and_connected() -> None:
    with runner(connected=False) as r:
        assert r.plan() == f"Deluge at {r.url} would be connected to its daemon and set to 40000"
        assert r.fake.writes == []
        assert r.set().said.endswith("its Web UI was connected to no daemon, and now is to 127.0.0.1:58846")
        r.fake.connected = False
        assert r.set().said.endswith(
            "listens on 40000 already; its Web UI was connected to no daemon, and now is to 127.0.0.1:58846"
        )
        assert r.set().status == "unchanged"


@pytest.mark.parametrize(
    ("hosts", "error", "words"),
    [
        ({}, GiveUp, "knows no daemon; add one in its Connection Manager"),
        ({"a": False}, Retry, r"not connected, and its daemon at 127\.0\.0\.1:58846 does not run; it is tried again"),
        ({"a": False, "b": False}, Retry, r"none of its daemons at 127\.0\.0\.1:58846 and 127\.0\.0\.1:58847 runs"),
        ({"a": True, "b": False, "c": True}, GiveUp, r"58846 and 127\.0\.0\.1:58848 run; connect it to one of them"),
    ],
)
def test_no_daemon_or_too_many(hosts: dict[str, bool], error: type[Exception], words: str) -> None:
    with runner(connected=False, hosts=hosts) as r, pytest.raises(error, match=words):
        r.set()


def test_of_several_daemons_the_one_that_runs_is_taken() -> None:
    with runner(connected=False, hosts={"a": False, "b": True}) as r:
        assert "now is to 127.0.0.1:58847" in r.set().said


def test_a_daemon_that_does_not_let_the_web_ui_in_is_tried_again() -> None:
    with runner(connected=False, refuses=True) as r, pytest.raises(Retry, match="cannot be connected to its daemon"):
        r.set()


def test_without_a_password_the_setting_is_named() -> None:
    with runner() as r:
        r.password = ""
        assert "wants a password and none is set; set DELUGE_PASSWORD" in r.gives_up()


def test_a_proxy_and_a_wrong_path_are_told_from_deluge() -> None:
    with runner() as r, served(Proxy(r.fake.answer, login="me:pw-proxy").answer) as url:
        r.url = f"{r.url}/deluge"
        assert "so no Deluge is found under this URL; correct DELUGE_URL" in r.gives_up()
        r.url = url
        assert "answers 401 in its place and wants a user and a password; write them in DELUGE_URL" in r.gives_up()
        r.url = url.replace("://", "://me:pw-proxy@")
        assert r.set().status == "changed"
