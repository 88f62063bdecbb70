"""What Docker's health check costs every 30 seconds for ever, beside a Python that does nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.figures import Figure, verdict
from bench.parts import FORWARD_PORT, environment, gluehook, until_logged
from hooks.runtime import heartbeat

ROUNDS = 40


def measure(folder: Path, docker_host: str) -> list[str]:
    """The lines of the report. The two take turns."""
    ways = {
        "python3 -c pass": [sys.executable, "-c", "pass"],
        "gluehook health": [str(Path(sys.executable).with_name("gluehook")), "health"],
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    with gluehook(folder, FORWARD_PORT, docker_host):
        until_logged(folder, "ready")
        env = environment(folder, docker_host)
        assert (folder / "state" / heartbeat.FILE_NAME).exists()
        for _ in range(ROUNDS):
            for way, command in ways.items():
                taken[way].append(_cpu_ms(command, env))
    nothing, check = (Figure(way, values) for way, values in taken.items())
    return [
        nothing.line(),
        check.line(),
        verdict("CPU of a health check over a Python that does nothing", check.median / nothing.median, 3, "×"),
    ]


def _cpu_ms(command: list[str], env: Mapping[str, str]) -> float:
    """CPU time of one call that ends well."""
    pid = os.posix_spawn(command[0], command, env, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, used = os.wait4(pid, 0)
    assert status == 0, command
    return (used.ru_utime + used.ru_stime) * 1000
