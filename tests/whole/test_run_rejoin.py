"""Dependents of gluetun end to end: a real engine, a real `gluehook run`, and a kill in the middle."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.parts.docker.docker_gate import gate
from tests.parts.docker.dockerd import Dockerd
from tests.parts.docker.on_engine import composed, inspected, namespace, state
from tests.parts.process.gluehook import Gluehook, shipped, until

pytestmark = pytest.mark.docker

RECREATE = """version = 1
[[rule]]
name  = "rejoin-network"
on    = { event = "container.healthy", container = "gluetun" }
retry = { attempts = 3, first = "100ms", max = "100ms" }
do    = { use = "containers.rejoin", of = "gluetun", if_recreated = "recreate", grace = "10ms" }
"""


class Server:
    """gluetun with a health check that a file decides, the containers in its network, and a gluehook."""

    def __init__(self, docker: Dockerd, gluehook: Gluehook) -> None:
        self.docker, self.gluehook = docker, gluehook

    def gluetun(self, **config: Any) -> str:
        check = self.docker.health("/ok", interval_ms=100)
        return self.docker.run("gluetun", 'sh -c "touch /ok; sleep 1000"', healthcheck=check, **config)

    def run(self, rules: str, **environment: str) -> None:
        self.gluehook.rules.write_text(rules)
        self.gluehook.environment.update(environment)
        self.gluehook.start()
        self.gluehook.hears("is ready")

    def healthy(self) -> None:
        until(lambda: state(self.docker, "gluetun")["Health"]["Status"] == "healthy", "gluetun does not get well")

    def attached(self, *names: str) -> bool:
        return {namespace(self.docker, name) for name in names} == {namespace(self.docker, "gluetun")}

    def names(self) -> list[str]:
        with closing(self.docker.client()) as client:
            return sorted(one["Names"][0] for one in client.containers(all=True))


@pytest.fixture
def server(dockerd: Dockerd, tmp_path: Path) -> Iterator[Server]:
    dockerd.mend()
    part = Server(dockerd, Gluehook(tmp_path, DOCKER_HOST=dockerd.host))
    try:
        yield part
    finally:
        part.gluehook.clean_up()
        dockerd.remove()


def test_after_a_restart_of_gluetun_everyone_is_back_in_its_network_and_that_wakes_nobody(server: Server) -> None:
    server.gluetun()
    server.docker.run("qbittorrent", network="container:gluetun")
    server.docker.run("sonarr", network="container:gluetun")
    server.healthy()
    server.run(shipped(), GLUEHOOK_LOG_LEVEL="DEBUG")
    hears, since = server.gluehook.hears, server.gluehook.mark()
    with closing(server.docker.client()) as client:
        client.restart("gluetun", timeout=0)
    hears("rejoin-network: containers 'qbittorrent' and 'sonarr' restarted, in the network of 'gluetun'", since=since)
    assert server.attached("qbittorrent", "sonarr")
    hears("qbittorrent: container.start", "by our run rejoin-network/gluetun#", since=since)
    for _ in "12":  # two more checks of gluetun's are taken in: nothing has woken the rule again
        later = server.gluehook.mark()
        server.docker.shell("gluetun", "rm /ok")
        hears("gluetun: container.unhealthy", since=later)
        server.docker.shell("gluetun", "touch /ok")
        hears("rejoin-network: every container in the network of 'gluetun' is attached to it", since=later)
    assert len(server.gluehook.told("rejoin-network: containers", since=since)) == 1


def test_who_was_paused_meanwhile_is_brought_in_once_it_is_unpaused(server: Server) -> None:
    server.gluetun()
    server.docker.run("sonarr", network="container:gluetun")
    server.healthy()
    server.run(shipped())
    hears, since = server.gluehook.hears, server.gluehook.mark()
    with closing(server.docker.client()) as client:
        client.pause("sonarr")
        client.restart("gluetun", timeout=0)
        hears("rejoin-network: container 'sonarr' is paused and stays so; it is checked again", since=since)
        client.unpause("sonarr")
    hears("rejoin-network: container 'sonarr' restarted, in the network of 'gluetun'", since=since)
    assert server.attached("sonarr")


def test_who_must_be_recreated_is_told_with_the_command_that_does_it(server: Server) -> None:
    server.gluetun()
    old = server.docker.run("qbittorrent", network="container:gluetun", labels=composed("torrents", "gluetun"))
    server.healthy()
    server.run(shipped().replace('if_recreated = "report"', 'grace = "1s"'))
    server.docker.remove("gluetun")
    server.gluetun()
    hears = server.gluehook.hears
    hears("rejoin-network: 'gluetun' has been re-created, so that container 'qbittorrent' must be, too", "in 1s")
    command = "docker compose -f /srv/compose.yaml -p home up -d --force-recreate torrents"
    hears("ERROR", "rejoin-network: ", command)
    hears("rejoin-failed: no APPRISE_URLS is set, so no message was sent: Containers are cut off", command)
    assert inspected(server.docker, "qbittorrent")["Id"] == old


def test_an_id_that_an_earlier_life_saw_is_known_to_the_next(server: Server) -> None:
    server.gluetun()
    server.docker.run("dep", network="container:gluetun")
    server.healthy()
    server.run(RECREATE)
    assert server.gluehook.ends() == 0
    server.docker.remove("gluetun")
    server.gluetun()  # while nobody looks, and Docker's own memory of it may be over
    server.healthy()
    server.gluehook.start()
    server.gluehook.hears("rejoin-network: container 'dep' re-created, in the network of 'gluetun'")
    assert server.attached("dep")


def test_killed_in_the_middle_of_a_recreation_the_next_life_ends_it(server: Server, tmp_path: Path) -> None:
    server.gluetun()
    server.docker.run("dep", network="container:gluetun")
    server.healthy()

    def kill_before_the_start(request: str) -> int:
        if request.startswith("POST") and request.endswith("/start"):
            os.kill(server.gluehook.pid, signal.SIGKILL)
            raise ConnectionError
        return 0

    with gate(tmp_path / "gate.sock", server.docker.socket) as door:
        server.run(RECREATE, DOCKER_HOST=door.host)
        door.judge = kill_before_the_start
        server.docker.remove("gluetun")
        server.gluetun()
        assert server.gluehook.ends(None, wait_s=15) == -signal.SIGKILL
        assert not state(server.docker, "dep")["Running"]
        door.judge, since = (lambda _: 0), server.gluehook.mark()
        server.gluehook.start()
        server.gluehook.hears(
            "rejoin-network: the re-creation of container 'dep', which was cut off, is undone; "
            "container 'dep' re-created, in the network of 'gluetun'", since=since,
        )  # fmt: skip
    assert server.names() == ["/dep", "/gluetun"]
    assert server.attached("dep")
