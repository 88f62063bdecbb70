"""Record tests/replays/ from a real engine: `python -m tests.record_replays [NAME…]`. Root, docker.io, busybox-static.

Each story happens to busybox containers named gluetun and qbittorrent and to a real port file, while `gluehook record`
listens. Where a story says that minutes pass, the time-stamps of what comes later are moved on instead.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.parts.docker.dockerd import Dockerd
from tests.parts.process.gluehook import Gluehook, until

REPLAYS = Path(__file__).with_name("replays")
RULES = "version = 1\n"  # that name no file and no period: ticks cannot be waited for
_WAIT_S = 30.0
_DOCKER = {"restart_policy": {"Name": "always"}}  # so that they come back with the engine
_OWN_FOLDER = re.compile(r"/[\w./-]*/docker\.sock")


class Story:
    """An engine with gluetun and qBittorrent, a port file, and `gluehook record`."""

    def __init__(self, engine: Dockerd, folder: Path) -> None:
        self.engine = engine
        self.part = Gluehook(folder, RULES, DOCKER_HOST=engine.host)
        self._file = folder / "recording.jsonl"
        self._moved: list[tuple[int, int]] = []  # from this instant on, by so much (both ns)
        self._recorder: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Everything is well: gluetun is healthy and has a port. Then the recording begins, with what is there."""
        self.start_gluetun()
        self.engine.run("qbittorrent", network="container:gluetun", host=_DOCKER)
        self.part.write_port(51413)
        argv = [sys.executable, "-m", "hooks", "record", "--output", str(self._file)]
        self._recorder = subprocess.Popen(argv, cwd=self.part.folder, env=self.part.environment)
        until(self._file.exists, "no recording has begun", _WAIT_S)
        self.heard("port.forwarded", "gluetun")
        self.heard("container.healthy", "gluetun")

    def start_gluetun(self) -> None:
        """A new gluetun, which becomes healthy."""
        self.engine.run("gluetun", healthcheck=self.engine.health(), host=_DOCKER)
        self.engine.shell("gluetun", "touch /ok")
        client = self.engine.client()
        until(
            lambda: client.inspect_container("gluetun")["State"]["Health"]["Status"] == "healthy", "no health", _WAIT_S
        )
        client.close()

    def port(self, port: int | str) -> None:
        """gluetun writes a port, or with "" loses it."""
        kind = "port.forwarded" if port else "port.cleared"
        begun = self.count(kind)
        self.part.write_port(port)
        self.heard(kind, "gluetun", begun + 1)

    def later(self, minutes: float) -> None:
        """So much time passes."""
        self._moved.append((time.time_ns(), int(minutes * 60e9)))

    def heard(self, kind: str, subject: str, times: int = 1) -> None:
        """Return when such an event has been recorded so often."""
        until(lambda: self.count(kind, subject) >= times, f"no {kind} of {subject}: {self._kinds()}", _WAIT_S)

    def count(self, kind: str, subject: str = "") -> int:
        """How many such events there are."""
        return sum(one["type"] == kind and subject in ("", one["subject"]) for one in self._lines())

    def end(self) -> str:
        """End the recording: its text, with the time-stamps moved."""
        assert self._recorder
        self._recorder.send_signal(signal.SIGTERM)
        assert self._recorder.wait(_WAIT_S) == 0
        return "".join(self._moved_on(line) + "\n" for line in self._lines())

    def _moved_on(self, line: dict[str, Any]) -> str:
        for key in ("at", "time"):
            line[key] += sum(by for since, by in self._moved if line[key] >= since)
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
        return _OWN_FOLDER.sub("/var/run/docker.sock", text)

    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._file.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def _kinds(self) -> list[str]:
        return [one["type"] for one in self._lines()]


def port_flap(story: Story) -> None:
    """The port goes, and comes back as another, four times within seconds."""
    for port in (51414, 51415, 51416, 51414):
        story.port("")
        story.port(port)


def vpn_down_ten_minutes(story: Story) -> None:
    """The tunnel dies: gluetun is unhealthy and has no port, until it recovers by itself after ten minutes."""
    story.engine.shell("gluetun", "rm /ok")
    story.heard("container.unhealthy", "gluetun")
    story.port("")
    story.later(10)
    story.engine.shell("gluetun", "touch /ok")
    story.heard("container.healthy", "gluetun", 2)
    story.port(51999)


def docker_restart(story: Story) -> None:
    """The engine is restarted, and its containers come back with it."""
    story.engine.restart()
    story.heard("source.restored", "docker")
    story.heard("container.start", "gluetun", 2)
    story.heard("container.start", "qbittorrent", 2)
    story.heard("container.healthy", "gluetun", 2)
    story.port(51413)


def gluetun_recreated(story: Story) -> None:
    """`docker compose up` after a change: gluetun is another container of the same name, with another port."""
    story.port("")
    story.engine.remove("gluetun")
    story.start_gluetun()
    story.heard("container.recreated", "gluetun")
    story.port(52000)


def qbittorrent_restarted(story: Story) -> None:
    """Its owner restarts qBittorrent; the port stays."""
    client = story.engine.client()
    client.restart("qbittorrent", timeout=0)
    client.close()
    story.heard("container.start", "qbittorrent", 2)


def wrong_password(story: Story) -> None:
    """The port changes twice, an hour apart, and qBittorrent is restarted with the right password in between."""
    story.later(30)
    story.port(51500)
    story.later(30)
    qbittorrent_restarted(story)


STORIES: dict[str, Callable[[Story], None]] = {
    story.__name__.replace("_", "-"): story
    for story in (
        port_flap,
        vpn_down_ten_minutes,
        docker_restart,
        gluetun_recreated,
        qbittorrent_restarted,
        wrong_password,
    )
}


def main(names: list[str]) -> int:
    """Record these stories, or all."""
    program = shutil.which("dockerd", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        sys.stderr.write("dockerd is not installed: apt-get install docker.io busybox-static\n")
        return 1
    for name in names or STORIES:
        with tempfile.TemporaryDirectory() as folder:
            engine = Dockerd(program, Path(folder))
            engine.start()
            try:
                engine.import_image()
                text = _record(engine, Path(folder), STORIES[name])
            finally:
                engine.stop()
        (REPLAYS / f"{name}.jsonl").write_text(text)
        sys.stdout.write(f"{name}: {text.count(chr(10))} events\n")
    return 0


def _record(engine: Dockerd, folder: Path, tell: Callable[[Story], None]) -> str:
    story = Story(engine, folder / "gluehook")
    story.begin()
    tell(story)
    return story.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
