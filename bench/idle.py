"""What gluehook costs when nothing happens, and how long it takes to be ready."""

from __future__ import annotations

import re
import time
from pathlib import Path

from bench.figures import Figure, verdict
from bench.parts import FORWARD_PORT, gluehook, status, until_logged

IDLE_S = 60
STARTS = 9


def idle(folder: Path, docker_host: str, **environment: str) -> list[str]:
    """Memory, CPU and wake-ups over a minute, with the file, Docker and timer sources on."""
    with gluehook(folder, FORWARD_PORT, docker_host, **environment) as process:
        until_logged(folder, "ready")
        (folder / "port" / "forwarded_port").write_text("20100")
        until_logged(folder, "forward-port")
        time.sleep(3)
        before = status(process.pid)
        time.sleep(IDLE_S)
        after = status(process.pid)
    cpu = (after["cpu_ms"] - before["cpu_ms"]) / (IDLE_S * 10)
    switches = (after["switches"] - before["switches"]) / IDLE_S
    rss, anonymous = after["VmRSS"] / 1024, after["RssAnon"] / 1024
    return [
        f"idle {IDLE_S} s: RSS {rss:.1f} MiB, anonymous {anonymous:.1f} MiB, {after['Threads']} threads",
        verdict("resident memory", rss, 45, "MiB"),
        verdict("CPU of one core", cpu, 0.1, "%"),
        verdict("wake-ups a second", switches, 1, ""),
    ]


def starts(folder: Path, docker_host: str) -> list[str]:
    """Process start → both sources subscribed and the first resync done."""
    taken = []
    for number in range(STARTS):
        place = folder / str(number)
        began = time.perf_counter()
        with gluehook(place, FORWARD_PORT, docker_host):
            line = until_logged(place, "ready")
            taken.append((time.perf_counter() - began) * 1000)
        assert "without Docker" not in line, line
        assert re.search(r"is ready after", line)
    figure = Figure("start to ready", taken)
    return [figure.line(), verdict("start to ready", figure.median / 1000, 1, "s")]
