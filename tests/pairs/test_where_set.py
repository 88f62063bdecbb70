"""A cure names the setting or the table that reaches its target: with one of a kind, with several, with a table."""

from __future__ import annotations

from typing import Any

import pytest

from hooks.config.settings import Settings
from hooks.pairs import where_set
from hooks.pairs.pairs import Pairs
from hooks.rules.servers import ServerTable
from hooks.rules.table import Table
from tests.pairs.test_pairs import TWO, world_of

URL = "http://x:1"
WITH_TABLE = Table(
    clients=(ServerTable("qbittorrent", "tor-b", url="http://y:1", password="B_PASSWORD"),),
    gluetuns=(ServerTable("gluetun", "vpn-b", port_file="/b/port"),),
)  # fmt: skip
KEYED = Table(clients=(ServerTable("qbittorrent", "tor-b", api_key="B_KEY"),))


@pytest.mark.parametrize(
    ("table", "settings", "name", "expected"),
    [
        (Table(), {}, "mission", (f"set TRANSMISSION_URL: {URL} at gluehook",
         "TRANSMISSION_USERNAME or TRANSMISSION_PASSWORD", "TRANSMISSION_API_KEY")),
        (Table(), {}, "tor-b",
         (f'write into rules.toml a [[client]] with kind = "qbittorrent", container = "tor-b" and url = "{URL}"',
         ("QBITTORRENT_USERNAME or QBITTORRENT_PASSWORD (for every qbittorrent), or both in a [[client]] for it in "
          "rules.toml"),
         "QBITTORRENT_API_KEY (for every qbittorrent), or the api_key in a [[client]] for it in rules.toml")),
        (Table(), {"qbittorrent_url": "http://z:1"}, "tor-a", (f"set QBITTORRENT_URL: {URL} at gluehook",
         ("QBITTORRENT_USERNAME or QBITTORRENT_PASSWORD (for every qbittorrent), or both in a [[client]] for it in "
          "rules.toml"),
         "QBITTORRENT_API_KEY (for every qbittorrent), or the api_key in a [[client]] for it in rules.toml")),
        (WITH_TABLE, {}, "tor-b", (f'write url = "{URL}" into its [[client]] in rules.toml',
         "the username of its [[client]] or B_PASSWORD", "the api_key of its [[client]]")),
        (KEYED, {}, "tor-b", (f'write url = "{URL}" into its [[client]] in rules.toml',
         "the username of its [[client]] or the password of its [[client]]", "B_KEY")),
    ],
)  # fmt: skip
def test_of_a_client(table: Table, settings: dict[str, Any], name: str, expected: tuple[str, str, str]) -> None:
    one = Pairs(world_of(*TWO), Settings(**settings), table=table).client(name)
    assert one
    found = where_set.write_url(one, URL), where_set.login_setting(one), where_set.key_setting(one)
    assert found == expected


@pytest.mark.parametrize(
    ("containers", "table", "settings", "name", "expected"),
    [
        (TWO[:1], Table(), {}, "vpn-a", ("set FORWARDED_PORT_FILE: /p at gluehook",
         "set GLUETUN_URL: http://x:1 at gluehook")),
        (TWO, Table(), {}, "vpn-b",
         ('write into rules.toml a [[gluetun]] with container = "vpn-b" and port_file = "/p"',
         'write into rules.toml a [[gluetun]] with container = "vpn-b" and url = "http://x:1"')),
        (TWO, Table(), {"forwarded_port_file": "/here"}, "vpn-a", ("set FORWARDED_PORT_FILE: /p at gluehook",
         'write into rules.toml a [[gluetun]] with container = "vpn-a" and url = "http://x:1"')),
        (TWO, WITH_TABLE, {}, "vpn-b", ('write port_file = "/p" into its [[gluetun]] in rules.toml',
         'write url = "http://x:1" into its [[gluetun]] in rules.toml')),
    ],
)  # fmt: skip
def test_of_a_gluetun(
    containers: Any, table: Table, settings: dict[str, Any], name: str, expected: tuple[str, str]
) -> None:
    one = Pairs(world_of(*containers), Settings(**settings), table=table).gluetun(name)
    assert one
    assert (where_set.write_file(one, "/p"), where_set.write_url(one, URL)) == expected
