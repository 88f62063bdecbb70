"""Port file closed → a real qBittorrent accepts on the new port: the floor, gluehook, and the way of today's tools.

All take turns, one write each, so that the machine's mood is the same for all. gluehook is there a second time, where
its journal cannot be written.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.figures import Figure, verdict
from bench.parts import FORWARD_PORT, gluehook, until_logged
from hooks.journal.journal import FILE_NAME
from tests.parts.targets.qbittorrent import PASSWORD, QBittorrent, running

ROUNDS = 50
_FIRST_PORT = 21000
_BARE = "gluehook, no journal"


def measure(folder: Path, docker_host: str, rounds: int = ROUNDS) -> list[str]:
    """The lines of the report."""
    with ExitStack() as stack:
        target = stack.enter_context(running(folder / "qbittorrent"))
        ways: dict[str, Path] = {}
        ways["floor: bare inotify, GET, POST"] = stack.enter_context(_floor(folder / "floor", target))
        ways["gluehook"] = stack.enter_context(_gluehook(folder / "gluehook", docker_host, target))
        bare = folder / "no journal"
        (bare / "state" / FILE_NAME).mkdir(parents=True)  # a folder can be neither written nor moved aside as damaged
        ways[_BARE] = stack.enter_context(_gluehook(bare, docker_host, target))
        until_logged(bare, f"{FILE_NAME} cannot be written")
        if shutil.which("inotifywait") and shutil.which("curl"):
            ways["today: inotifywait, two curls"] = stack.enter_context(_today(folder / "today", target))
        taken: dict[str, list[float]] = {way: [] for way in ways}
        for turn in range(-2, rounds):  # two turns to warm up
            for number, (way, file) in enumerate(ways.items()):
                took = one(file, _FIRST_PORT + (turn + 2) * len(ways) + number)
                if turn >= 0:
                    taken[way].append(took)
    figures = [Figure(way, values) for way, values in taken.items()]
    floor, ours, unkept, *today = (figure.median for figure in figures)
    return [
        *(figure.line() for figure in figures),
        verdict("gluehook over the floor", ours / floor, 2, "×"),
        verdict("of which the journal", ours - unkept, 1, "ms"),
        *(verdict("faster than today's way", way / ours, 15, "×", at_least=True) for way in today),
        *([] if today else ["     today's way not measured: apt-get install inotify-tools curl"]),
    ]


def one(file: Path, port: int) -> float:
    """Write the port, and the milliseconds from the close until it accepts."""
    with file.open("w") as opened:
        opened.write(str(port))
    closed = time.perf_counter()
    while time.perf_counter() - closed < 10:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                took = (time.perf_counter() - closed) * 1000
                break
        time.sleep(0.0001)
    else:
        raise RuntimeError(f"nothing listens on {port} ten seconds after {file} was written")
    time.sleep(0.05)  # let read-back, reannounce and the shells' tails end before the next turn
    return took


@contextmanager
def _gluehook(folder: Path, docker_host: str, target: QBittorrent) -> Iterator[Path]:
    with gluehook(
        folder, FORWARD_PORT, docker_host, QBITTORRENT_URL=target.url, QBITTORRENT_PASSWORD=PASSWORD
    ):  # fmt: skip
        until_logged(folder, "ready")
        yield folder / "port" / "forwarded_port"


@contextmanager
def _floor(folder: Path, target: QBittorrent) -> Iterator[Path]:
    with _program(folder, lambda file: [
        sys.executable, "-m", "bench.floor", str(file), "127.0.0.1", str(target.web_port), target.login()[2],
    ]) as file:  # fmt: skip
        yield file


@contextmanager
def _today(folder: Path, target: QBittorrent) -> Iterator[Path]:
    script = str(Path(__file__).with_name("today.sh"))
    with _program(folder, lambda file: ["sh", script, str(file), target.url, "admin", PASSWORD]) as file:
        time.sleep(0.3)  # inotifywait says nothing when its watch is on
        yield file


@contextmanager
def _program(folder: Path, command: Callable[[Path], list[str]]) -> Iterator[Path]:
    folder.mkdir(parents=True)
    file = folder / "forwarded_port"
    process = subprocess.Popen(
        command(file), stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1], start_new_session=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield file
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # the group that we made: a shell, inotifywait and a loop
        process.wait(5)
