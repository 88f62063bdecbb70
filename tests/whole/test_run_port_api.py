"""`gluehook run` without a port file: the port comes from gluetun's control server, until there is a file."""

from __future__ import annotations

from pathlib import Path

from tests.parts.process.gluehook import Gluehook, until
from tests.parts.targets.fakes_gluetun import fake_gluetun
from tests.parts.targets.fakes_qbittorrent import PASSWORD, fake_qbittorrent

RULES = 'version = 1\n[[rule]]\nname = "forward-port"\non = "port.forwarded"\ndo = "qbittorrent.set_port"\n'


def test_the_port_reaches_qbittorrent_without_a_file_and_then_by_the_file(tmp_path: Path) -> None:
    with fake_qbittorrent() as (torrent, url), fake_gluetun(auth="apikey", version=(3, 41, 3)) as (gluetun, control):
        part = Gluehook(
            tmp_path, RULES, QBITTORRENT_URL=url, QBITTORRENT_PASSWORD=PASSWORD, GLUETUN_URL=control,
            GLUETUN_API_KEY=gluetun.api_key,
        )  # fmt: skip
        try:
            part.start()
            part.hears("forward-port", "listens on 40000")
            assert torrent.preferences["listen_port"] == 40000
            part.port_file.write_text("40001")
            part.hears("forward-port", "listens on 40001")
            assert part.ends() == 0
            assert gluetun.writes == []
        finally:
            part.clean_up()


def test_a_start_says_the_port_that_gluetun_has_now(tmp_path: Path) -> None:
    with fake_qbittorrent() as (torrent, url), fake_gluetun() as (gluetun, control):
        part = Gluehook(
            tmp_path, RULES, QBITTORRENT_URL=url, QBITTORRENT_PASSWORD=PASSWORD, GLUETUN_URL=control,
            FORWARDED_PORT_SOURCE="api",
        )  # fmt: skip
        try:
            for port in (40000, 40001):
                gluetun.forwards = port
                part.start()
                part.hears("is ready after", f"the forwarded port is {port}")
                part.hears("forward-port", f"listens on {port}")
                until(lambda: "api:gluetun" in part.call("health").stdout, "health does not name the source")
                assert part.ends() == 0
            assert torrent.preferences["listen_port"] == 40001
            assert [line for line in part.lines if "listens on 40000" in line and "before: 40001" in line] == []
        finally:
            part.clean_up()
