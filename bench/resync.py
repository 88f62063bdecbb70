"""1,000 containers come to light at once: how long the look at all of them takes, and what memory it costs."""

from __future__ import annotations

import time
from pathlib import Path

from bench.figures import verdict
from bench.parts import gluehook, status, until_logged
from tests.parts.docker.fake_docker import FakeEngine

CONTAINERS = 1000
_LIST = "/containers/json"
_RULES = """version = 1
[[rule]]
name = "heal-web"
on = { event = "container.unhealthy", container = "web-*" }
for = "3m"
do = { use = "containers.restart", container = "${event.container}" }
"""


def measure(folder: Path) -> list[str]:
    """The lines of the report."""
    folder.mkdir()
    engine = FakeEngine(folder / "engine.sock")
    with gluehook(folder / "g", _RULES, engine.host) as ours:
        until_logged(folder / "g", "ready")
        before = status(ours.pid)["VmRSS"]
        engine.refusals[_LIST] = (500, b'{"message":"away"}')
        engine.cut()
        until_logged(folder / "g", "cannot be seen")
        for number in range(CONTAINERS):
            _start(engine, number)
        took_s = _look(engine, folder / "g")
        after = status(ours.pid)
    inspected = engine.count("/containers/") - engine.count(_LIST)
    engine.stop()
    peak, kept = (after[name] - before for name in ("VmHWM", "VmRSS"))
    return [
        f"{CONTAINERS:,} containers, of which {inspected:,} were inspected; {kept / 1024:.1f} MiB kept",
        verdict("a resync after an outage", took_s, 2, "s"),
        verdict("memory beyond what it took without a container, at most", peak / 1024, 20, "MiB"),
    ]


def _look(engine: FakeEngine, folder: Path) -> float:
    """Seconds from the list's request to the news that all is seen again."""
    engine.refusals.clear()
    engine.wait_for_requests(_LIST, engine.count(_LIST) + 1)
    asked = time.perf_counter()
    until_logged(folder, f"{CONTAINERS} of {CONTAINERS} containers run")
    return time.perf_counter() - asked


def _start(engine: FakeEngine, number: int) -> None:
    ident = f"{number:064x}"
    address = f"172.20.{number // 250}.{number % 250 + 1}"
    engine.has(f"web-{number}", ident, health="healthy", address=address, image="nginx:1.27")
    engine.containers[ident]["Config"]["Labels"] = {
        "com.docker.compose.project": "home", "com.docker.compose.service": f"web-{number}",
        **{f"org.opencontainers.image.label-{place}": f"a value of ordinary length {place}" for place in range(8)},
    }  # fmt: skip
