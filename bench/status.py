"""`gluehook status` and `doctor`, start to end, on a server of fakes with 50 containers; one target may hang."""

from __future__ import annotations

import time
from pathlib import Path

from bench.figures import Figure, verdict
from tests.handlers.contract import misbehaving
from tests.parts.process.fake_home import FakeHome, fake_home

CONTAINERS = 50
TURNS = 21


def measure(folder: Path) -> list[str]:
    """Three series: all answers, the control server takes connections and says nothing, and the doctor."""
    folder.mkdir(parents=True)
    with fake_home(folder, others=CONTAINERS - 4) as part:
        assert len(part.engine.containers) == CONTAINERS
        well = Figure(f"status, {CONTAINERS} containers", [_turn(part, code=0) for _ in range(TURNS)])
        with misbehaving("timeout") as address:
            taken = [_turn(part, code=1, GLUETUN_URL=address) for _ in range(TURNS)]
        hung = Figure("status, gluetun does not answer", taken)
        part.inspected("adguard")["NetworkSettings"]["Networks"] = {}  # nothing answers on port 53 here
        taken = [_turn(part, code=0, word="doctor") for _ in range(TURNS)]
        doctor = Figure(f"doctor, {CONTAINERS} containers", taken)
    return [
        well.line(),
        hung.line(),
        doctor.line(),
        verdict("doctor", doctor.median / 1000, 1, "s"),
        verdict("status", well.median / 1000, 1, "s"),
        verdict("status with a target that hangs", hung.median / 1000, 1, "s"),
    ]


def _turn(part: FakeHome, *, code: int, word: str = "status", **environment: str) -> float:
    """How long one takes, in ms."""
    part.beat()
    began = time.perf_counter()
    ran = part.call(word, **environment)
    took = (time.perf_counter() - began) * 1000
    assert ran.returncode == code, ran.stdout + ran.stderr
    return took
