"""`gluehook status`, process start to end, on a server of fakes with 50 containers; and with a target that hangs."""

from __future__ import annotations

import time
from pathlib import Path

from bench.figures import Figure, verdict
from tests.handlers.contract import misbehaving
from tests.parts.process.fake_home import FakeHome, fake_home

CONTAINERS = 50
TURNS = 21


def measure(folder: Path) -> list[str]:
    """Two series: all answers, and gluetun's control server takes connections and says nothing."""
    folder.mkdir(parents=True)
    with fake_home(folder, others=CONTAINERS - 4) as part:
        assert len(part.engine.containers) == CONTAINERS
        well = Figure(f"status, {CONTAINERS} containers", [_turn(part, code=0) for _ in range(TURNS)])
        with misbehaving("timeout") as address:
            taken = [_turn(part, code=1, GLUETUN_URL=address) for _ in range(TURNS)]
        hung = Figure("status, gluetun does not answer", taken)
    return [
        well.line(),
        hung.line(),
        verdict("status", well.median / 1000, 1, "s"),
        verdict("status with a target that hangs", hung.median / 1000, 1, "s"),
    ]


def _turn(part: FakeHome, *, code: int, **environment: str) -> float:
    """How long one takes, in ms."""
    part.beat()
    began = time.perf_counter()
    ran = part.call("status", **environment)
    took = (time.perf_counter() - began) * 1000
    assert ran.returncode == code, ran.stdout + ran.stderr
    return took
