"""The rows of the table: each is one engine or one qBittorrent of one release, and the tests that it takes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.matrix import programs
from tests.matrix.releases import RELEASES, Release
from tests.matrix.roots import root_of, version
from tests.parts.places import TOP

LOGS = TOP / "build" / "matrix"
_LIMIT_S = 600.0
_ENGINE_TESTS = ("-m", "docker or image or compose", "-n", "3", "--dist", "loadfile")  # a file's tests share an engine
_QBITTORRENT_TESTS = ("-m", "qbittorrent", "-n", "3")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    part: str  # "docker", "podman" or "qbittorrent"
    version: str
    release: Release
    root: Path

    @property
    def name(self) -> str:
        """What the table calls it, "podman 5.4.2"."""
        return f"{self.part} {self.version}"


def rows(roots: dict[str, Path]) -> list[Row]:
    """All rows, engines first. `roots` has each release's root."""
    return [
        Row(part, version(roots[release.name], package), release, roots[release.name])
        for part, package in (("docker", "docker.io"), ("podman", "podman"), ("qbittorrent", "qbittorrent-nox"))
        for release in RELEASES
    ]


def run(row: Row, arguments: list[str]) -> Path:
    """Run the row's tests; where their JUnit report is. What pytest says is in a log beside it."""
    LOGS.mkdir(parents=True, exist_ok=True)
    report = LOGS / f"{row.name.replace(' ', '-')}.xml"
    report.unlink(missing_ok=True)
    tests = _QBITTORRENT_TESTS if row.part == "qbittorrent" else _ENGINE_TESTS
    with tempfile.TemporaryDirectory() as folder, report.with_suffix(".log").open("w") as log:
        compose = next(release for release in RELEASES if release.name == row.release.compose_from)
        env = {**os.environ, **programs.put(row.root, root_of(compose), Path(folder))}
        env.pop("NO_SKIPS", None)  # what was skipped, and why, is in the table
        if row.part != "qbittorrent":
            env["GLUEHOOK_TEST_ENGINE"] = row.name
        argv = [sys.executable, "-m", "pytest", *tests, f"--junitxml={report}", "--tb=short", *arguments]
        process = subprocess.Popen(argv, cwd=TOP, env=env, stdout=log, stderr=log, start_new_session=True)
        try:
            process.wait(_LIMIT_S)
        except subprocess.TimeoutExpired:
            print(f"   {row.name} is ended after {_LIMIT_S:.0f} s", flush=True)
        finally:
            _end(process)
    return report


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask first: pytest then stops the engines that it has started."""
    for how in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, how)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            continue
