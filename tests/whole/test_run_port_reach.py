"""`gluehook run` while no peer reaches qBittorrent: it is made to listen anew once, and then a person is told."""

from __future__ import annotations

from pathlib import Path

from tests.parts.process.gluehook import Gluehook, shipped
from tests.parts.targets.fakes_http import Answer, served
from tests.parts.targets.fakes_qbittorrent import PASSWORD, fake_qbittorrent


def test_a_closed_port_is_opened_anew_once_and_then_told(tmp_path: Path) -> None:
    rules = shipped(reopen_port_for='"1s"', port_closed_for='"2s"')
    told: list[bytes] = []
    with (
        fake_qbittorrent(connection="firewalled", peers=(2, 0)) as (torrent, url),
        served(lambda ask: told.append(ask.body) or Answer(200)) as phone,
    ):
        torrent.preferences["listen_port"] = 40000
        part = Gluehook(
            tmp_path, rules, QBITTORRENT_URL=url, QBITTORRENT_PASSWORD=PASSWORD, GLUEHOOK_LOOK_EVERY="1s",
            APPRISE_URLS=phone.replace("http://", "json://"),
        )  # fmt: skip
        part.port_file.write_text("40000")
        try:
            part.start()
            part.hears("reopen-port", "listens on 40000 anew, as the rule asks for it")
            part.hears("port-closed", "reached 1 of 1")
            assert b"No peer reaches qbittorrent on port 40000" in told[0]
            assert len([one for one in torrent.writes if "39999" in one]) in (1, 2), "forward-port's and reopen-port's"
            torrent.connection = "connected"
            assert part.ends() == 0
        finally:
            part.clean_up()
