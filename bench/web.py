"""What the page costs the runner: 20 open pages and a scrape every second, beside a gluehook without any.

Both take turns, one write each, and set the port of one real qBittorrent; both have 50,000 events in their journals.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import requests

from bench.figures import Figure, verdict
from bench.parts import FORWARD_PORT, gluehook, status, until_logged
from bench.reaction import one
from hooks.journal.journal import FILE_NAME
from hooks.journal.store import Store
from tests.parts.targets.daemon import free_port
from tests.parts.targets.qbittorrent import PASSWORD, QBittorrent, running
from tests.parts.values.journaled import one_more

PAGES, ROUNDS, EVENTS = 20, 60, 50_000
_FIRST_PORT = 25000
_SETTLED_S = 5.0
_FETCHES = 20


def measure(folder: Path, docker_host: str, rounds: int = ROUNDS) -> list[str]:
    """The lines of the report."""
    with ExitStack() as stack:
        target = stack.enter_context(running(folder / "qbittorrent"))
        plain, alone = stack.enter_context(_gluehook(folder / "plain", docker_host, target))
        address = f"127.0.0.1:{free_port()}"
        watched, beside = stack.enter_context(_gluehook(folder / "web", docker_host, target, GLUEHOOK_HTTP=address))
        (web,) = psutil.Process(beside).children()
        arrivals = stack.enter_context(_open_pages(folder / "arrivals", address))
        ways = {"without the page": plain, f"{PAGES} open pages, a scrape a second": watched}
        taken: dict[str, list[float]] = {way: [] for way in ways}
        for turn in range(-2, rounds):  # two turns to warm up
            for number, (way, file) in enumerate(ways.items()):
                took = one(file, _FIRST_PORT + (turn + 2) * len(ways) + number)
                if turn >= 0:
                    taken[way].append(took)
        time.sleep(_SETTLED_S)
        memory = [status(pid)["VmRSS"] / 1024 for pid in (alone, beside, web.pid)]
        first, whole, size = _fetched(f"http://{address}/")
        seen = Figure("a run's end on an open page's stream", [float(line) for line in arrivals.read_text().split()])
    figures = [Figure(way, values) for way, values in taken.items()]
    return [
        *(figure.line() for figure in (*figures, seen, first, whole)),
        verdict("reaction with open pages over without", figures[1].median / figures[0].median, 1.05, "×"),
        verdict("the runner's memory with its web process over without", memory[1] - memory[0], 1, "MiB"),
        verdict("the web process", memory[2], 60, "MiB"),
        verdict("first byte of the page", first.median, 50, "ms"),
        verdict("the whole page with its style and script", size, 80, "KiB"),
        verdict("a change on an open page, fetched anew", seen.p99 + whole.median, 300, "ms"),
    ]


@contextmanager
def _gluehook(folder: Path, docker_host: str, target: QBittorrent, **more: str) -> Iterator[tuple[Path, int]]:
    (folder / "state").mkdir(parents=True)
    _fill(folder / "state" / FILE_NAME)
    settings = {"QBITTORRENT_URL": target.url, "QBITTORRENT_PASSWORD": PASSWORD, **more}
    with gluehook(folder, FORWARD_PORT, docker_host, **settings) as process:
        until_logged(folder, "ready")
        if "GLUEHOOK_HTTP" in more:
            _until_served(more["GLUEHOOK_HTTP"])
        yield folder / "port" / "forwarded_port", process.pid


def _fill(path: Path) -> None:
    store = Store(path)
    for begin in range(0, EVENTS, 500):
        store.write(record for number in range(begin, begin + 500) for record in one_more(number))
    store.close()


def _until_served(address: str, within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            requests.get(f"http://{address}/healthz", timeout=2)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"nothing answers at {address}")


@contextmanager
def _open_pages(file: Path, address: str) -> Iterator[Path]:
    """Pages that stay open, in a process of their own; the file has the ms from each run's end to its arrival."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.open_pages", address, str(PAGES), str(file)],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "open"
        yield file
    finally:
        process.terminate()
        process.wait(5)


def _fetched(url: str) -> tuple[Figure, Figure, float]:
    """How long the page's first byte and the whole of it take, and the KiB of it with what it loads."""
    first, whole = [], []
    for _ in range(_FETCHES):
        began = time.perf_counter()
        with requests.get(url, stream=True, timeout=10) as response:
            response.raise_for_status()
            text = response.raw.read(1, decode_content=False)
            first.append((time.perf_counter() - began) * 1000)
            text += response.raw.read(decode_content=False)
        whole.append((time.perf_counter() - began) * 1000)
    loaded = sum(len(requests.get(url + name, timeout=10).content) for name in _LOADED)
    return Figure("first byte of the page", first), Figure("the whole page", whole), (len(text) + loaded) / 1024


_LOADED = ("static/gluehook.css", "static/gluehook.js")
