"""10,000 container events in one burst: nothing wanted is lost, memory stays bounded, the port is not late."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from bench.figures import verdict
from bench.parts import gluehook, status, until_logged
from bench.reaction import one
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.targets.qbittorrent import PASSWORD, running

EVENTS = 10_000
WANTED = 500
PORT = 22222
_RULES = """version = 1
[[rule]]
name = "count"
on = {{ event = "container.die", container = "wanted-*" }}
do = {{ use = "command.run", command = ["/bin/sh", "-c", "echo $GLUEHOOK_EVENT_CONTAINER >> {seen}"] }}
[[rule]]
name = "forward-port"
on = "port.forwarded"
do = "qbittorrent.set_port"
"""


def measure(folder: Path) -> list[str]:
    """The lines of the report."""
    folder.mkdir()
    seen, engine = folder / "seen", FakeEngine(folder / "engine.sock")
    every = EVENTS // WANTED
    with running(folder / "qbittorrent") as target:
        rules = _RULES.format(seen=seen)
        with gluehook(
            folder / "g", rules, engine.host, QBITTORRENT_URL=target.url, QBITTORRENT_PASSWORD=PASSWORD
        ) as ours:
            until_logged(folder / "g", "ready")
            file = folder / "g" / "port" / "forwarded_port"
            one(file, PORT - 1)
            before = status(ours.pid)["VmRSS"]
            burst = threading.Thread(target=_burst, args=(engine, every))
            burst.start()
            reactions = [one(file, PORT + turn) for turn in range(10)]
            burst.join()
            names = _names(seen)
            peak = status(ours.pid)["VmHWM"]
    engine.stop()
    return [
        f"{EVENTS} events, {WANTED} wanted; memory {before / 1024:.1f} MiB before, {peak / 1024:.1f} MiB at most",
        verdict("wanted events that had their run", len(names), WANTED, "", at_least=True),
        verdict("slowest of 10 port reactions during it", max(reactions), 100, "ms"),
    ]


def _burst(engine: FakeEngine, every: int) -> None:
    for number in range(EVENTS):
        name = f"wanted-{number // every}" if number % every == 0 else f"other-{number % 50}"
        engine.tell("die", name, f"{number:064x}", exitCode="1")


def _names(seen: Path) -> set[str]:
    """The containers whose command ran, once that number no longer grows."""
    names: set[str] = set()
    for _ in range(60):
        time.sleep(0.5)
        now = set(seen.read_text().split()) if seen.exists() else set()
        if len(now) == WANTED or (now and now == names):
            return now
        names = now
    return names


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        print("\n".join(measure(Path(name) / "burst")))
