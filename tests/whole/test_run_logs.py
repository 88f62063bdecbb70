"""container.log end to end: a real engine, a real container, and a gluehook that is killed meanwhile."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hooks.control.client import request
from tests.parts.docker.dockerd import Dockerd
from tests.parts.process.gluehook import Gluehook, until

pytestmark = pytest.mark.docker

RULES = """version = 1
[[rule]]
name = "said"
on = {{ event = "container.log", container = "son*", line = {{ regex = '(?:.* )?(?P<what>ERR|WARN) (?P<rest>.*)' }} }}
mode = "queued"
key = "all"
do = {{ use = "command.run", command = [
  "/bin/sh", "-c", 'echo "$0 $1 $2" >> {out}', "${{event.what}}", "${{event.rest}}", "${{event.stream}}",
] }}
"""
# it says what is written into /say, a line for each; `exec`, so that it stops at once
SAYS = [
    "sh",
    "-c",
    """
[ -f /say ] && again=1
: > /say
[ $again ] && echo ERR at the next start
exec tail -f -n +1 /say""",
]


class Heard:
    """What the rule was run for."""

    def __init__(self, folder: Path, engine: Dockerd) -> None:
        self.file, self.engine, self._last = folder / "out", engine, 0
        self.gluehook = Gluehook(folder, RULES.format(out=self.file), DOCKER_HOST=engine.host)

    def start(self) -> None:
        since = self.gluehook.mark()
        self.gluehook.start()
        self.gluehook.hears("is ready", since=since)

    def lines(self) -> list[str]:
        return self.file.read_text().splitlines() if self.file.exists() else []

    def says(self, *lines: str) -> None:
        for line in lines:
            assert self.engine.shell("sonarr", f"printf '{line}\\n' >> /say") == 0

    def until(self, *lines: str) -> None:
        """Wait until these lines were heard, each once, and no other."""
        until(lambda: len(self.lines()) >= self._last + len(lines), f"only {self.lines()} was heard, and no {lines}")
        assert sorted(self.lines()[self._last :]) == sorted(lines)
        self._last += len(lines)

    def killed(self) -> None:
        """Kill gluehook when all runs are in the journal; one that is not is done again by the next gluehook."""
        until(lambda: self._ended() == self._last, "the journal does not have all runs")
        self.gluehook.ends(signal.SIGKILL)

    def _ended(self) -> int:
        return sum(run["outcome"] == "changed" for run in request(self.gluehook.state, "history")[0])


@pytest.fixture
def heard(tmp_path: Path, engine: Dockerd) -> Iterator[Heard]:
    it = Heard(tmp_path, engine)
    yield it
    it.gluehook.clean_up()


def test_each_line_is_heard_once_whatever_happens_to_gluehook_and_the_container(heard: Heard, engine: Dockerd) -> None:
    engine.run("sonarr", SAYS)
    until(lambda: engine.shell("sonarr", "test -f /say") == 0, "the container does not begin")
    heard.start()
    heard.says("nothing", "WARN one", "\\033[31mxx ERR red\\033[0m", "a\\0b")
    heard.until("WARN one stdout", "ERR red stdout")
    with closing(engine.client()) as client:
        client.restart("sonarr")
    heard.until("ERR at the next start stdout")
    heard.killed()
    heard.says("ERR while gluehook was away")
    heard.start()
    heard.until("ERR while gluehook was away stdout")
    engine.remove("sonarr")
    engine.run("sonarr", ["sh", "-c", "echo WARN new >&2; sleep 1000"])
    heard.until("WARN new stderr")
    assert heard.gluehook.ends() == 0
    engine.remove("sonarr")
    engine.run("sonarr", ["sh", "-c", "echo WARN and again; sleep 1000"])
    heard.start()
    heard.until("WARN and again stdout")
    assert heard.gluehook.ends() == 0
