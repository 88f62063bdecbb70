"""transmission.set_port against a fake, for the versions and the refusals that are not installed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from handlers.transmission.rpc import rpc_url
from hooks.handler import GiveUp
from tests.handlers.client.one_client import Runner, beside
from tests.parts.targets.fakes_http import Answer, Ask, served
from tests.parts.targets.fakes_proxy import Proxy
from tests.parts.targets.fakes_transmission import PASSWORD, USER


def runner(**traits: Any) -> AbstractContextManager[Runner]:
    return beside("transmission", **traits)


def test_the_warm_path_is_read_set_read() -> None:
    with runner() as r:
        assert r.set().said.endswith("is set to 40000 (before: 51413)")
        r.fake.calls.clear()
        asks = r.fake.asks
        r.set(40001, "2")
        assert r.fake.calls == ["session-get", "session-set", "session-get"]
        assert r.fake.asks == asks + 3  # no 409 between
        r.fake.calls.clear()
        assert r.set(40001, "2").status == "unchanged"
        assert r.fake.calls == ["session-get"]


def test_a_new_session_id_costs_one_call() -> None:
    with runner() as r:
        r.set()
        r.fake.session_id = "id-2"
        asks = r.fake.asks
        assert r.set().status == "unchanged"
        assert r.fake.asks == asks + 2


def test_random_port_and_upnp_are_switched_off() -> None:
    with runner() as r:
        r.set()
        off = {"peer-port-random-on-start": False, "port-forwarding-enabled": False}
        assert r.fake.writes == [f"set { {'peer-port': 40000, **off} }"]
        r.fake.settings["port-forwarding-enabled"] = True
        assert r.plan() == f"Transmission at {r.url} would switch UPnP off"
        assert r.set().said.endswith("is set to 40000, now without UPnP")


def test_the_port_written_anew_is_told_to_the_trackers() -> None:
    with runner() as r:
        r.set(40000, "1")
        r.fake.writes.clear()
        assert "reannounce" in str(r.plan(40000, "2"))
        assert r.set(40000, "2").said.endswith("reannounced to the trackers, as gluetun wrote that port anew")
        assert r.fake.writes == ["reannounce"]
        assert r.set(40000, "2").status == "unchanged"


_BOTH = "whitelist lacks gluehook's address; .*; or too many wrong logins have locked it"


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({"login": True}, "wants a login and none is set; set TRANSMISSION_USERNAME and TRANSMISSION_PASSWORD"),
        ({"whitelisted": False}, "its whitelist lacks gluehook's address; add that to rpc-whitelist .* there$"),
        ({"whitelisted": False, "version": (4, 1)}, _BOTH),
        ({"fails": 100}, "has locked everybody out after too many wrong logins; restart it"),
        ({"fails": 100, "version": (4, 1)}, _BOTH),
        ({"base": "/tr/"}, "answers 301 to /transmission/rpc: its RPC is at /tr/rpc; write that path in TRANSMISSION_"),
    ],
)  # fmt: skip
def test_each_refusal_names_its_cure(traits: dict[str, Any], words: str) -> None:
    with runner(**traits) as r, pytest.raises(GiveUp, match=words):
        r.set()


def test_a_name_that_its_host_whitelist_lacks_is_named() -> None:
    with runner(hosts=("transmission.lan",)) as r:
        r.url = r.url.replace("127.0.0.1", "ip6-localhost.invalid")
        host = {"host": "gluetun:9091"}
        with served(lambda ask: r.fake.answer(replace(ask, headers={**ask.headers, **host}))) as url:
            r.url = url
            assert "its host whitelist lacks 127.0.0.1; add that to rpc-host-whitelist" in r.gives_up()


def test_a_missing_login_counts_there_as_a_wrong_one_so_it_is_tried_once() -> None:
    with runner(login=True) as r:
        for _ in range(3):
            r.gives_up()
        assert r.fake.fails == 1


def test_user_and_password_of_the_url_are_a_login_and_both_are_too_many() -> None:
    with runner(login=True) as r:
        r.url = r.url.replace("://", f"://{USER}:{PASSWORD}@")
        assert r.set().status == "changed"
        r.password = PASSWORD
        assert "TRANSMISSION_PASSWORD is set, too" in r.gives_up()


def test_a_proxy_is_told_from_transmission() -> None:
    with runner() as r, served(Proxy(r.fake.answer, login="me:pw-proxy").answer) as url:
        r.url = url
        assert "nginx" in (said := r.gives_up())
        assert "answers 401 in its place and wants a user and a password; write them in TRANSMISSION_URL" in said
        r.url = url.replace("://", "://me:pw-proxy@")
        assert r.set().status == "changed"
        r.url, r.password = url, "another"  # it goes to the proxy in the same header
        said = r.gives_up()
        assert "rejects the user and the password of TRANSMISSION_USERNAME or TRANSMISSION_PASSWORD; correct" in said
        assert "not tried again" in r.gives_up()


def test_a_proxy_that_drops_the_session_id_is_named() -> None:
    with runner() as r:

        def forgetful(ask: Ask) -> Answer:
            return r.fake.answer(
                replace(ask, headers={k: v for k, v in ask.headers.items() if k != "x-transmission-session-id"})
            )

        with served(forgetful) as url:
            r.url = url
            assert "let the proxy before it pass that header on in both directions" in r.gives_up()


@pytest.mark.parametrize(
    ("url", "rpc"),
    [
        ("http://g:9091", "http://g:9091/transmission/rpc"),
        ("http://g:9091/transmission/rpc", "http://g:9091/transmission/rpc"),
        ("http://g:9091/transmission", "http://g:9091/transmission/rpc"),
        ("https://u:p@g/tr/web", "https://u:p@g/tr/rpc"), ("http://g/transmission/web/", "http://g/transmission/rpc"),
    ],
)  # fmt: skip
def test_the_address_of_its_web_page_leads_to_its_rpc(url: str, rpc: str) -> None:
    assert rpc_url(url.rstrip("/")) == rpc
