"""A container that writes 20,000 lines a second, whose log a rule follows: what that costs the port's reaction."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.figures import verdict
from bench.parts import FORWARD_PORT, gluehook, until_logged
from bench.reaction import one
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.targets.qbittorrent import PASSWORD, running

LINES_A_SECOND = 20_000
ROUNDS = 120
PORT = 24000
_AT_ONCE = 200  # lines in one write
_CHATTY = "c" * 64
_FOLLOWS = """
[[rule]]
name = "seldom"
on = { event = "container.log", container = "chatty", line = { regex = '.* (?P<level>ERROR|WARN) (?P<rest>.*)' } }
do = { use = "command.run", command = ["true"] }
"""


def measure(folder: Path) -> list[str]:
    """The lines of the report."""
    folder.mkdir()
    sys.setswitchinterval(0.0005)  # what measures waits for no thread that writes the log
    with ExitStack() as stack:
        target = stack.enter_context(running(folder / "qbittorrent"))
        files: dict[str, Path] = {}
        logs: list[Logs] = []
        for way, rules in (("without", FORWARD_PORT), ("with", FORWARD_PORT + _FOLLOWS)):
            engine, log = stack.enter_context(_engine(folder / f"{way}.sock"))
            logs.append(log)
            place = folder / way
            stack.enter_context(
                gluehook(place, rules, engine.host, QBITTORRENT_URL=target.url, QBITTORRENT_PASSWORD=PASSWORD)
            )
            until_logged(place, "ready")
            files[way] = place / "port" / "forwarded_port"
        taken = _rounds(files, logs[1])
    plain, busy = (sorted(taken[way]) for way in ("without", "with"))
    lost = _p99(busy) - _p99(plain)
    figures = (
        f"median {plain[len(plain) // 2]:.1f} ms without, {busy[len(busy) // 2]:.1f} ms with; "
        f"p99 {_p99(plain):.1f} and {_p99(busy):.1f} ms, of {ROUNDS} each; {logs[1].rate():.0f} lines/s were read"
    )
    return [
        figures,
        verdict("lines a second that were read", logs[1].rate(), LINES_A_SECOND * 0.9, "", at_least=True),
        verdict("p99 of the port's reaction that the log costs", lost, 10, "ms"),
    ]


def _rounds(files: dict[str, Path], log: Logs) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {way: [] for way in files}
    for turn in range(-3, ROUNDS):  # three to warm up
        for number, (way, file) in enumerate(files.items()):
            if way == "with":
                log.flows.set()
                time.sleep(0.1)
            took = one(file, PORT + (turn + 3) * 2 + number)
            log.flows.clear()
            if turn >= 0:
                taken[way].append(took)
    return taken


def _p99(times: list[float]) -> float:
    return times[int(len(times) * 0.99) - 1]


class Logs:
    """The log of one container, which flows while `flows` is set."""

    def __init__(self) -> None:
        self.flows = threading.Event()
        self.written, self.took_s = 0, 0.0

    def rate(self) -> float:
        """Lines a second, while it flowed."""
        return self.written / max(self.took_s, 1e-9)

    def stream(self, write: Callable[[bytes], object], _ask: object) -> None:
        """Write lines at the rate, as Docker frames them, until the reader is gone."""
        block = b"".join(_frame(number) for number in range(_AT_ONCE))
        while self.flows.wait():
            began = due = time.perf_counter()
            while self.flows.is_set():
                write(block)
                self.written += _AT_ONCE
                due += _AT_ONCE / LINES_A_SECOND
                time.sleep(max(0.0, due - time.perf_counter()))
            self.took_s += time.perf_counter() - began


def _frame(number: int) -> bytes:
    text = f"2026-12-01T01:27:34.{number:09d}Z 01:27:34.525 INFO request {number} of /api/v1/items took 3 ms\n".encode()
    return bytes((1, 0, 0, 0)) + len(text).to_bytes(4, "big") + text


@contextmanager
def _engine(socket: Path) -> Iterator[tuple[FakeEngine, Logs]]:
    engine, logs = FakeEngine(socket), Logs()
    engine.has("chatty", _CHATTY)
    engine.logs[_CHATTY] = logs.stream
    try:
        yield engine, logs
    finally:
        engine.stop()
