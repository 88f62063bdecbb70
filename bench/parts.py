"""A gluehook process for a measurement: its own folder, rules and environment; ended by pid."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

FORWARD_PORT = """version = 1
[[rule]]
name = "forward-port"
on = ["port.forwarded", { event = "timer.tick", every = "5m" }]
key = "port"
do = "qbittorrent.set_port"
"""


def environment(folder: Path, docker_host: str, **more: str) -> dict[str, str]:
    """All that a gluehook in this folder has around it."""
    return {
        "PATH": os.environ["PATH"], "HOME": str(folder), "DOCKER_HOST": docker_host,
        "GLUEHOOK_RULES": str(folder / "rules.toml"), "GLUEHOOK_STATE": str(folder / "state"),
        "FORWARDED_PORT_FILE": str(folder / "port" / "forwarded_port"), **more,
    }  # fmt: skip


@contextmanager
def gluehook(folder: Path, rules: str, docker_host: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Run `gluehook run` in a folder for the time of a block; its log is `folder/log`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rules.toml").write_text(rules)
    (folder / "port").mkdir(exist_ok=True)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hooks", "run"],
            env=environment(folder, docker_host, **more),
            stdout=log,
            stderr=log,
            text=True,
            cwd=Path(__file__).parents[1],
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(12)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def until_logged(folder: Path, text: str, within_s: float = 20.0) -> str:
    """Wait for a line in the log. Raises RuntimeError with the log if it does not come."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        with suppress(FileNotFoundError):
            found = [line for line in (folder / "log").read_text().splitlines() if text in line]
            if found:
                return found[0]
        time.sleep(0.01)
    raise RuntimeError(f"no {text!r} in:\n" + (folder / "log").read_text())


def status(pid: int) -> Mapping[str, int]:
    """Memory (KiB) and context switches of a process and all its threads."""
    found = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "VmHWM", "RssAnon", "Threads"):
            found[name] = int(value.split()[0])
    switches = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt"):
                switches += int(line.split()[1])
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return {
        **found,
        "switches": switches,
        "cpu_ms": (int(ticks[11]) + int(ticks[12])) * 1000 // os.sysconf("SC_CLK_TCK"),
    }
