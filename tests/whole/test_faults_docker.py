"""The runner and a real engine, both stopped and killed while containers change: in the end all is as it should be."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.parts.docker.dockerd import Dockerd
from tests.parts.process import running as lives
from tests.parts.process.gluehook import until
from tests.parts.process.running import WAIT_S, Running
from tests.whole import test_run_docker
from tests.whole.test_run_docker import Server

pytestmark = pytest.mark.docker
containers, server, started = test_run_docker.containers, test_run_docker.server, lives.started  # fixtures

MEMORY = 256  # events that Docker remembers
RULES = "version = 1\n" + "".join(
    f'[[rule]]\nname = "{word}"\non = "container.{word}"\ndo = "play.act"\n' for word in ("start", "die")
)


def ports(server: Server) -> list[int]:
    """What qBittorrent was told to listen on, in thousands: a neighbour comes first where a port is set anew."""
    told = re.findall(r"'listen_port': (\d+)", " ".join(server.torrents.writes))
    return [round(int(port) / 1000) for port in told]


def test_more_happens_while_nobody_looks_than_docker_remembers(
    dockerd: Dockerd, tmp_path: Path, started: Callable[..., Running]
) -> None:
    (tmp_path / "docker.sock").symlink_to(dockerd.socket)
    dockerd.mend()
    try:
        ident = dockerd.run("web")
        dockerd.run("job")
        runner = started(text=RULES)
        until(lambda: {"web", "job"} <= runner.app.tracker.world.containers.keys(), "the containers are not seen")
        runner.stop()
        with closing(dockerd.client()) as client:
            client.rename("job", "shop")
            client.kill("web")
            client.wait("web")
            client.start("web")  # the same container, in another life …
            for _ in range(MEMORY + 10):
                client.exec_create("shop", "true")  # an event, too, and the cheapest
        runner = started(text=RULES)
        done: list[tuple[str, str]] = []
        while not {("start", "web"), ("start", "shop")} <= set(done):
            event = runner.calls.get(timeout=WAIT_S)[1].event
            done.append((event.type.partition(".")[2], event.subject))
        assert ("die", "web") not in done, "… of which Docker has forgotten the beginning"
        web = runner.app.tracker.world.containers["web"]
        assert (web.id, web.running) == (ident, True)
        assert "job" not in runner.app.tracker.world.containers
    finally:
        dockerd.remove("web", "job", "shop")


def test_both_are_killed_and_restarted_while_containers_change(server: Server) -> None:
    """What is desired at each instant is the port in the file; qBittorrent forgets it whenever it starts."""
    gluehook, docker = server.gluehook, server.docker
    server.start(heal_vpn_for='"60s"')
    gluehook.write_port(41000)
    gluehook.hears("listens on 41000")
    gluehook.write_port(42000)
    gluehook.ends(signal.SIGKILL)  # it may have read it, or begun, or neither

    docker.kill()
    gluehook.start()  # while there is no engine
    docker.start()  # the containers have died meanwhile
    gluehook.hears("docker is seen", "0 of 2 containers run")
    server.torrents.preferences["listen_port"] = 6881
    server.start_containers()
    gluehook.write_port(43000)
    gluehook.hears("listens on 43000")

    docker.terminate()
    gluehook.ends(signal.SIGKILL)
    docker.start()
    server.torrents.preferences["listen_port"] = 6881
    server.start_containers()  # nobody hears of it
    gluehook.write_port(44000)
    since = gluehook.mark()
    gluehook.start()
    docker.restart()  # in the midst of its first look, perhaps
    server.start_containers()
    gluehook.write_port(45000)
    gluehook.hears("listens on 45000", since=since)
    assert gluehook.ends(signal.SIGTERM) == 0
    assert server.torrents.preferences["listen_port"] == 45000
    assert ports(server) == sorted(ports(server)), "an older port came after a newer one"
