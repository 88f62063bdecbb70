"""`only_if` end to end: a real engine, a container that is stopped, paused and started, a kill while a run waits."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.docker.dockerd import Dockerd
from tests.parts.process.gluehook import Gluehook, until

pytestmark = pytest.mark.docker

RULES = """version = 1
[[rule]]
name = "tell-port"
on = "port.forwarded"
only_if = { container = "sonarr", is = "running" }
do = { use = "command.run", command = ["sh", "-c", "echo $0 >> FOLDER/ports", "${event.port}"] }

[[rule]]
name = "on-file"
on = { event = "file.written", path = "FOLDER/trigger" }
only_if = [{ container = "sonarr", is = "running" }, { not = { container = "nobody", is = ["running", "stopped"] } }]
do = { use = "command.run", command = ["sh", "-c", "echo file >> FOLDER/ports"] }
"""
WANTED = 'and only_if wants { container = "sonarr", is = "running" }'


@pytest.fixture
def gluehook(dockerd: Dockerd, tmp_path: Path) -> Iterator[Gluehook]:
    """A gluehook beside a sonarr that is stopped."""
    dockerd.mend()
    dockerd.remove("sonarr")
    part = Gluehook(tmp_path, RULES.replace("FOLDER", str(tmp_path)), DOCKER_HOST=dockerd.host)
    try:
        dockerd.run("sonarr")
        client = dockerd.client()
        client.stop("sonarr", timeout=0)
        client.close()
        yield part
    finally:
        part.clean_up()
        dockerd.mend()
        dockerd.remove("sonarr")


def test_a_port_waits_for_a_container_and_a_written_file_does_not(dockerd: Dockerd, gluehook: Gluehook) -> None:
    ports, trigger, client = gluehook.folder / "ports", gluehook.folder / "trigger", dockerd.client()
    try:
        gluehook.start()
        gluehook.hears("is ready")
        gluehook.write_port(40000)
        gluehook.hears(f"port.forwarded; tell-port waits for its conditions: 'sonarr' is stopped, {WANTED}")
        trigger.write_text("1")
        gluehook.hears("on-file does not run: 'sonarr' is stopped", WANTED)
        explained = gluehook.call("explain", "port.forwarded", "port=40001").stdout
        assert "tell-port  does not run" in explained
        assert "only_if: 'sonarr' is stopped, and the rule wants" in explained
        # a kill while it waits
        gluehook.ends(signal.SIGKILL)
        since = gluehook.mark()
        gluehook.start()
        gluehook.hears("tell-port waits for its conditions: 'sonarr' is stopped", since=since)
        assert not ports.exists()
        client.start("sonarr")
        until(lambda: ports.exists() and ports.read_text() == "40000\n", "the port is not told")
        # paused is not running
        client.pause("sonarr")
        trigger.write_text("2")
        gluehook.hears("on-file does not run: 'sonarr' is paused", since=since)
        gluehook.write_port(41000)
        gluehook.hears("tell-port waits for its conditions: 'sonarr' is paused", since=since)
        client.unpause("sonarr")
        until(lambda: ports.read_text() == "40000\n41000\n", "the second port is not told")
        trigger.write_text("3")
        gluehook.hears("on-file: ", "done", since=since)
        assert ports.read_text().endswith("file\n")
        history = gluehook.call("history", "--json").stdout.splitlines()
        assert len([line for line in history if '"changed"' in line]) == 3, history
        assert gluehook.ends() == 0
    finally:
        client.close()
