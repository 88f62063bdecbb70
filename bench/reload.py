"""A save of a file with 1,000 rules → the new table is in force, while events go on and none of them is lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

from bench.figures import Figure, verdict
from bench.parts import gluehook, status, until_logged
from hooks.app.reload import QUIET_S
from tests.parts.docker.fake_docker import FakeEngine

RULES = 1000
TURNS = 11
_EVENT_S = 0.05
_COUNT = """version = 1
[[rule]]
name = "count"
on = "container.oom"
key = "all"
mode = "queued"
do = {{ use = "command.run", command = ["/bin/sh", "-c", "echo $GLUEHOOK_EVENT_CONTAINER >> {seen}"] }}
"""
_RULE = """[[rule]]
name = "restart-web-{number}"
on = [
  {{ event = "container.unhealthy", container = "web-{number}" }},
  {{ event = "container.die", container = "web-{number}", exit_code = {{ min = 1 }} }},
]
cooldown = "5m"
limit = {{ runs = 3, per = "1h" }}
do = [
  {{ use = "containers.restart", container = "web-{number}" }},
  {{ use = "notify.send", when_changed = true, title = "web-{number} was restarted", message = "${{run.said}}" }},
]
"""


def measure(folder: Path) -> list[str]:
    """The lines of the report."""
    folder.mkdir()
    seen, engine = folder / "seen", FakeEngine(folder / "engine.sock")
    rules = _COUNT.format(seen=seen) + "".join(_RULE.format(number=number) for number in range(RULES - 1))
    told, enough = list[str](), threading.Event()
    teller = threading.Thread(target=_tell, args=(engine, told, enough))
    with gluehook(folder / "g", rules, engine.host) as ours:
        until_logged(folder / "g", "ready")
        before = status(ours.pid)["VmRSS"]
        teller.start()
        taken = [_one(folder / "g", rules, turn) for turn in range(TURNS)]
        at_once = [_one(folder / "g", rules, TURNS + turn, told=ours.pid) for turn in range(TURNS // 2)]
        after = status(ours.pid)["VmRSS"]
        enough.set()
        teller.join()
        ran = _runs(seen, len(told))
        assert ours.poll() is None
    engine.stop()
    figure = Figure(f"reload of {RULES:,} rules, {len(rules) // 1000:,} kB", taken)
    return [
        figure.line(),
        Figure("the same told by SIGHUP, nothing read ahead", at_once).line(),
        f"memory {before / 1024:.1f} MiB before, {after / 1024:.1f} MiB after {len(taken) + len(at_once)} of them",
        verdict("from the end of the quiet to being in force", figure.median, 300, "ms"),
        verdict("events during it that had their run", len(set(ran)), len(told), "", at_least=True),
        verdict("of them run twice", len(ran) - len(set(ran)), 0, ""),
    ]


def _one(folder: Path, rules: str, turn: int, *, told: int = 0) -> float:
    """Milliseconds for one reload, from the end of the quiet, or from the hang-up of this process.

    Every other one listens to another kind of event, so that Docker is asked anew.
    """
    other = f'[[rule]]\nname = "other-{turn}"\non = "container.pause"\ndo = "gluetun.restart_vpn"\n'
    changed = rules.replace('cooldown = "5m"', f'cooldown = "{turn + 6}m"', 1)
    lines = (folder / "log").read_text().count("in force;")
    (folder / "rules.toml").write_text(changed + (other if turn % 2 else ""))
    closed = time.perf_counter()
    if told:
        os.kill(told, signal.SIGHUP)
    while (folder / "log").read_text().count("in force;") == lines:
        assert time.perf_counter() < closed + 20, (folder / "log").read_text()
        time.sleep(0.002)
    return (time.perf_counter() - closed - (0 if told else QUIET_S)) * 1000


def _tell(engine: FakeEngine, told: list[str], enough: threading.Event) -> None:
    while not enough.wait(_EVENT_S):
        told.append(f"box{len(told)}")
        engine.tell("oom", told[-1], "a" * 64)


def _runs(seen: Path, wanted: int) -> list[str]:
    """The containers whose command ran, once all have, or none has for a while."""
    ran = list[str]()
    for _ in range(100):
        time.sleep(0.1)
        ran = seen.read_text().split()
        if len(ran) >= wanted:
            break
    return ran
