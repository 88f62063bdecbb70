"""A recording on disk → what would have been decided: events a second, memory; and what `check` and `--help` take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from bench.figures import Figure, verdict
from bench.parts import status
from hooks.rules.conditions import ContainerIs, TimeIs
from hooks.rules.facts import Standing
from hooks.rules.matching import OneOf
from hooks.rules.table import Entry, Rule, Step, Table
from hooks.rules.time_windows import Window
from hooks.workbench.recording import Recording
from hooks.workbench.replay import Replay, turns
from tests.parts.values.recorded import docker

EVENTS = 10_000  # a pass; a short one finds a moment in which the machine does nothing else
PASSES = 25
RULES, MANY_RULES = 50, 10_000
LONG = 1_000_000
TURNS = 7
_RULE = """[[rule]]
name = "restart-web-{number}"
on = {{ event = "container.die", container = "web-{number}", exit_code = {{ min = 1 }} }}
limit = {{ runs = 3, per = "1h" }}
do = [
  {{ use = "containers.restart", container = "web-{number}" }},
  {{ use = "notify.send", when_changed = true, title = "web-{number} was restarted", message = "${{run.said}}" }},
]
"""


def measure(folder: Path, _host: str) -> list[str]:
    """The lines of the report."""
    folder.mkdir()
    heard, unheard = folder / "heard.jsonl", folder / "unheard.jsonl"
    _record(heard, "web")
    _record(unheard, "other")
    bytes_each, json_per_s = heard.stat().st_size // EVENTS, EVENTS / min(_json_s(heard) for _ in range(PASSES))
    fast, slow = _per_s(heard)
    fast_unheard, slow_unheard = _per_s(unheard)
    fast_if, slow_if = _per_s(heard, only_if=True)
    fast_waits, slow_waits = _per_s(heard, only_if=True, waits=True)
    return [
        f"{EVENTS:,} lines of Docker's, {bytes_each} bytes each, on one core: the best of {PASSES} passes",
        f"json.loads of these lines alone: {json_per_s:,.0f}/s",
        verdict(f"{RULES} rules, events that run one", fast, 40_000, "/s", at_least=True),
        verdict(f"{RULES} rules, events that none listens to", fast_unheard, 100_000, "/s", at_least=True),
        verdict(f"time with {MANY_RULES:,} rules by that with {RULES}", fast / slow, 1.5, "×"),
        verdict("the same, events that none listens to", fast_unheard / slow_unheard, 1.5, "×"),
        verdict(f"{RULES} rules with only_if, events that run one", fast_if, 40_000, "/s", at_least=True),
        verdict(f"time with {MANY_RULES:,} rules with only_if by that with {RULES}", fast_if / slow_if, 1.5, "×"),
        verdict(f"{RULES} rules whose states wait for only_if", fast_waits, 40_000, "/s", at_least=True),
        verdict("the same with 10,000 rules by that", fast_waits / slow_waits, 1.5, "×"),
        *_memory(folder),
        *_starts(folder),
    ]


def _record(file: Path, name: str) -> None:
    lines = (docker(at / 100, "die", f"{name}-{at % RULES}", exitCode="137") for at in range(EVENTS))
    file.write_bytes(b"".join(lines))


def _table(rules: int, *, only_if: bool = False, waits: bool = False) -> Table:
    """`only_if`: each rule has conditions on a container of its own and on the time; `waits`: they never hold."""
    step = Step("containers.restart", {"container": "web"})
    entries = (Entry("container.die", {"container": OneOf((f"web-{number}",))}) for number in range(rules))
    day = TimeIs(Window(0, 86_400), '{ time = "00:00-24:00" }')
    standing: Standing = "running" if waits else "stopped"
    return Table(tuple(
        Rule(f"restart-{number}", (entry,), (step,),
             only_if=(ContainerIs(f"web-{number}", (standing,)), day) if only_if else ())
        for number, entry in enumerate(entries)
    ))  # fmt: skip


def _json_s(file: Path) -> float:
    with file.open("rb") as lines:
        began = time.process_time()
        for line in lines:
            json.loads(line)
        return time.process_time() - began


def _per_s(file: Path, *, only_if: bool = False, waits: bool = False) -> tuple[float, float]:
    """Events a second with few rules and with many, from the file to the decisions; a pass of each in turn."""
    few, many = (_table(rules, only_if=only_if, waits=waits) for rules in (RULES, MANY_RULES))
    took_s = [(_pass_s(file, few, waits=waits), _pass_s(file, many, waits=waits)) for _ in range(PASSES)]
    return EVENTS / min(one for one, _ in took_s), EVENTS / min(one for _, one in took_s)


def _pass_s(file: Path, table: Table, *, waits: bool = False) -> float:
    replay = Replay(table)
    with file.open("rb") as lines:
        began = time.process_time()
        recording = Recording(file.name, lines, accepts=replay.accepts)
        rows = sum(map(len, turns(replay, recording, lambda: recording.last)))
        took_s = time.process_time() - began
    assert recording.events + recording.unwanted == EVENTS
    assert waits or rows == 4 * recording.events, rows
    return took_s


def _memory(folder: Path) -> list[str]:
    """What a replay of a million lines from a pipe holds at its tenth and at its end; one in ten runs a rule."""
    (folder / "rules.toml").write_text("version = 1\n" + "".join(_RULE.format(number=n) for n in range(RULES)))
    argv = [sys.executable, "-m", "hooks", "replay", "-", "--json", "--rules", str(folder / "rules.toml")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as ours:
        marks: list[int] = []
        writer = threading.Thread(target=_write, args=(ours, marks))
        writer.start()
        assert ours.stderr
        said = ours.stderr.read().decode()
        writer.join()
    assert f"{LONG // 10:,} events for the rules" in said, said
    early, late = (mark / 1024 for mark in marks)
    return [
        f"memory {early:.1f} MiB after {LONG // 10:,} events, {late:.1f} MiB after {LONG:,}",
        verdict("grown between them", late - early, 1, "MiB"),
    ]


def _write(ours: subprocess.Popen[bytes], marks: list[int]) -> None:
    assert ours.stdin
    for tenth in range(LONG // 10):
        at = [tenth / 10 + number / 100 for number in range(10)]
        lines = [
            docker(at[0], "die", f"web-{tenth % RULES}", exitCode="1"),
            *(docker(one, "pause", "x") for one in at[1:]),
        ]
        ours.stdin.write(b"".join(lines))
        if tenth in (LONG // 100, LONG // 10 - 1):
            ours.stdin.flush()
            marks.append(status(ours.pid)["VmHWM"])
    ours.stdin.close()


def _starts(folder: Path) -> list[str]:
    """What the commands take from process start on."""
    rules = folder / "many.toml"
    rules.write_text("version = 1\n" + "".join(_RULE.format(number=number) for number in range(1000)))
    nothing, help_, check = (
        Figure(name, [_took_ms(*words) for _ in range(TURNS)])
        for name, words in (
            ("python3 -c pass", ("-c", "pass")),
            ("gluehook --help", ("-m", "hooks", "--help")),
            ("gluehook check of 1,000 rules", ("-m", "hooks", "check", str(rules))),
        )
    )
    return [
        nothing.line(), help_.line(), check.line(),
        verdict("--help by an empty Python", help_.median / nothing.median, 5, "×"),
        verdict("check of 1,000 rules", check.median, 1000, "ms"),
    ]  # fmt: skip


def _took_ms(*words: str) -> float:
    began = time.perf_counter()
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True, env=env)
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        print("\n".join(measure(Path(name) / "replay", "")))
