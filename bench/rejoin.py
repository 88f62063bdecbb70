"""gluetun turns healthy → the containers in its network are told to restart: a real engine, by its own clock."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from docker.errors import APIError

from bench.figures import Figure, verdict
from bench.parts import gluehook, until_logged
from tests.parts.docker.dockerd import Dockerd
from tests.parts.programs import require

ROUNDS = 15
_WAIT_S = 20.0
RULES = """version = 1
[[rule]]
name = "rejoin-network"
on = { event = "container.healthy", container = "gluetun" }
do = { use = "containers.rejoin", of = "gluetun" }
"""


def measure(folder: Path, rounds: int = ROUNDS) -> list[str]:
    """Two series: a dependent that runs in the old namespace, and one that is stranded."""
    with ExitStack() as stack:
        engine = _engine(folder, stack)
        engine.run("gluetun", 'sh -c "touch /ok; sleep 100000"', healthcheck=engine.health("/ok", interval_ms=100))
        stack.enter_context(gluehook(folder / "gluehook", RULES, engine.host))
        until_logged(folder / "gluehook", "is ready")
        stale = Figure("healthy → a stale dependent's stop", [_turn(engine, f"a{n}", "die") for n in range(rounds)])
        stranded = Figure(
            "healthy → a stranded dependent's start", [_turn(engine, f"b{n}", "start") for n in range(rounds)]
        )
    return [stale.line(), stranded.line(), verdict("the slowest of both", max(stale.p99, stranded.p99) / 1000, 1, "s")]


def _engine(folder: Path, stack: ExitStack) -> Dockerd:
    (folder / "dockerd").mkdir(parents=True)
    engine = Dockerd(require("dockerd", "docker.io"), folder / "dockerd")
    stack.callback(engine.stop)
    engine.start()
    engine.import_image()
    return engine


def _turn(engine: Dockerd, dependent: str, first: str) -> float:
    """Restart gluetun; the milliseconds from its `healthy` to the dependent's first event.

    Each turn has a dependent of its own: one is restarted 5 times an hour at most.
    """
    engine.run(dependent, network="container:gluetun")
    since = f"{time.time():.9f}"
    with closing(engine.client()) as client:
        if first == "start":  # as after a boot in which gluetun was late
            client.stop("gluetun", timeout=0)
            client.stop(dependent, timeout=0)
            _fail_to_start(client, dependent)
            since = f"{time.time():.9f}"
            client.start("gluetun")
        else:
            client.restart("gluetun", timeout=0)
        healthy = _when(client, since, "gluetun", "health_status: healthy")
        repaired = _when(client, since, dependent, first)
        _when(client, since, dependent, "start")
    time.sleep(0.7)  # the run's own look at what it did ends before the next turn
    engine.remove(dependent)
    return (repaired - healthy) / 1e6


def _fail_to_start(client: Any, dependent: str) -> None:
    try:
        client.start(dependent)
    except APIError:
        return
    raise RuntimeError("it started without a network to join")


def _when(client: Any, since: str, container: str, action: str) -> int:
    """When the engine told this event of the container, in ns since the Unix epoch."""
    end = time.monotonic() + _WAIT_S
    while time.monotonic() < end:
        told = client.events(since=since, until=f"{time.time():.9f}", filters={"container": container})
        events = [json.loads(line) for piece in told for line in piece.splitlines()]
        found = [int(event["timeNano"]) for event in events if event["Action"] == action]
        if found:
            return found[0]
        time.sleep(0.05)
    raise RuntimeError(f"{container} told no {action!r} within {_WAIT_S:g} s")
