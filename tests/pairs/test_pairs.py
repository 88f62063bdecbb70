"""Which gluetuns and torrent clients there are, and where each is reached: by settings and by what Docker shows."""

from __future__ import annotations

from typing import Any

import pytest

from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.pairs.for_event import settings_for
from hooks.pairs.pairs import Pairs
from hooks.rules.servers import ServerTable
from hooks.rules.table import Table
from hooks.world.changes import port_file_read
from hooks.world.model import Container, PortFile, World
from hooks.world.names import Names

GLUETUN, QBIT = "qmcgaw/gluetun", "hotio/qbittorrent"
OWN = "0" * 64


def one(name: str, image: str, network: str = "lan", address: str = "", joins: str = "") -> Container:
    """A container that runs; its id begins with its name."""
    mode = f"container:{joins.ljust(64, '-')}" if joins else network
    addresses = {network: address} if address else {}
    return Container(name, name.ljust(64, "-"), image, {}, True, network_mode=mode, addresses=addresses)


def world_of(*containers: Container, **settings: Any) -> World:
    """A world of these containers, with the names of these settings."""
    world = World(Names(Settings(**settings).containers))
    for container in containers:
        world = world.with_container(container)
    return world


def brief(pairs: Pairs) -> list[tuple[str, str]]:
    """Who is there, and where."""
    return [(one.name, one.url) for one in (*pairs.gluetuns, *pairs.clients())]


TWO = (
    one("vpn-a", GLUETUN, address="172.18.0.2"), one("vpn-b", GLUETUN, address="172.18.0.3"),
    one("tor-a", QBIT, joins="vpn-a"), one("tor-b", QBIT, joins="vpn-b"),
    one("mission", "linuxserver/transmission", joins="vpn-b"),
)  # fmt: skip


def test_without_docker_the_settings_are_all_that_is_known() -> None:
    assert brief(Pairs(World(), Settings())) == [
        ("gluetun", "http://gluetun:8000"), ("qbittorrent", "http://gluetun:8080"),
    ]  # fmt: skip
    own = Settings(gluetun_container="vpn", gluetun_url="http://vpn:1", qbittorrent_url="http://vpn:2")
    assert brief(Pairs(world_of(gluetun_container="vpn"), own)) == [
        ("vpn", "http://vpn:1"),
        ("qbittorrent", "http://vpn:2"),
    ]


def test_one_of_each_is_found_whatever_it_is_called() -> None:
    world = world_of(
        one("media-gluetun-1", GLUETUN, address="172.18.0.2"), one("media-tor-1", QBIT, joins="media-gluetun-1")
    )
    pairs = Pairs(world, Settings())
    assert brief(pairs) == [("media-gluetun-1", "http://172.18.0.2:8000"), ("media-tor-1", "http://172.18.0.2:8080")]
    assert pairs.clients()[0].gluetun == "media-gluetun-1"
    event = Event("timer.tick", "5m", 1, data={"every": "5m"})
    found = settings_for(event, Settings(), pairs, world)
    assert (found.gluetun_container, found.qbittorrent_url) == ("media-gluetun-1", "http://172.18.0.2:8080")


def test_two_gluetuns_have_their_own_clients() -> None:
    pairs = Pairs(world_of(*TWO), Settings())
    assert [one.name for one in pairs.gluetuns] == ["vpn-a", "vpn-b"]
    assert [(one.name, one.kind, one.url) for one in pairs.clients(gluetun="vpn-b")] == [
        ("tor-b", "qbittorrent", "http://172.18.0.3:8080"), ("mission", "transmission", "http://172.18.0.3:9091"),
    ]  # fmt: skip
    assert [one.name for one in pairs.clients("qbittorrent")] == ["tor-a", "tor-b"]
    for event, gluetun in (
        (Event("port.forwarded", "vpn-b", 1, data={"container": "vpn-b", "gluetun": "vpn-b"}), "vpn-b"),
        (Event("container.start", "tor-b", 1, data={"container": "tor-b"}), "vpn-b"),
        (Event("timer.tick", "5m", 1), None),
    ):
        found = pairs.gluetun_of(event)
        assert (found.name if found else None) == gluetun
    port = Event("port.forwarded", "vpn-b", 1, data={"container": "vpn-b", "gluetun": "vpn-b"})
    found_settings = settings_for(port, Settings(), pairs, world_of(*TWO))
    assert (found_settings.gluetun_url, found_settings.qbittorrent_container) == ("http://172.18.0.3:8000", "tor-b")


