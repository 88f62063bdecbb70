"""kill -9 between any two steps of a re-creation, on a real engine: the next attempt ends it, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from handlers.containers.rejoin import Rejoin
from hooks.runtime.handler_memory import Memory
from hooks.world.model import World
from tests.parts.docker.docker_gate import Judge, gate
from tests.parts.docker.dockerd import Dockerd
from tests.parts.docker.on_engine import ends, inspected, namespace, now, state
from tests.parts.places import TOP
from tests.parts.values.one_attempt import ARGS

pytestmark = pytest.mark.docker

STEPS = ["create", "stop", "rename", "second rename", "start", "remove", "look"]
"""The process is killed just before this one is let in; the last is the look at what was done."""


def there(engine: Dockerd) -> tuple[set[str], set[str]]:
    """The names of containers and of volumes."""
    with closing(engine.client()) as client:
        containers = {one["Names"][0].lstrip("/") for one in client.containers(all=True)}
        return containers, {volume["Name"] for volume in client.volumes()["Volumes"] or []}


def kills_at(step: str, process: list[subprocess.Popen[bytes]]) -> Judge:
    """A judge that kills the process at this step, which is not let in any more."""
    seen: list[str] = []

    def judge(request: str) -> int:
        method, _, path = request.partition(" ")
        if method == "GET" and "remove" not in seen:
            return 0
        word = {"GET": "look", "DELETE": "remove"}.get(method, path.rpartition("/")[2])
        seen.append("second rename" if word == "rename" and word in seen else word)
        if seen[-1] == step:
            os.kill(process[0].pid, signal.SIGKILL)
            raise ConnectionError
        return 0

    return judge


@pytest.mark.parametrize("step", STEPS)
def test_there_is_one_container_in_its_place_with_all_that_it_had(engine: Dockerd, tmp_path: Path, step: str) -> None:
    old_vpn = engine.run("vpn")
    engine.run("dep", network="container:vpn", volumes=["/data"])
    assert engine.shell("dep", "echo kept > /data/file") == 0
    before, memory = there(engine), tmp_path / "memory.json"
    engine.remove("vpn")
    engine.run("vpn")
    process: list[subprocess.Popen[bytes]] = []
    with gate(tmp_path / "gate.sock", engine.socket) as door:
        door.judge = kills_at(step, process)
        command = [sys.executable, "-m", "tests.parts.values.one_attempt", str(memory), old_vpn]
        process.append(subprocess.Popen(command, cwd=TOP, env={**os.environ, "DOCKER_HOST": door.host}))
        assert process[0].wait(20) == -signal.SIGKILL
    world = World(earlier={"vpn": (old_vpn,)})
    status, said = ends(Rejoin(), ARGS, now(engine, memory=Memory(memory), world=world))
    assert status == ("unchanged" if step == "look" else "changed"), said
    assert there(engine) == before
    assert state(engine, "dep")["Running"]
    assert namespace(engine, "dep") == namespace(engine, "vpn")
    assert inspected(engine, "dep")["Mounts"][0]["Destination"] == "/data"
    assert engine.shell("dep", 'test "$(cat /data/file)" = kept') == 0
