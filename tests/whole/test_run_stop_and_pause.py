"""What rules stop and pause is given back end to end: a real engine, a real `gluehook run`, killed in between."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hooks.control.client import request
from tests.parts.docker.dockerd import Dockerd
from tests.parts.docker.on_engine import composed, state
from tests.parts.process.gluehook import Gluehook, until

pytestmark = pytest.mark.docker

RULES = """\
version = 1
[[rule]]
name = "stop-for-backup"
on   = { event = "container.start", container = "backup" }
do   = [{ use = "containers.pause", container = ["loader", "held"] },
        { use = "containers.stop", project = "home" }]
[[rule]]
name = "start-after-backup"
on   = { event = "container.die", container = "backup" }
do   = [{ use = "containers.start", project = "home", only_ours = true },
        { use = "containers.unpause", container = ["loader", "held"], only_ours = true }]
"""


@pytest.fixture
def gluehook(engine: Dockerd, tmp_path: Path) -> Iterator[Gluehook]:
    process = Gluehook(tmp_path, RULES, DOCKER_HOST=engine.host)
    try:
        yield process
    finally:
        process.clean_up()


def is_done(gluehook: Gluehook, rule: str) -> bool:
    """Whether the journal has a run of this rule; the log has it a moment earlier."""
    return any((run["rule"], run["outcome"]) == (rule, "changed") for run in request(gluehook.state, "history")[0])


def test_what_was_stopped_and_paused_comes_back_although_gluehook_was_killed(
    engine: Dockerd, gluehook: Gluehook
) -> None:
    for name, needs in {"db": (), "web": ("db",), "idle": ("db",)}.items():
        engine.run(name, labels=composed(name, *needs))
    for name in ("loader", "held"):
        engine.run(name)
    with closing(engine.client()) as client:
        client.stop("idle")  # its owner's
        client.pause("held")
    gluehook.start()
    gluehook.hears("is ready")
    engine.run("backup")
    gluehook.hears("stop-for-backup: container 'held' is paused already, not by gluehook; container 'loader' paused;",
                   "container 'web' stopped; container 'db' stopped")  # fmt: skip
    until(lambda: is_done(gluehook, "stop-for-backup"), "the run is not in the journal, and would be done again")
    gluehook.ends(signal.SIGKILL)
    with closing(engine.client()) as client:
        client.stop("backup")  # while nobody listens
    gluehook.start()
    gluehook.hears("start-after-backup:", "container 'idle' stays stopped until you start it")
    seen = {name: state(engine, name) for name in ("db", "web", "idle", "loader", "held")}
    assert [name for name, one in seen.items() if one["Running"]] == ["db", "web", "loader", "held"]
    assert [name for name, one in seen.items() if one["Paused"]] == ["held"]
