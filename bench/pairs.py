"""Eight gluetuns with a torrent client each: what that costs beside one, in reaction and at rest.

All take turns, one write each. Each client is a real qBittorrent, and each gluetun a port file. A client
that is asked after a pause is slower than one that was asked just now, so eight pairs stand beside a floor that takes
the same ones in turn.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.figures import Figure, verdict
from bench.parts import gluehook, status, until_logged
from bench.reaction import floor, one
from tests.parts.targets.qbittorrent import PASSWORD, QBittorrent, running

PAIRS, ROUNDS = 8, 48
_FIRST_PORT = 23000
_SETTLED_S = 5.0
_RULE = """version = 1
[[rule]]
name = "forward-port"
on = "port.forwarded"
key = "${event.gluetun}"
do = "client.set_port"
"""
_PAIR = """
[[gluetun]]
container = "vpn-{n}"
port_file = "{file}"
url = "http://127.0.0.1:9"
[[client]]
kind = "qbittorrent"
container = "torrents-{n}"
gluetun = "vpn-{n}"
url = "{url}"
"""


def measure(folder: Path, docker_host: str, rounds: int = ROUNDS) -> list[str]:
    """The lines of the report."""
    with ExitStack() as stack:
        clients = [stack.enter_context(running(folder / f"qbittorrent-{n}")) for n in range(PAIRS)]
        single, one_rss = stack.enter_context(_gluehook(folder / "one", docker_host, clients[:1]))
        several, all_rss = stack.enter_context(_gluehook(folder / "several", docker_host, clients))
        # last: their connections are not kept for long
        bare = [stack.enter_context(floor(folder / f"floor-{n}", client)) for n, client in enumerate(clients)]
        ways: dict[str, Sequence[Path]] = {
            "floor: bare inotify, GET, POST": bare[:1], "gluehook, one pair": single,
            f"floor, {PAIRS} clients in turn": bare, f"gluehook, {PAIRS} pairs": several,
        }  # fmt: skip
        taken: dict[str, list[float]] = {way: [] for way in ways}
        port = _FIRST_PORT
        for turn in range(-PAIRS, rounds):  # one turn of each client to warm up
            for way, files in ways.items():
                port += 1
                took = one(files[turn % len(files)], port)
                if turn >= 0:
                    taken[way].append(took)
    figures = [Figure(way, values) for way, values in taken.items()]
    low, one_pair, low_in_turn, in_turn = (figure.median for figure in figures)
    return [
        *(figure.line() for figure in figures),
        verdict("one pair over the floor", one_pair / low, 1.5, "×"),
        verdict(f"{PAIRS} pairs over the floor of the same clients", in_turn / low_in_turn, 1.5, "×"),
        verdict(f"memory of {PAIRS} pairs beside one, at rest", all_rss - one_rss, 6, "MiB"),
    ]  # fmt: skip


@contextmanager
def _gluehook(folder: Path, docker_host: str, clients: Sequence[QBittorrent]) -> Iterator[tuple[list[Path], float]]:
    """The port files, and its memory in MiB once each port was set."""
    files = [folder / f"port-{n}" / "forwarded_port" for n in range(len(clients))]
    tables = [
        _PAIR.format(n=n, file=file, url=client.url)
        for n, (file, client) in enumerate(zip(files, clients, strict=True))
    ]
    for file in files:
        file.parent.mkdir(parents=True)
    with gluehook(folder, _RULE + "".join(tables), docker_host, QBITTORRENT_PASSWORD=PASSWORD) as process:
        until_logged(folder, "ready")
        for n, file in enumerate(files):
            one(file, _FIRST_PORT - 1000 + n)
        time.sleep(_SETTLED_S)
        yield files, status(process.pid)["VmRSS"] / 1024
