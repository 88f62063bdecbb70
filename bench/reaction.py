"""Port file closed → a real qBittorrent accepts on the new port: the floor, gluehook, and the way of today's tools.

All take turns, one write each, so that the machine's mood is the same for all. gluehook is there a second time, where
its journal cannot be written, and a third time, where it asks gluetun's control server instead of reading the file:
every tenth turn, because a poll may be as long as all others together.
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
from hooks.sources.port_api import STEADY_S
from tests.parts.targets.fakes_gluetun import FakeGluetun, fake_gluetun
from tests.parts.targets.qbittorrent import PASSWORD, QBittorrent, running

ROUNDS = 50
_FIRST_PORT = 21000
_BARE = "gluehook, no journal"
_API_TURNS = 10


def measure(folder: Path, docker_host: str, rounds: int = ROUNDS) -> list[str]:
    """The lines of the report."""
    with ExitStack() as stack:
        target = stack.enter_context(running(folder / "qbittorrent"))
        ways: dict[str, Path] = {}
        ways["floor: bare inotify, GET, POST"] = stack.enter_context(floor(folder / "floor", target))
        ways["gluehook"] = stack.enter_context(_gluehook(folder / "gluehook", docker_host, target))
        bare = folder / "no journal"
        (bare / "state" / FILE_NAME).mkdir(parents=True)  # a folder can be neither written nor moved aside as damaged
        ways[_BARE] = stack.enter_context(_gluehook(bare, docker_host, target))
        until_logged(bare, f"{FILE_NAME} cannot be written")
        if shutil.which("inotifywait") and shutil.which("curl"):
            ways["today: inotifywait, two curls"] = stack.enter_context(_today(folder / "today", target))
        api, gluetun = stack.enter_context(_by_api(folder / "api", docker_host, target))
        by_api: list[tuple[float, float]] = []
        taken: dict[str, list[float]] = {way: [] for way in ways}
        for turn in range(-2, rounds):  # two turns to warm up
            for number, (way, file) in enumerate(ways.items()):
                took = one(file, _FIRST_PORT + (turn + 2) * len(ways) + number)
                if turn >= 0:
                    taken[way].append(took)
            if turn % _API_TURNS == 0:
                by_api.append(one_by_api(gluetun, api, _FIRST_PORT - 1 - turn))
    figures = [Figure(way, values) for way, values in taken.items()]
    api_figures = [
        Figure(f"gluehook by API, polled every {STEADY_S:g} s", [whole for whole, _ in by_api]),
        Figure("gluehook by API, from the poll on", [since for _, since in by_api]),
    ]
    least, ours, unkept, *today = (figure.median for figure in figures)
    return [
        *(figure.line() for figure in (*figures, *api_figures)),
        verdict("by API, at most the poll and", max(api_figures[0].values) - STEADY_S * 1000, 50, "ms"),
        verdict("gluehook over the floor", ours / least, 2, "×"),
        verdict("of which the journal", ours - unkept, 1, "ms"),
        *(verdict("faster than today's way", way / ours, 15, "×", at_least=True) for way in today),
        *([] if today else ["     today's way not measured: apt-get install inotify-tools curl"]),
    ]


def one(file: Path, port: int) -> float:
    """Write the port, and the milliseconds from the close until it accepts."""
    with file.open("w") as opened:
        opened.write(str(port))
    took = _until_accepted(port, time.perf_counter(), f"{file} was written")
    time.sleep(0.05)  # let read-back, reannounce and the shells' tails end before the next turn
    return took


def one_by_api(gluetun: FakeGluetun, asked: list[float], port: int) -> tuple[float, float]:
    """Forward another port, and the milliseconds until it accepts: from then on, and from the poll that showed it."""
    asked.clear()
    gluetun.forwards = port
    whole = _until_accepted(port, began := time.perf_counter(), "the control server shows it")
    return whole, whole - (asked[0] - began) * 1000


def _until_accepted(port: int, began: float, what: str) -> float:
    while time.perf_counter() - began < 10:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return (time.perf_counter() - began) * 1000
        time.sleep(0.0001)
    raise RuntimeError(f"nothing listens on {port} ten seconds after {what}")


@contextmanager
def _gluehook(folder: Path, docker_host: str, target: QBittorrent) -> Iterator[Path]:
    with gluehook(
        folder, FORWARD_PORT, docker_host, QBITTORRENT_URL=target.url, QBITTORRENT_PASSWORD=PASSWORD
    ):  # fmt: skip
        until_logged(folder, "ready")
        yield folder / "port" / "forwarded_port"


@contextmanager
def _by_api(folder: Path, docker_host: str, target: QBittorrent) -> Iterator[tuple[list[float], FakeGluetun]]:
    """gluehook without a port file, the control server that it asks, and when it was asked for the port."""
    asked: list[float] = []

    def note(route: str) -> None:
        if route == "GET /v1/portforward":
            asked.append(time.perf_counter())

    with (
        fake_gluetun(before=note, forwards=_FIRST_PORT - 100) as (fake, url),
        gluehook(folder, FORWARD_PORT, docker_host, QBITTORRENT_URL=target.url, QBITTORRENT_PASSWORD=PASSWORD,
                 GLUETUN_URL=url, FORWARDED_PORT_SOURCE="api"),
    ):  # fmt: skip
        until_logged(folder, "ready")
        until_logged(folder, f"listens on {fake.forwards}")
        yield asked, fake


@contextmanager
def floor(folder: Path, target: QBittorrent) -> Iterator[Path]:
    """The port file of bare system calls."""
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
