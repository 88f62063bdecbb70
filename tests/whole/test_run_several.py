"""Two gluetuns with two torrent clients each, end to end: a real engine, odd names, and no setting but passwords."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.parts.docker.dockerd import IMAGE, Dockerd
from tests.parts.docker.in_network import served_inside
from tests.parts.process.gluehook import Gluehook, shipped, until
from tests.parts.targets.fakes_gluetun import FakeGluetun
from tests.parts.targets.fakes_qbittorrent import PASSWORD, FakeQBittorrent
from tests.parts.targets.fakes_transmission import FakeTransmission

pytestmark = pytest.mark.docker

IMAGES = ("qmcgaw/gluetun:v3.41.3", "lscr.io/linuxserver/qbittorrent:5.1.4", "linuxserver/transmission:4.0.6")
GLUETUN, QBITTORRENT, TRANSMISSION = IMAGES
SETTINGS = ("FORWARDED_PORT_FILE", "QBITTORRENT_URL", "GLUETUN_URL", "GLUETUN_PASSWORD")


class House:
    """The server's containers, and the fakes that listen in them."""

    def __init__(self, docker: Dockerd, folder: Path, stack: ExitStack) -> None:
        self._docker, self._folder, self._stack = docker, folder, stack
        self._client = stack.enter_context(closing(docker.client()))
        for image in IMAGES:
            self._client.tag(IMAGE, *image.rsplit(":", 1))
        self._client.create_network("media_default")
        self.torrents: dict[str, FakeQBittorrent | FakeTransmission] = {}

    def gluetun(self, name: str, inside: str, **environment: str) -> Path:
        """A gluetun with a folder of its own; where its port file is on the host."""
        folder = self._folder / name
        folder.mkdir()
        binds = [f"{folder}:{inside.rpartition('/')[0]}"]
        self._run(name, GLUETUN, "media_default", environment, binds=binds)
        self._serve(name, FakeGluetun(auth="apikey").answer, 8000)
        return folder / inside.rpartition("/")[2]

    def client(self, name: str, image: str, gluetun: str, port: int, **environment: str) -> None:
        """A torrent client in a gluetun's network."""
        self._run(name, image, f"container:{gluetun}", environment)
        fake = FakeQBittorrent(port=port) if image == QBITTORRENT else FakeTransmission()
        self.torrents[name] = fake
        self._serve(gluetun, fake.answer, port)

    def port(self, name: str) -> int:
        """The port that a client has."""
        fake = self.torrents[name]
        if isinstance(fake, FakeQBittorrent):
            return int(fake.preferences["listen_port"])
        return int(fake.settings["peer-port"])

    def remove(self) -> None:
        """Everything but the engine."""
        self._docker.remove()
        self._client.remove_network("media_default")
        for image in IMAGES:
            self._client.remove_image(image)

    def _run(self, name: str, image: str, network: str, environment: dict[str, str], **host: Any) -> None:
        made = self._client.create_container(
            image, "sleep 1000", name=name, environment=environment, stop_signal="KILL",
            host_config=self._client.create_host_config(network_mode=network, **host),
        )  # fmt: skip
        self._client.start(made["Id"])

    def _serve(self, container: str, answer: Any, port: int) -> None:
        pid = int(self._client.inspect_container(container)["State"]["Pid"])
        self._stack.enter_context(served_inside(pid, answer, port))


@pytest.fixture
def house(dockerd: Dockerd, tmp_path: Path) -> Iterator[House]:
    dockerd.mend()
    with ExitStack() as stack:
        made = House(dockerd, tmp_path, stack)
        stack.callback(made.remove)
        yield made


@pytest.fixture
def gluehook(dockerd: Dockerd, tmp_path: Path) -> Iterator[Gluehook]:
    part = Gluehook(
        tmp_path,
        shipped(),
        DOCKER_HOST=dockerd.host,
        QBITTORRENT_PASSWORD=PASSWORD,
        GLUETUN_API_KEY="fake-gluetun-key",
    )
    for name in SETTINGS:
        del part.environment[name]
    try:
        yield part
    finally:
        part.clean_up()


def test_both_ports_arrive_at_their_own_clients(house: House, gluehook: Gluehook) -> None:
    first = house.gluetun("media-vpn_nl-1", "/tmp/gluetun/forwarded_port")
    second = house.gluetun("tunnel.se", "/gluetun/p", VPN_PORT_FORWARDING_STATUS_FILE="/gluetun/p")
    house.client("media-torrents-1", QBITTORRENT, "media-vpn_nl-1", 8181, WEBUI_PORT="8181")
    house.client("seedbox", TRANSMISSION, "media-vpn_nl-1", 9091)
    house.client("qb_se", QBITTORRENT, "tunnel.se", 8080)
    house.client("mission", TRANSMISSION, "tunnel.se", 9091)
    first.write_text("40001")
    gluehook.start()
    gluehook.hears("is ready")
    until(lambda: [house.port(name) for name in ("media-torrents-1", "seedbox")] == [40001] * 2, "nl's port")
    second.write_text("40002")
    until(lambda: [house.port(name) for name in ("qb_se", "mission")] == [40002] * 2, "se's port")
    first.write_text("40003")
    until(lambda: [house.port(name) for name in ("media-torrents-1", "seedbox")] == [40003] * 2, "nl's next port")
    assert [house.port(name) for name in ("qb_se", "mission")] == [40002] * 2
    second.write_text("")
    gluehook.hears("tunnel.se: port.cleared; heal-vpn runs in 3m if that lasts")
    assert not gluehook.told("media-vpn_nl-1: port.cleared")