def test_a_client_in_a_network_of_its_own_belongs_to_the_only_gluetun_and_to_none_of_two() -> None:
    alone = one("tor", QBIT, address="172.18.0.9")
    client = Pairs(world_of(TWO[0], alone), Settings()).clients()[0]
    assert (client.gluetun, client.url) == ("vpn-a", "http://172.18.0.9:8080")
    assert Pairs(world_of(*TWO[:2], alone), Settings()).clients()[0].gluetun == ""


def test_a_setting_is_about_the_container_that_it_names_or_that_has_the_usual_name() -> None:
    chosen: dict[str, Any] = {"qbittorrent_url": "http://box:1", "qbittorrent_container": "tor-b"}
    pairs = Pairs(world_of(*TWO, **chosen), Settings(**chosen))
    assert [(one.name, one.url, one.access.named_by) for one in pairs.clients("qbittorrent")] == [
        ("tor-b", "http://box:1", "QBITTORRENT_URL")
    ]
    usual = world_of(*TWO, one("gluetun", GLUETUN, address="172.18.0.7"))
    assert [one.url for one in Pairs(usual, Settings(gluetun_url="http://x:1")).gluetuns] == [
        "http://x:1", "http://172.18.0.2:8000", "http://172.18.0.3:8000",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (one(OWN, "gluehook", address="172.18.0.9"), "http://172.18.0.2:8000"),
        (one(OWN, "gluehook", network="other", address="172.19.0.9"), "http://gluetun:8000"),
        (one(OWN, "gluehook", network="host"), "http://172.18.0.2:8000"),
        (one(OWN, "gluehook", joins="vpn"), "http://127.0.0.1:8000"),
        (None, "http://gluetun:8000"),
    ],
)
def test_an_address_on_a_network_that_gluehook_shares(own: Container | None, expected: str) -> None:
    containers = [one("vpn", GLUETUN, address="172.18.0.2"), *([own] if own else [])]
    assert Pairs(world_of(*containers), Settings(), OWN).gluetuns[0].url == expected


def test_what_cannot_be_reached_is_never_taken_for_another_one() -> None:
    own = one(OWN, "gluehook", network="other", address="172.19.0.9")
    assert brief(Pairs(world_of(own, *TWO), Settings(), OWN)) == [
        ("vpn-a", "http://gluetun:8000"), ("vpn-b", "http://vpn-b:8000"), ("tor-a", "http://gluetun:8080"),
        ("tor-b", "http://vpn-b:8080"), ("mission", "http://vpn-b:9091"),
    ]  # fmt: skip


def test_odd_networks_end() -> None:
    rings = (one("vpn", GLUETUN, joins="tor"), one("tor", QBIT, joins="vpn"), one("gone", QBIT, joins="nobody"))
    assert [client.url for client in Pairs(world_of(*rings), Settings()).clients()] == [
        "http://gluetun:8080", "http://tor:8080",
    ]  # fmt: skip
    six = one("vpn", GLUETUN, address="fd00::2")
    assert Pairs(world_of(six), Settings()).gluetuns[0].url == "http://[fd00::2]:8000"
    host = one("vpn", GLUETUN, network="host")
    assert Pairs(world_of(host), Settings()).gluetuns[0].url == "http://127.0.0.1:8000"


TABLES = Table(
    gluetuns=(ServerTable("gluetun", "own-vpn", "http://10.0.0.7:8000", "me", "C_PASSWORD", port_file="/vpn-c/port"),),
    clients=(
        ServerTable("deluge", "seedbox", api_key="", password="SEEDBOX", gluetun="vpn-a", port=2),
        ServerTable("qbittorrent", "tor-b", "http://box:1", api_key="TOR_B_KEY"),
    ),
)


