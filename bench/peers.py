"""WireGuard: 100 devices follow another DNS server, with QR codes and Apple profiles; and a run without a change."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench.figures import Figure, verdict
from handlers.wireguard.regenerate_peers import RegenerateArgs, RegeneratePeers
from hooks.config.settings import Settings
from tests.handlers.contract import context
from tests.parts.targets.wireguard_folder import make_folder

PEERS = 100
RUNS = 7
_BAR_MS = 1000


def measure(folder: Path) -> list[str]:
    """The whole handler, from its start to files that are on the disk."""
    made = make_folder(folder / "config", [f"device{number}" for number in range(PEERS)])
    times: dict[str, list[float]] = {"with QR codes": [], "with Apple's profiles, too": [], "without a change": []}
    for run in range(RUNS):
        times["with QR codes"].append(_regenerate(made, RegenerateArgs(dns=f"172.18.1.{run}")))
        times["without a change"].append(_regenerate(made, RegenerateArgs(dns=f"172.18.1.{run}")))
    _regenerate(made, RegenerateArgs(home_ssids=["Home"]))
    for run in range(RUNS):
        times["with Apple's profiles, too"].append(_regenerate(made, RegenerateArgs(dns=f"172.18.2.{run}")))
    figures = [Figure(f"{PEERS} peers {what}", taken) for what, taken in times.items()]
    return [
        *(figure.line() for figure in figures),
        f"a disk's own share, {2 * PEERS} files written and synced one by one: {_floor(folder / 'floor'):.0f} ms",
        verdict(f"{PEERS} peers with QR codes", figures[0].median, _BAR_MS, "ms"),
    ]


def _regenerate(folder: Path, args: RegenerateArgs) -> float:
    ctx = replace(context(settings=Settings(wireguard_dir=str(folder))), left=lambda: 60.0)
    return _timed(lambda: RegeneratePeers().apply(args, ctx))


def _floor(folder: Path) -> float:
    folder.mkdir()

    def write() -> None:
        for number in range(2 * PEERS):
            with (folder / str(number)).open("wb") as file:
                file.write(bytes(500))
                os.fsync(file.fileno())

    return _timed(write)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000
