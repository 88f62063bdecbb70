"""[[gluetun]] and [[client]]: what a good table becomes. tests/broken/ holds the bad ones."""

from __future__ import annotations

from hooks.rules.servers import ServerTable
from hooks.rules.table import Table
from hooks.rules_file import reader
from tests.parts.values.small_handlers import SMALL_HANDLERS

TEXT = """version = 1
[[gluetun]]
container = "vpn-b"
port_file = "/vpn-b/forwarded_port"
url = "http://vpn-b:8000/"
username = "hooks"
password = "${secret:VPN_B}"
[[gluetun]]
container = "vpn-a"
[[client]]
kind = "transmission"
container = "seedbox"
gluetun = "vpn-b"
port = 2
[[client]]
kind = "qbittorrent"
container = "torrents"
api_key = "${secret:TORRENTS_KEY}"
"""


def test_tables_become_values() -> None:
    table = reader.read(TEXT, "rules.toml", SMALL_HANDLERS)
    assert isinstance(table, Table)
    assert table.gluetuns == (
        ServerTable("gluetun", "vpn-b", "http://vpn-b:8000", "hooks", "VPN_B", port_file="/vpn-b/forwarded_port"),
        ServerTable("gluetun", "vpn-a"),
    )
    assert table.clients == (
        ServerTable("transmission", "seedbox", gluetun="vpn-b", port=2),
        ServerTable("qbittorrent", "torrents", api_key="TORRENTS_KEY"),
    )
    assert table.roles == {
        "vpn-b": "gluetun", "vpn-a": "gluetun", "seedbox": "transmission", "torrents": "qbittorrent",
    }  # fmt: skip


def test_a_broken_table_hides_no_error_of_another() -> None:
    text = TEXT.replace('container = "vpn-a"', "container = vpn-a").replace("port = 2", "port = 0")
    found = reader.read(text, "rules.toml", SMALL_HANDLERS)
    assert isinstance(found, list)
    assert [(one.code, one.line) for one in found] == [("syntax", 9), ("bad-value", 14)]