def test_a_table_says_what_neither_a_setting_nor_docker_says() -> None:
    settings = Settings(gluetun_username="all", qbittorrent_username="q")
    world = world_of(*TWO, one("own-vpn", "own/build"), one("seedbox", "own/build", address="172.18.0.9"))
    world = world.with_names(Names(tables=TABLES.roles))
    pairs = Pairs(world, settings, table=TABLES)
    own = pairs.gluetun("own-vpn")
    assert own
    assert (own.url, own.port_file, own.access.username) == ("http://10.0.0.7:8000", "/vpn-c/port", "me")
    assert (own.access.password, own.access.api_key) == ("C_PASSWORD", "")
    assert own.access.named_by == "the url of its [[gluetun]]"
    seedbox, tor = pairs.client("seedbox"), pairs.client("tor-b")
    assert seedbox
    assert tor
    assert (seedbox.url, seedbox.gluetun, seedbox.port) == ("http://172.18.0.9:8112", "vpn-a", 2)
    assert (tor.url, tor.access.api_key, tor.access.password, tor.gluetun) == ("http://box:1", "TOR_B_KEY", "", "vpn-b")
    other = pairs.client("tor-a")
    assert other
    assert (other.access.username, other.access.password) == ("q", "QBITTORRENT_PASSWORD")
    event = Event("container.start", "seedbox", 1, data={"container": "seedbox", "role": "deluge"})
    found = pairs.gluetun_of(event)
    assert found
    assert found.name == "vpn-a"
    about = Event("container.unhealthy", "own-vpn", 1, data={"container": "own-vpn", "gluetun": "own-vpn"})
    changed = settings_for(about, settings, pairs, world)
    assert (changed.gluetun_url, changed.gluetun_username) == ("http://10.0.0.7:8000", "me")
    assert changed.forwarded_port_file == "/vpn-c/port"


def trusted(table: ServerTable | None, **settings: str) -> list[tuple[str, str, str]]:
    pairs = Pairs(world_of(*TWO), Settings(**settings), table=Table(clients=(table,) if table else ()))
    return [(one.access.ca_file, one.access.fingerprint, one.access.trusted_in) for one in pairs.clients("qbittorrent")]


def test_a_certificate_of_a_table_is_trusted_for_its_client_alone() -> None:
    one = "a [[client]] for it"
    assert trusted(None) == [("", "", one), ("", "", one)]
    assert trusted(None, qbittorrent_ca_file="/all.pem") == [("/all.pem", "", ""), ("/all.pem", "", "")]
    own = ServerTable("qbittorrent", "tor-b", fingerprint="ab" * 32)
    assert trusted(own, qbittorrent_ca_file="/all.pem") == [("/all.pem", "", ""), ("", "ab" * 32, "its [[client]]")]
    assert trusted(ServerTable("qbittorrent", "tor-b", ca_file="/b.pem"))[1] == ("/b.pem", "", "its [[client]]")


def test_tables_are_enough_without_docker() -> None:
    pairs = Pairs(World(Names(tables=TABLES.roles)), Settings(), table=TABLES)
    assert [one.name for one in pairs.gluetuns] == ["own-vpn"]
    assert [(one.name, one.kind, one.gluetun) for one in pairs.clients()] == [
        ("tor-b", "qbittorrent", "own-vpn"), ("seedbox", "deluge", "vpn-a"),
    ]  # fmt: skip


def test_without_docker_the_clients_are_those_that_settings_choose_else_a_qbittorrent() -> None:
    def kinds(**chosen: Any) -> list[str]:
        return [one.kind for one in Pairs(World(), Settings(**chosen)).clients()]

    assert kinds() == ["qbittorrent"]
    assert kinds(deluge_url="http://box:8112") == ["deluge"]
    assert kinds(transmission_url="http://box:9091", qbittorrent_url="http://box:1") == ["qbittorrent", "transmission"]


def test_another_port_finds_nobody_anew_and_another_container_or_table_does() -> None:
    world, none = world_of(*TWO), Table()
    pairs = Pairs(world, Settings(), "", none)
    known = pairs.gluetuns
    assert pairs.seen_in(world, none) is pairs
    forwarding = port_file_read(PortFile((51413,), "", "1", 60), 70)(world)
    seen = pairs.seen_in(forwarding, none)
    assert seen.gluetuns is known
    assert (pairs.port_of("vpn-a"), seen.port_of("vpn-a")) == (None, forwarding.port)
    moved = pairs.seen_in(forwarding.with_container(one("vpn-a", GLUETUN, address="172.18.0.9")), none)
    assert moved.gluetuns[0].url == "http://172.18.0.9:8000"
    table = Table(gluetuns=(ServerTable("gluetun", "vpn-b", url="http://elsewhere:1"),))
    assert [found.url for found in seen.seen_in(forwarding, table).gluetuns][1] == "http://elsewhere:1"
