"""qbittorrent.set_port against a fake of the versions that are not installed, and against a hostile world."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from handlers.qbittorrent.set_port import SetPortArgs
from hooks.config.settings import Settings
from hooks.handler import GiveUp, Retry
from tests.handlers.client.one_client import Runner, beside
from tests.handlers.contract import misbehaving
from tests.parts.targets.fakes_qbittorrent import API_KEY, PASSWORD, fake_qbittorrent

OLD, NEW = (4, 1), (5, 2)
both = pytest.mark.parametrize("version", [OLD, (4, 5), NEW], ids=str)


def runner(**traits: Any) -> AbstractContextManager[Runner]:
    return beside("qbittorrent", **traits)


@both
def test_the_warm_path_is_look_set_look(version: tuple[int, int]) -> None:
    with runner(version=version) as r:
        r.set()
        r.fake.asks.clear()
        r.set(40001, "2")
        assert r.fake.asks == [
            "app/preferences", "app/setPreferences", "app/preferences", "transfer/info", "torrents/reannounce",
        ]  # fmt: skip
        r.fake.asks.clear()
        r.set(40001, "2")
        assert r.fake.asks == ["app/preferences", "transfer/info"]


@both
def test_an_expired_session_costs_exactly_one_login(version: tuple[int, int]) -> None:
    with runner(version=version) as r:
        r.set()
        r.fake.restart()
        assert r.set(40001, "2").status == "changed"
        assert r.fake.logins() == 2


def test_written_anew_means_another_port_then_the_right_one() -> None:
    with runner() as r:
        r.set(40000, "1")
        r.fake.writes.clear()
        r.set(40000, "2")
        off = {"random_port": False, "upnp": False}
        assert r.fake.writes == [
            f"set { {'listen_port': 39999, **off} }", f"set { {'listen_port': 40000, **off} }", "reannounce",
        ]  # fmt: skip
        assert r.clock.waited_s == []


def test_the_neighbour_of_port_one_is_two() -> None:
    with runner() as r:
        r.fake.preferences["listen_port"] = 1
        r.set(1)
        assert [word for word in r.fake.writes if "'listen_port': 0" in word] == []
        assert "'listen_port': 2" in r.fake.writes[0]


def test_an_attempt_that_broke_off_is_repeated_as_a_whole() -> None:
    with runner() as r:
        r.set(40000, "1")
        r.fake.stubborn_port = 39999  # as if it broke off between the two
        with pytest.raises(Retry):
            r.set(40000, "2")
        r.fake.stubborn_port = None
        assert r.set(40000, "2").status == "changed"
        assert r.fake.preferences["listen_port"] == 40000
        assert r.set(40000, "2").status == "unchanged"


def test_a_relisten_that_does_not_read_back_is_tried_once_more_after_a_pause() -> None:
    with runner() as r:
        r.set(40000, "1")
        r.fake.stubborn_port = 6881
        r.fake.writes.clear()
        with pytest.raises(Retry):
            r.set(40000, "2")
        assert (len(r.fake.writes), r.clock.waited_s) == (4, [1.5])


def test_upnp_alone_is_a_difference() -> None:
    with runner() as r:
        r.set()
        r.fake.preferences["upnp"] = True
        assert "UPnP" in r.set().said
        assert r.set().status == "unchanged"


def test_the_argument_url_wins_over_the_setting() -> None:
    with runner() as r, fake_qbittorrent() as (other, url):
        r.args = SetPortArgs(url=url)
        assert r.set(40001).status == "changed"
        assert (other.preferences["listen_port"], r.fake.asks) == (40001, [])


def test_an_argument_wins_over_the_file() -> None:
    with runner() as r:
        r.args = SetPortArgs(port=50000)
        r.set(40000)
        assert r.fake.preferences["listen_port"] == 50000


@pytest.mark.parametrize(
    ("preferences", "error", "words"),
    [
        ({"current_interface_address": "10.9.9.9", "current_network_interface": "tun0"}, GiveUp,
         "bound to the address 10.9.9.9, and tun0 has 10.8.0.2; in its Web UI"),
        ({"current_interface_address": "10.9.9.9"}, GiveUp, "10.9.9.9, and this network has 127.0.0.1, 10.8.0.2;"),
        ({"current_network_interface": "tun7"}, Retry, "bound to tun7, which has no address now; it is tried again"),
        ({"current_interface_address": "0.0.0.0"}, Retry, "does another program use that port"),
        ({}, Retry, "does another program use that port"),
    ],
)  # fmt: skip
def test_a_port_that_is_only_stored_is_no_success(
    preferences: dict[str, str], error: type[Exception], words: str
) -> None:
    with runner(connection="disconnected") as r:
        r.fake.preferences |= preferences
        for _ in range(2):  # and it is not taken for done the next time
            with pytest.raises(error, match="is set to 40000, but nothing listens there") as raised:
                r.set()
            assert words in str(raised.value)
        assert "reannounce" not in r.fake.writes
        r.fake.connection = "firewalled"
        r.fake.preferences |= {"current_interface_address": "", "current_network_interface": ""}
        assert "listens on 40000" in r.set().said


def test_a_listener_that_was_lost_is_opened_again() -> None:
    with runner() as r:
        r.set()
        r.fake.connection = "disconnected"
        assert r.handler.plan(r.args, r.context()) is not None
        with pytest.raises(Retry, match="nothing listens there"):
            r.set()
        r.fake.listens_after = 1  # it listens once it is set again
        assert "listens on 40000 anew, as nothing listened there" in r.set().said
        assert r.set().status == "unchanged"


@pytest.mark.parametrize("connection", ["firewalled", "connected"])
@pytest.mark.parametrize("uncounted", [1, 5])
def test_a_qbittorrent_that_has_just_started_has_not_counted_its_sockets_yet(connection: str, uncounted: int) -> None:
    with runner(connection=connection, uncounted=uncounted) as r:
        assert "listens on 40000" in r.set().said
        assert r.clock.waited_s == [0.25] * uncounted
        assert r.set().status == "unchanged"


def test_a_qbittorrent_that_still_counts_none_after_two_seconds_listens_on_none() -> None:
    with runner(uncounted=9) as r, pytest.raises(Retry, match="nothing listens there"):
        r.set()


def test_a_late_status_does_not_hide_an_address_that_is_gone() -> None:
    with runner(connection="firewalled") as r:
        r.fake.preferences["current_interface_address"] = "10.9.9.9"
        assert "but nothing listens there: it is bound to the address 10.9.9.9" in r.gives_up()


def test_an_address_without_its_zone_is_there() -> None:
    with runner() as r:
        r.fake.interfaces["eth0"] = ["fe80::7%4"]
        r.fake.preferences["current_interface_address"] = "fe80::7"
        assert "listens on 40000" in r.set().said


def test_a_version_without_reannounce_is_not_said_to_have_reannounced() -> None:
    with runner(version=OLD) as r:
        assert "reannounced" not in r.set().said


def test_a_wrong_key_is_shown_once_and_never_logged_in_with() -> None:
    with runner() as r:
        r.secrets["QBITTORRENT_API_KEY"] = "qbt_wrong"
        assert "rejects the API key" in r.gives_up()
        r.gives_up()
        assert r.fake.asks == ["app/preferences"]
        r.secrets["QBITTORRENT_API_KEY"] = API_KEY
        assert r.set().status == "changed"
        assert r.fake.logins() == 0


def test_a_ban_is_named_with_the_length_that_the_preferences_told() -> None:
    with runner() as r:
        r.fake.preferences["web_ui_ban_duration"] = 1800
        r.set()
        r.fake.sessions.clear()
        r.fake.fails = 5
        assert "banned our address for 1800 s" in r.gives_up()
        asked = len(r.fake.asks)
        r.clock.now_s += 1799
        r.gives_up()
        assert len(r.fake.asks) == asked
        r.clock.now_s += 1
        r.fake.fails = 0
        assert r.set(40001).status == "changed"


def test_a_host_header_with_another_port_is_named_before_any_password_is_shown() -> None:
    with runner(local_port=8080) as r:
        assert "publish the Web UI's port unchanged" in r.gives_up()
        assert r.fake.logins() == 0
        r.password, r.secrets = "", {"QBITTORRENT_API_KEY": API_KEY}
        assert "Host-header validation" in r.gives_up()


def test_neither_origin_nor_referer_is_sent() -> None:
    with runner() as r:
        r.set()
        assert not [h for h in r.fake.agents if {"origin", "referer"} & set(h)]


def test_a_login_that_is_busy_is_tried_again() -> None:
    with runner(login_status=503) as r, pytest.raises(Retry, match="answers 503"):
        r.set()


def test_an_answer_may_take_longer_than_a_connection() -> None:
    with misbehaving("timeout") as url, fake_qbittorrent() as (fake, _):
        r = Runner("qbittorrent", url, PASSWORD, fake)
        ctx = replace(r.context(), left=lambda: 3.3)
        began_s = time.monotonic()
        with pytest.raises(Retry, match="did not answer in time"):
            r.handler.apply(r.args, ctx)
        assert time.monotonic() - began_s >= 3.3


def test_a_redirect_is_not_followed_with_a_password() -> None:
    with runner(login_status=307) as r:
        assert "sends us to" in r.gives_up()
        assert r.fake.logins() == 1


def test_a_key_in_the_address_is_never_told() -> None:
    with runner(version=(4, 5)) as r:
        r.url = r.url.replace("http://", "http://someone:hidden-3c@") + "/?k=hidden-3c"
        assert r.set().status == "changed"
        names = [*r.memory.values, *r.handler.targets(r.args, Settings(qbittorrent_url=r.url))]
        assert not [name for name in names if "hidden-3c" in name]


@pytest.mark.parametrize("url", ["http://[", "http://a b/", "nonsense://x", "http://", "http://127.0.0.1:99999"])
def test_an_address_that_is_none_gives_up(url: str) -> None:
    with runner() as r:
        r.url = url
        r.gives_up()


def test_a_rule_may_ask_for_a_new_listener() -> None:
    with runner() as r:
        r.set()
        assert r.plan() is None
        r.args = SetPortArgs(relisten=True)
        assert "anew, as the rule asks for it" in str(r.plan())
        r.fake.writes.clear()
        done = r.set()
        assert (done.status, r.fake.writes[0].count("39999")) == ("changed", 1)
        assert "listens on 40000 anew, as the rule asks for it" in done.said
        r.fake.preferences["listen_port"] = 1234
        assert "(before: 1234)" in r.set().said, "the right port is a new listener by itself"


def test_listens_is_only_said_where_it_was_seen() -> None:
    with runner(connection="unknown") as r:
        said = r.set().said
        assert "is set to 40000" in said
        assert "listens" not in said
