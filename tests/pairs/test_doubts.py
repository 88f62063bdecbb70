"""What does not fit together is said in one sentence, with the line to write; what fits is not said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from handlers import HANDLERS
from hooks.config.settings import Settings
from hooks.pairs.doubts import doubts
from hooks.pairs.rule_names import names_of_rules
from hooks.pairs.rule_roles import idle_rules
from hooks.rules.conditions import AnyHolds, ContainerIs, Negated, PortIs
from hooks.rules.servers import ServerTable
from hooks.rules.table import Entry, Rule, Table
from hooks.rules_file import reader
from hooks.world.model import Container, World
from hooks.world.names import Names
from tests.pairs.test_pairs import GLUETUN, QBIT, TWO, one
from tests.parts.values.replayed import SHIPPED

HOME = (one("media-gluetun-1", GLUETUN), one("media-tor-1", QBIT, joins="media-gluetun-1"))
SECOND = one("vpn-b", GLUETUN)


def said(*containers: Container, table: Table = SHIPPED, closely: bool = False, **settings: Any) -> list[str]:
    """What is said of this server."""
    ours = Settings(**settings)
    world = World(Names(ours.containers, table.roles))
    for container in containers:
        world = world.with_container(container)
    return doubts(world, ours, table, closely=closely)


@pytest.mark.parametrize("containers", [HOME, TWO])
def test_what_fits_is_not_said(containers: tuple[Container, ...]) -> None:
    assert said(*containers) == []


@pytest.mark.parametrize(
    ("containers", "more", "expected"),
    [
        (HOME, {"gluetun_container": "vpn"},
         ("GLUETUN_CONTAINER names 'vpn', and no container has that name: 'media-gluetun-1' (qmcgaw/gluetun); "
         "write GLUETUN_CONTAINER=media-gluetun-1, or leave the setting out")),
        (HOME, {"wireguard_container": "media-tor"},
         ("WIREGUARD_CONTAINER names 'media-tor', and no container has that name (did you mean 'media-tor-1'?); "
         "correct it, or leave the setting out")),
        ((*HOME, SECOND), {"gluetun_container": "media-gluetun-1"},
         ("GLUETUN_CONTAINER chooses 'media-gluetun-1', so that 'vpn-b' (qmcgaw/gluetun) is left alone; to look after "
         "all of them, take GLUETUN_CONTAINER out")),
        (TWO, {"qbittorrent_url": "http://box:1"},
         ("QBITTORRENT_URL is set, and 'tor-a' and 'tor-b' are qBittorrent: it is taken for 'tor-a'; if that is wrong, "
         'leave it out and write a [[client]] with container = "…" for the one that it is about')),
        (TWO, {"forwarded_port_file": "/here", "gluetun_url": "http://x:1"},
         ("FORWARDED_PORT_FILE and GLUETUN_URL are set, and 'vpn-a' and 'vpn-b' are gluetun: they are taken for 'vpn-a'"
          '; if that is wrong, leave them out and write a [[gluetun]] with container = "…" for the one that they are '
          "about")),
        ((*TWO, one("alone", "linuxserver/deluge")), {},
         ("'alone' (Deluge) shares the network of no gluetun, and there are 'vpn-a' and 'vpn-b': it gets no port; "
         'write [[client]] with kind = "deluge", container = "alone" and gluetun = "vpn-a", or the other one')),
        ((*HOME, one("wg", "linuxserver/wireguard"), one("wg2", "linuxserver/wireguard")), {},
         "'wg' and 'wg2' are WireGuard, and one is meant; write WIREGUARD_CONTAINER=wg, if that is it"),
        ((*HOME, one("dns", "adguard/adguardhome"), one("dns2", "adguard/adguardhome")), {},
         ("'dns' and 'dns2' are AdGuard Home, and one is meant; write container = \"dns\" instead of "
         "role = \"adguard\" in the rules, if that is it")),
        (HOME[:1], {}, ("which rule forward-port needs; if there is one with an image of its own, write "
         "QBITTORRENT_CONTAINER=…")),
        ((one("tor", QBIT),), {}, ("no container is gluetun, which rule forward-port needs; if there is one with an "
         "image of its own, write GLUETUN_CONTAINER=…")),
    ],
)  # fmt: skip
def test_one_sentence_with_the_line_to_write(
    containers: tuple[Container, ...], more: dict[str, Any], expected: str
) -> None:
    found = said(*containers, **more)
    assert any(expected in sentence for sentence in found), found


@pytest.mark.parametrize(
    ("table", "more", "expected"),
    [
        (Table(clients=(ServerTable("transmission", "tor-a"),)), {"qbittorrent_container": "tor-a"},
         ("'tor-a' has a [[client]] with kind = \"transmission\", and QBITTORRENT_CONTAINER=tor-a says qbittorrent: "
         "the table counts; correct one of them")),
        (Table(clients=(ServerTable("deluge", "tor-a"),)), {},
         ("'tor-a' has a [[client]] with kind = \"deluge\", and its image hotio/qbittorrent is qbittorrent: "
         "the table counts; correct it, or take the table out")),
        (Table(gluetuns=(ServerTable("gluetun", "mission"),)), {},
         ("'mission' has a [[gluetun]], and its image linuxserver/transmission is transmission: the table counts; "
         "correct it, or take the table out")),
        (Table(clients=(ServerTable("qbittorrent", "tor-a", gluetun="tor-b"),)), {},
         ("the [[client]] of 'tor-a' says gluetun = \"tor-b\", and that container is no gluetun: it gets no port; "
         'write gluetun = "vpn-a", or leave the key out')),
        (Table(clients=(ServerTable("qbittorrent", "tor-b", url="http://172.18.0.2:8080"),)), {},
         ("'tor-a' and 'tor-b' are both reached at http://172.18.0.2:8080, and only one of them can be; give one of "
         "them another port, or correct the url in its table")),
    ],
)  # fmt: skip
def test_of_a_contradiction_is_said_whose_word_counts(table: Table, more: dict[str, Any], expected: str) -> None:
    assert expected in said(*TWO, table=table, **more)


def test_a_port_file_whose_gluetun_a_mount_shows_is_not_ambiguous() -> None:
    shown = (*TWO[2:], TWO[0], replace(TWO[1], port_file="/srv/b/port"))
    with_both = said(*shown, forwarded_port_file="/srv/b/port", gluetun_url="http://x:1")
    assert [sentence.partition(": ")[2].partition(";")[0] for sentence in with_both] == ["it is taken for 'vpn-b'"]
    assert said(*shown, forwarded_port_file="/srv/b/port") == []


def named(on: str, do: str) -> Table:
    """A table with a rule that names containers."""
    table = reader.read(f'version = 1\n[[rule]]\nname = "old"\non = {on}\ndo = {do}\n', "rules.toml", HANDLERS)
    assert isinstance(table, Table)
    return table


OLD = named('{ event = "container.healthy", container = "gluetun" }', '{ use = "containers.rejoin", of = "gluetun" }')
GONE = named('{ event = "container.die", container = ["web", "sonarr"] }', '"gluetun.restart_vpn"')


def test_a_rule_that_names_a_container_that_nobody_has() -> None:
    assert said(*TWO, table=OLD) == [
        (
            "rule old says container = \"gluetun\", and no container has that name: 'vpn-a' and 'vpn-b' are gluetun; "
            'write role = "gluetun" instead'
        ),
        (
            "rule old says of = \"gluetun\", and no container has that name: 'vpn-a' and 'vpn-b' are gluetun; "
            'write of = "*" instead'
        ),
    ]
    assert said(one("gluetun", GLUETUN), table=OLD, closely=True) == []
    assert said(*HOME, table=GONE) == []
    assert said(*HOME, table=GONE, closely=True) == [
        (
            'rule old says container = "web", and no container has that name; correct it, or take the rule out if the '
            "container is gone"
        ),
    ]
    assert said(*HOME, one("sonarr", "x"), table=GONE, closely=True) == []


def test_each_container_of_a_list_that_nobody_has_is_named() -> None:
    on, step = (
        '{ event = "timer.tick", every = "5m" }',
        'use = "containers.stop", container = ["sonarr", "radar", "gone"]',
    )
    found = said(*HOME, one("sonarr", "x"), table=named(on, f"{{ {step} }}"), closely=True)
    assert [sentence.split('"')[1] for sentence in found] == ["radar", "gone"]


def test_tables_that_name_nobody() -> None:
    table = Table(
        gluetuns=(ServerTable("gluetun", "media-gluetun-2"),),
        clients=(ServerTable("deluge", "nobody", gluetun="vpn"), ServerTable("qbittorrent", "media-tor-1")),
    )
    assert said(*HOME, table=table) == [
        (
            'a [[gluetun]] says container = "media-gluetun-2", and no container has that name: did you mean '
            "'media-gluetun-1'?"
        ),
        'a [[client]] says container = "nobody", and no container has that name; correct it, or take the table out',
        "a [[client]] says gluetun = \"vpn\", and no container has that name: 'media-gluetun-1' (qmcgaw/gluetun)",
        (
            "'nobody' (Deluge) shares the network of no gluetun, and there are 'media-gluetun-1' and "
            "'media-gluetun-2': "
            'it gets no port; write [[client]] with kind = "deluge", container = "nobody" and '
            'gluetun = "media-gluetun-1", or the other one'
        ),
    ]


DELUGE = named('["port.forwarded", { event = "container.start", role = "deluge" }]\nkey = "vpn"', '"client.set_port"')


@pytest.mark.parametrize(
    ("containers", "table", "settings", "is_failure", "expected"),
    [
        (HOME, SHIPPED, {}, False,
         ("rule peers-follow-dns is idle: no container is AdGuard Home; if there is one with an image of its own, "
          'write container = "…" in the rule')),
        ((*HOME, one("dns", "adguard/adguardhome")), SHIPPED, {}, False, ""),
        (HOME, DELUGE, {}, False,
         ("rule old is idle in part: no container is Deluge; if there is one with an image of its own, "
          "write DELUGE_CONTAINER=…")),
        (HOME[:1], DELUGE, {}, True,
         ("no container is Deluge, which rule old needs; if there is one with an image of its own, write "
          "DELUGE_CONTAINER=…")),
        (HOME, DELUGE, {"deluge_url": "http://box:8112"}, False, ""),
    ],
)  # fmt: skip
def test_a_rule_for_a_role_that_the_server_may_do_without_is_idle(
    containers: tuple[Container, ...], table: Table, settings: dict[str, Any], is_failure: bool, expected: str
) -> None:
    ours, world = Settings(**settings), World()
    for container in containers:
        world = world.with_container(container)
    idle, failures = idle_rules(world, ours, table), doubts(world, ours, table, closely=True)
    assert (idle, failures) == ([], [expected]) if is_failure else ([expected] if expected else [], [])


def test_a_condition_that_needs_a_container_that_nobody_has_is_doubted_and_one_that_does_not_is_not() -> None:
    up, gone = ContainerIs("sonar", ("running",)), ContainerIs("backup", ("stopped", "absent"))
    rule = Rule(
        "r",
        (Entry("timer.tick"),),
        (),
        only_if=(AnyHolds((up, PortIs("open"))), gone, Negated(ContainerIs("x", ("running",)))),
    )
    found = list(names_of_rules(World(), Table((rule,)), closely=True))
    assert found == [
        (
            'rule r says container = "sonar", and no container has that name; '
            "correct it, or take the rule out if the container is gone"
        )
    ]
