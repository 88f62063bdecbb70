"""The two projects that ship, on a real engine by real Docker Compose, while gluehook runs: gluetun is made anew."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from docker.errors import NotFound

from tests.parts.docker.compose_project import Creations, Project, home, require_compose, wireguard
from tests.parts.docker.dockerd import Dockerd
from tests.parts.docker.on_engine import inspected, namespace, state
from tests.parts.process.gluehook import Gluehook, shipped, until

pytestmark = [pytest.mark.docker, pytest.mark.compose, pytest.mark.timeout(180)]

WAIT_S = 60.0  # Compose waits for health, and for the grace that gluehook gives it
HOME = {"gluetun", "qbittorrent", "gluehook"}
RECREATE = shipped(
    **{"rejoin-network_do": '{ use = "containers.rejoin", of = "gluetun", if_recreated = "recreate", grace = "5s" }'}
)


class Server:
    """The project and a gluehook, started by itself; Compose's own one does nothing."""

    def __init__(self, project: Project, gluehook: Gluehook) -> None:
        self.project, self.engine, self.gluehook = project, project.engine, gluehook
        self.creations = Creations(self.engine)

    def start(self, rules: str) -> None:
        self.project.compose("up", "-d")
        self.gluehook.rules.write_text(rules)
        self.gluehook.start()
        self.gluehook.hears("is ready")

    def settled(self) -> None:
        """Who shares gluetun's network is in it, and at its next `healthy` gluehook finds nothing to do."""
        until(self.attached, f"not attached: {self.gluehook.told('rejoin')}", WAIT_S)
        since = self.gluehook.mark()
        self.engine.shell("gluetun", "rm /ok")
        self.gluehook.hears("gluetun: container.unhealthy", since=since)
        self.engine.shell("gluetun", "touch /ok")
        self.gluehook.hears("rejoin-network: ", "is attached to it", since=since, wait_s=WAIT_S)
        assert self.attached()

    def attached(self) -> bool:
        try:
            if not all(state(self.engine, name)["Running"] for name in HOME):
                return False
            return namespace(self.engine, "qbittorrent") == namespace(self.engine, "gluetun")
        except NotFound:  # it is being made anew
            return False


@pytest.fixture
def server(engine: Dockerd, tmp_path: Path) -> Iterator[Server]:
    require_compose()
    part = Server(
        home(engine, tmp_path / "container"), Gluehook(tmp_path, DOCKER_HOST=engine.host, GLUEHOOK_LOG_LEVEL="DEBUG")
    )
    try:
        yield part
    finally:
        part.creations.close()
        part.gluehook.clean_up()


def force(project: Project) -> None:
    project.compose("up", "-d", "--force-recreate")


def change(project: Project) -> None:
    project.set("PIA_USER", "p7654321")
    project.compose("up", "-d")


def down_and_up(project: Project) -> None:
    project.compose("down")
    project.compose("up", "-d")


@pytest.mark.parametrize("anew", [force, change, down_and_up])
def test_compose_makes_gluetun_anew_and_everyone_ends_in_its_network_made_anew_once(
    server: Server, anew: Callable[[Project], None]
) -> None:
    server.start(RECREATE)
    before = server.project.ids()
    anew(server.project)
    server.settled()
    after = server.project.ids()
    assert set(after) == HOME
    assert after["gluetun"] != before["gluetun"]
    made = server.creations.count  # the first time counts, too
    assert made["gluetun"] == 2
    assert made["qbittorrent"] == 2, "by Compose or by gluehook, not by both"
    assert made["gluehook"] <= 2


def test_gluehook_makes_qbittorrent_anew_where_compose_leaves_it_behind(server: Server) -> None:
    """And the next `up -d` makes it anew once more at most: Compose's hash holds the id of gluetun."""
    server.start(RECREATE)
    server.project.compose("up", "-d", "--force-recreate", "--no-deps", "gluetun")
    server.settled()
    assert set(server.project.ids()) == HOME
    before = server.project.ids()
    server.project.compose("up", "-d")
    until(server.attached, "not attached", WAIT_S)
    after = server.project.ids()
    assert {name for name in after if after[name] != before.get(name)} <= {"qbittorrent"}
    server.project.compose("up", "-d")
    assert server.project.ids() == after
    assert server.attached()


def test_the_command_that_is_told_puts_everyone_right_and_makes_nobody_else_anew(server: Server) -> None:
    server.start(RECREATE.replace('"recreate"', '"report"'))
    server.project.compose("up", "-d", "--force-recreate", "--no-deps", "gluetun")
    said = server.gluehook.hears("ERROR", "rejoin-network: ", "docker compose", wait_s=WAIT_S)
    before = server.project.ids()
    command = re.search(r"docker compose [^`'\";|]*", said)
    assert command, said
    server.project.call(command[0].strip().rstrip("."))
    server.settled()
    after = server.project.ids()
    assert {name for name in after if after[name] != before[name]} == {"qbittorrent"}


def test_what_compose_restarts_together_with_gluetun_is_restarted_once(server: Server) -> None:
    server.start(RECREATE)
    until(server.attached, "not attached", WAIT_S)
    began = time.time_ns()
    server.project.compose("restart", "gluetun")  # and qbittorrent, whose depends_on has restart: true
    server.settled()
    wanted = {"event": "start", "container": "qbittorrent"}
    with closing(server.engine.client()) as client:
        # whole seconds, of which the first may have the start from before in it
        between = {"since": began // 10**9, "until": int(time.time()) + 1}
        started = [one for one in client.events(**between, filters=wanted, decode=True) if one["timeNano"] > began]
    assert len(started) == 1


def test_the_wireguard_project_keeps_its_network_through_all_of_it(server: Server) -> None:
    server.start(RECREATE)
    peers = wireguard(server.project)
    peers.compose("up", "-d")
    before = server.project.ids()
    assert set(before) == {*HOME, "wireguard", "adguard"}
    change(server.project)
    server.settled()
    after = server.project.ids()
    assert set(after) == set(before)
    assert {name: after[name] for name in ("wireguard", "adguard")} == {
        name: before[name] for name in ("wireguard", "adguard")
    }
    networks = {name: set(inspected(server.engine, name)["NetworkSettings"]["Networks"]) for name in after}
    assert networks["wireguard"] == networks["adguard"] == networks["gluetun"] == {"gluetun"}
    peers.compose("down")
    server.project.compose("down")
    assert server.project.ids() == {}
