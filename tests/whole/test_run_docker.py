"""The healing half end to end: a real engine, real containers, the shipped rules with short durations."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parts.docker.dockerd import Dockerd
from tests.parts.process.gluehook import SECRETS, Gluehook, until
from tests.parts.process.gluehook import shipped as rules
from tests.parts.targets.fakes_gluetun import FakeGluetun, fake_gluetun
from tests.parts.targets.fakes_qbittorrent import PASSWORD, FakeQBittorrent, fake_qbittorrent

pytestmark = pytest.mark.docker

SOON = {"heal_vpn_for": '"500ms"', "heal_vpn_cooldown": '"300ms"'}


class Server:
    """A home server: gluetun and qbittorrent as containers, their web sides as fakes, and a gluehook."""

    def __init__(self, docker: Dockerd, gluetun: FakeGluetun, torrents: FakeQBittorrent, gluehook: Gluehook) -> None:
        self.docker, self.gluetun, self.torrents, self.gluehook = docker, gluetun, torrents, gluehook

    def start(self, *arguments: str, **durations: str) -> None:
        self.gluehook.rules.write_text(rules(**{**SOON, **durations}))
        self.gluehook.start(*arguments)
        self.gluehook.hears("is ready")

    def fall_ill(self) -> None:
        assert self.docker.shell("gluetun", "rm /ok") == 0

    def recover(self) -> None:
        assert self.docker.shell("gluetun", "touch /ok") == 0

    def mend(self) -> None:
        self.docker.mend()
        self.start_containers()
        assert self.docker.shell("gluetun", "rm -f /ok; touch /ok") == 0
        until(lambda: self.state_of("gluetun")["Health"]["Status"] == "healthy", "gluetun does not get well")

    def start_containers(self) -> None:
        client = self.docker.client()
        try:
            for name in ("gluetun", "qbittorrent"):
                client.start(name)  # no error where it runs
        finally:
            client.close()

    def state_of(self, container: str) -> dict[str, Any]:
        client = self.docker.client()
        try:
            found: dict[str, Any] = client.inspect_container(container)["State"]
        finally:
            client.close()
        return found


@pytest.fixture(scope="module")
def containers(dockerd: Dockerd) -> Iterator[Dockerd]:
    """An engine with the two containers."""
    dockerd.mend()
    dockerd.remove("gluetun", "qbittorrent")
    try:
        dockerd.run("gluetun", 'sh -c "touch /ok; sleep 1000"', healthcheck=dockerd.health())
        dockerd.run("qbittorrent")
        yield dockerd
    finally:
        dockerd.mend()
        dockerd.remove("gluetun", "qbittorrent")


@pytest.fixture
def server(containers: Dockerd, tmp_path: Path) -> Iterator[Server]:
    """All of it well, and gluehook not started yet."""
    port_file = tmp_path / "tmp" / "gluetun" / "forwarded_port"
    fake = fake_gluetun(auth="apikey", api_key=SECRETS["GLUETUN_API_KEY"], port_file=port_file)
    with fake as (gluetun, gluetun_url), fake_qbittorrent() as (torrents, url):
        gluehook = Gluehook(
            tmp_path, DOCKER_HOST=containers.host, GLUETUN_URL=gluetun_url, QBITTORRENT_URL=url,
            QBITTORRENT_PASSWORD=PASSWORD, FORWARDED_PORT_SOURCE="file",  # the tests write it, not only gluetun
        )  # fmt: skip
        part = Server(containers, gluetun, torrents, gluehook)
        try:
            part.mend()
            gluetun.forward()
            yield part
        finally:
            gluehook.clean_up()


def test_a_restarted_qbittorrent_gets_its_port_again(server: Server) -> None:
    server.start()
    server.gluehook.hears("listens on 40000 (before: 6881)")
    since = server.gluehook.mark()
    server.torrents.preferences["listen_port"] = 6881  # a new container begins with its own
    server.torrents.restart()
    client = server.docker.client()
    client.restart("qbittorrent", timeout=1)
    client.close()
    server.gluehook.hears("listens on 40000 (before: 6881)", since=since)
    assert server.torrents.preferences["listen_port"] == 40000
    assert server.gluetun.writes == []


def test_who_recovers_in_time_is_left_alone(server: Server) -> None:
    server.start(heal_vpn_for='"30s"')
    server.fall_ill()
    server.gluehook.hears("gluetun: container.unhealthy; heal-vpn runs in 30s if that lasts")
    server.recover()
    server.gluehook.hears("heal-vpn does not run: the state has ended (gluetun: container.unhealthy)")
    assert server.gluetun.writes == []


def test_who_stays_unhealthy_gets_the_tunnel_restarted_and_a_port(server: Server) -> None:
    server.start(heal_vpn_cooldown='"30s"')
    server.gluehook.hears("listens on 40000 (before: 6881)")
    started = server.state_of("gluetun")["StartedAt"]
    server.gluetun.forwards = 41234  # a new tunnel has a new port
    server.fall_ill()
    server.gluehook.hears("gluetun: container.unhealthy; heal-vpn runs in 500ms if that lasts")
    server.gluehook.hears("heal-vpn: gluetun at http", "its VPN was restarted; public IP 203.0.113.2, port 41234")
    server.gluehook.hears("listens on 41234 (before: 40000)")
    assert server.gluetun.writes == ["stopped", "running"]
    assert server.state_of("gluetun")["StartedAt"] == started, "the tunnel, not the container"


def test_what_does_not_help_is_stepped_up_and_then_given_up(server: Server) -> None:
    server.start(heal_vpn_harder_cooldown='"300ms"')
    started = server.state_of("gluetun")["StartedAt"]
    server.docker.shell("gluetun", "rm /ok; ln -s /no/where /ok")  # nor does the container's own start mend it
    hears = server.gluehook.hears
    hears("heal-vpn stops for gluetun: it ran 3 times within 1h, and its state lasts")
    hears("heal-vpn-harder: container 'gluetun' restarted")
    assert len(server.gluetun.writes) == 6
    hears("heal-vpn-harder stops for gluetun: it ran 2 times within 1d")
    hears("give-up: no APPRISE_URLS is set, so no message was sent: The VPN needs you: ")
    assert server.state_of("gluetun")["StartedAt"] > started
    assert len(server.gluehook.told("heal-vpn-harder: container 'gluetun' restarted")) == 2


def test_a_dry_run_changes_nothing_and_says_what_it_would_do(server: Server) -> None:
    server.start("--dry-run")
    hears, started = server.gluehook.hears, server.state_of("gluetun")["StartedAt"]
    hears("is ready", "this is a dry run: nothing is changed or sent")
    hears("forward-port: dry run, nothing was done: ", "would listen on 40000 instead of 6881")
    server.fall_ill()
    hears("heal-vpn: dry run, nothing was done: ", "its VPN would be restarted (its health check fails)")
    hears("heal-vpn-harder: dry run, nothing was done: container 'gluetun' would be restarted")
    assert server.gluetun.writes == []
    assert server.torrents.writes == []
    assert server.state_of("gluetun")["StartedAt"] == started


def test_docker_may_come_later(server: Server, tmp_path: Path) -> None:
    socket = tmp_path / "docker.sock"
    server.gluehook.environment["DOCKER_HOST"] = f"unix://{socket}"
    server.start()
    hears = server.gluehook.hears
    hears("docker cannot be seen", "is not there", "the port file is still followed")
    hears("listens on 40000 (before: 6881)")
    server.fall_ill()
    until(lambda: server.state_of("gluetun")["Health"]["Status"] == "unhealthy", "it does not fall ill")
    socket.symlink_to(server.docker.socket)
    hears("docker is seen: ")
    hears("heal-vpn: gluetun at http", "its VPN was restarted")  # it was unhealthy before it was seen
    assert len(server.gluehook.told("docker cannot be seen")) == 1


def test_docker_may_crash_and_come_back(server: Server) -> None:
    server.start()
    hears = server.gluehook.hears
    hears("listens on 40000 (before: 6881)")
    server.docker.kill()
    hears("docker cannot be seen", "the port file is still followed")
    server.gluehook.write_port(40001)
    hears("listens on 40001 (before: 40000)")
    come_back(server)


def test_docker_may_be_restarted(server: Server) -> None:
    server.start()
    hears = server.gluehook.hears
    hears("listens on 40000 (before: 6881)")
    server.docker.terminate()  # which stops its containers, and tells so
    hears("docker cannot be seen", "the port file is still followed")
    server.gluehook.write_port(40001)
    hears("forward-port: qbittorrent is not running; its port is set when it starts")
    come_back(server)


def come_back(server: Server) -> None:
    """Docker first, then its containers, and gluetun has a port again."""
    server.docker.start()
    server.gluehook.hears("docker is seen", "0 of 2 containers run")
    server.torrents.preferences["listen_port"] = 6881
    server.start_containers()
    server.gluehook.write_port(40002)
    server.gluehook.hears("listens on 40002 (before: 6881)")
    assert len(server.gluehook.told("docker cannot be seen")) == 1, server.gluehook.lines


def test_sigterm_in_the_middle_of_a_restart_owes_the_start_to_the_next_life(server: Server) -> None:
    server.gluetun.stops_slowly = 10**6  # stopped, and it does not start
    server.start()
    server.fall_ill()
    until(lambda: "running" in server.gluetun.writes, "it was not asked to run again")
    assert server.gluehook.ends(signal.SIGTERM, wait_s=10) == 0
    assert server.gluehook.told("gluehook stops: nothing new begins, and heal-vpn may end within 8s")
    assert server.gluehook.told("INFO", "heal-vpn: gluehook is stopping; it is done at the next start")
    assert server.gluetun.status == "stopped"
    server.gluetun.stops_slowly = 0
    server.gluehook.start()
    until(lambda: server.gluetun.status == "running", "the start that was owed was not done")


def test_who_gets_no_port_is_restarted_too(server: Server) -> None:
    server.start()
    server.gluehook.hears("listens on 40000 (before: 6881)")
    server.gluetun.lose_port()
    server.gluehook.hears("gluetun: port.cleared; heal-vpn runs in 500ms if that lasts")
    server.gluehook.hears("heal-vpn: ", "its VPN was restarted; public IP 203.0.113.2, port 40000")
    server.gluehook.hears("listens on 40000 anew")
