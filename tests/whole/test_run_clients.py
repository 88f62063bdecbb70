"""One port for three torrent clients: a real `gluehook run` with the shipped rules, and the real programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parts.process.gluehook import gluehook, shipped
from tests.parts.targets import deluge as deluge_part
from tests.parts.targets import transmission as transmission_part
from tests.parts.targets.daemon import free_ports
from tests.parts.targets.deluge import Deluge
from tests.parts.targets.qbittorrent import PASSWORD, QBittorrent
from tests.parts.targets.transmission import Transmission

pytestmark = [pytest.mark.qbittorrent, pytest.mark.transmission, pytest.mark.deluge]


def test_a_written_port_is_listened_on_by_all_three_and_one_that_is_away_stops_no_other(
    tmp_path: Path, qbittorrent: QBittorrent, transmission_with: Callable[..., Transmission],
    deluge_with: Callable[..., Deluge],
) -> None:  # fmt: skip
    # each on an address of its own, because one address lets only one program listen on a port
    transmission = transmission_with(login=True, **{"bind-address-ipv4": "127.0.0.2"})
    deluge = deluge_with(listen_interface="127.0.0.3", outgoing_interface="127.0.0.3")
    settings = {
        "QBITTORRENT_URL": qbittorrent.url, "QBITTORRENT_PASSWORD": PASSWORD, "TRANSMISSION_URL": transmission.url,
        "TRANSMISSION_USERNAME": transmission_part.USER, "TRANSMISSION_PASSWORD": transmission_part.PASSWORD,
        "DELUGE_URL": deluge.url, "DELUGE_PASSWORD": deluge_part.PASSWORD,
    }  # fmt: skip
    first, second = free_ports(2)
    with gluehook(tmp_path, shipped(), **settings) as runner:
        runner.hears("is ready")
        qbittorrent.stop()
        runner.write_port(first)
        said = (f"Transmission at {transmission.url} is set to {first}", f"Deluge at {deluge.url} listens on {first}")
        runner.hears(f"qBittorrent at {qbittorrent.url} refuses the connection", *said)
        assert transmission.listening(first)
        assert deluge.daemon.listening(first)
        qbittorrent.start()
        runner.write_port(second)
        runner.hears(f"qBittorrent at {qbittorrent.url} listens on {second} (before: ")
        for part in (qbittorrent, transmission, deluge.daemon):
            assert part.listening(second)
