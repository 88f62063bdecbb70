"""What followers of the control socket cost: the reaction with none, with one and with as many as there may be.

Each gluehook has its own folder and the same real qBittorrent; all take turns, so that the machine's mood is the same
for all. The followers read in processes of their own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.figures import Figure, verdict
from bench.parts import FORWARD_PORT, gluehook, status, until_logged
from bench.reaction import one
from hooks.control.lasting import MOST_OPEN
from tests.parts.targets.qbittorrent import PASSWORD, running

ROUNDS = 60
_FIRST_PORT = 23000
_FOLLOWER = """
import sys
from pathlib import Path
from hooks.control.client import follow
for item in follow(Path(sys.argv[1])):
    if item["kind"] == "hello":
        print("hello", flush=True)
"""


def measure(folder: Path, docker_host: str, rounds: int = ROUNDS) -> list[str]:
    """The lines of the report."""
    with ExitStack() as stack:
        target = stack.enter_context(running(folder / "qbittorrent"))
        pids, files, taken = dict[int, int](), dict[int, Path](), dict[int, list[float]]()
        for count in (0, 1, MOST_OPEN):
            place = folder / f"with-{count}"
            process = stack.enter_context(gluehook(
                place, FORWARD_PORT, docker_host, QBITTORRENT_URL=target.url, QBITTORRENT_PASSWORD=PASSWORD
            ))  # fmt: skip
            until_logged(place, "ready")
            for _ in range(count):
                stack.enter_context(_follower(place / "state"))
            pids[count], files[count], taken[count] = process.pid, place / "port" / "forwarded_port", []
        for turn in range(-2, rounds):  # two turns to warm up
            for number, count in enumerate(taken):
                took = one(files[count], _FIRST_PORT + (turn + 2) * len(taken) + number)
                if turn >= 0:
                    taken[count].append(took)
        time.sleep(1)
        memory = {count: status(pid)["VmRSS"] / 1024 for count, pid in pids.items()}
    figures = {count: Figure(f"gluehook, {count} followers", values) for count, values in taken.items()}
    none = figures[0].median
    return [
        *(f"{figure.line()}   RSS {memory[count]:.1f} MiB" for count, figure in figures.items()),
        verdict("one follower, of the reaction", (figures[1].median / none - 1) * 100, 5, "%"),
        verdict("as many as may be, of the reaction", (figures[MOST_OPEN].median / none - 1) * 100, 10, "%"),
        verdict("one follower's memory", memory[1] - memory[0], 1, "MiB"),
    ]


@contextmanager
def _follower(state: Path) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", _FOLLOWER, str(state)], stdout=subprocess.PIPE, text=True,
                               cwd=Path(__file__).parents[1])  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "hello\n"
        yield
    finally:
        process.kill()
        process.wait(5)
        if process.stdout:
            process.stdout.close()
