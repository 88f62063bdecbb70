"""The rows of the table: each is one engine or one qBittorrent of one release, and the tests that it takes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.matrix import programs
from tests.matrix.releases import RELEASES, Release
from tests.matrix.roots import root_of, version
from tests.parts.places import TOP

LOGS = TOP / "build" / "matrix"
_LIMIT_S = 600.0
_END_S = 60.0
# Processes and mounts of its own: whatever a row leaves behind ends with it. The shell, as the first process, reaps.
_NAMESPACES = (
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "sh",
    "-c",
    '"$0" "$@"; exit $?',
)
# a file's tests share an engine
_ENGINE_TESTS = ("-m", "docker or image or compose", "-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")
# Fifteen minutes for all rows: what takes long runs on the newest Docker, the image on the newest of each engine.
# `make test` runs all of it on the engine of this machine.
_LONG = ("handlers/containers/test_references_real.py", "handlers/containers/test_rejoin_later_real.py",
         "handlers/containers/test_recreate_killed.py", "handlers/wireguard/test_watch.py", "whole/test_run_docker.py",
         "whole/test_run_rejoin.py", "whole/test_run_wireguard.py", "whole/test_faults_docker.py")  # fmt: skip
_IMAGE = ("whole/test_image.py",)
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

    @property
    def left_out(self) -> tuple[str, ...]:
        """The test files that take too long for this row."""
        newest = self.release is RELEASES[-1]
        return (() if newest and self.part == "docker" else _LONG) + (() if newest else _IMAGE)


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
            env["TEST_ENGINE"] = row.name
        ignored = [f"--ignore=tests/{name}" for name in row.left_out]
        argv = [sys.executable, "-m", "pytest", *tests, *ignored, f"--junitxml={report}", "--tb=short", *arguments]
        process = subprocess.Popen(
            [*_NAMESPACES, *argv], cwd=TOP, env=env, stdout=log, stderr=log, start_new_session=True
        )
        try:
            process.wait(_LIMIT_S)
        except subprocess.TimeoutExpired:
            print(f"   {row.name} is ended after {_LIMIT_S:.0f} s", flush=True)
        finally:
            _end(process)
    return report


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask first: pytest then stops the engines that it has started."""
    with suppress(subprocess.TimeoutExpired, ProcessLookupError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(_END_S)
        return
    process.kill()
    process.wait()
