"""`gluehook replay` as a person or a script meets it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hooks.cli.main import main
from hooks.events.catalogue import Event
from hooks.journal.journal import FILE_NAME
from hooks.journal.store import Store
from tests.parts.process.gluehook import Gluehook
from tests.parts.values.recorded import docker, port

RULES = """version = 1
[[rule]]
name = "web"
on = { event = "container.die", container = "web" }
debounce = "10s"
retry = { attempts = 2, first = "1s" }
do = { use = "containers.restart", container = "web" }
"""
LINES = (docker(0, "die", "web"), docker(1, "die", "db"), docker(20, "pause", "web"))


@pytest.fixture
def here(tmp_path: Path) -> Gluehook:
    (tmp_path / "r.jsonl").write_bytes(b"".join(LINES))
    return Gluehook(tmp_path, RULES)


Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def call(here: Gluehook, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """As `here.call`, without a process: where nothing hangs on it."""
    monkeypatch.chdir(here.folder)
    for name, value in here.environment.items():
        monkeypatch.setenv(name, value)

    def in_this_process(*words: str) -> subprocess.CompletedProcess[str]:
        code = main(list(words))
        return subprocess.CompletedProcess(words, code, *capsys.readouterr())

    return in_this_process


def rows(said: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.stdout.splitlines()]


def test_people_get_a_time_line_and_the_counts(call: Call) -> None:
    said = call("replay", "r.jsonl")
    assert said.returncode == 0
    assert said.stdout.splitlines() == [
        "2026-11-22 17:49:35.000  container.die web",
        "                           web (web)  takes it",
        '2026-11-22 17:49:45.000    web (web)  runs containers.restart { container = "web" }: changed',
    ]
    assert said.stderr == "r.jsonl: 1 event for the rules, 2 events that no rule listens to\n"


def test_programs_get_json_lines(call: Call) -> None:
    said = call("replay", "--json", "r.jsonl")
    assert [row["what"] for row in rows(said)] == ["event", "accepted", "runs", "ended"]
    assert rows(said)[2]["steps"] == [{"use": "containers.restart", "args": {"container": "web"}, "status": "changed"}]


def test_standard_input_is_a_recording_too_and_several_are_merged(here: Gluehook) -> None:
    said = here.call("replay", "--json", "-", "r.jsonl", stdin=docker(5, "die", "web").decode())
    assert [row["at"][17:19] for row in rows(said) if row["what"] in ("event", "runs")] == ["35", "40", "50"]


def test_time_goes_on_after_the_last_line_when_asked_to(here: Gluehook, call: Call) -> None:
    (here.rules.parent / "r.jsonl").write_bytes(LINES[0])
    assert "at the end it waits, for 10s more" in call("replay", "r.jsonl").stdout
    assert "runs containers.restart" in call("replay", "r.jsonl", "--go-on", "10s").stdout


def test_outcomes_are_assumed_by_rule_or_handler(call: Call) -> None:
    said = call("replay", "r.jsonl", "--assume", "web=fail,5s", "--assume", "web=unchanged").stdout
    assert "17:49:50.000    web (web)  ended: fail" in said
    assert 'runs (attempt 2) containers.restart { container = "web" }: unchanged' in said
    assert "has failed for good" in call("replay", "r.jsonl", "--assume", "containers.restart=give_up").stdout


def test_two_files_are_compared(here: Gluehook, call: Call) -> None:
    (here.rules.parent / "other.toml").write_text(RULES.replace("10s", "15s"))
    (here.rules.parent / "same.toml").write_text(RULES.replace("[[rule]]", "# the same\n[[rule]]"))
    said = call("replay", "r.jsonl", "--rules", "rules.toml", "--compare", "other.toml")
    assert said.returncode == 1
    assert said.stdout.splitlines() == [
        "--- rules.toml",
        "+++ other.toml",
        '- 2026-11-22 17:49:45.000    web (web)  runs containers.restart { container = "web" }',
        '+ 2026-11-22 17:49:50.000    web (web)  runs containers.restart { container = "web" }',
    ]
    as_json = rows(call("replay", "r.jsonl", "--compare", "other.toml", "--json"))
    assert [Path(row["only"]).name for row in as_json] == ["rules.toml", "other.toml"]
    same = call("replay", "r.jsonl", "--compare", "same.toml")
    assert (same.returncode, same.stdout) == (0, "")
    assert "both rules files decide the same" in same.stderr


def test_the_same_input_gives_the_same_bytes(here: Gluehook) -> None:
    (here.rules.parent / "r.jsonl").write_bytes(
        b"".join(docker(at, "die", "web", chr(97 + at % 6)) for at in range(60))
    )
    said = {here.call("replay", "--json", "r.jsonl", PYTHONHASHSEED=str(seed)).stdout for seed in (0, 1, 2)}
    assert len(said) == 1
    assert said.pop().count("\n") > 100


def test_the_journal_can_be_replayed(here: Gluehook, call: Call) -> None:
    (here.rules.parent / "state").mkdir(exist_ok=True)
    now = time.time_ns()
    with closing(Store(Path(here.state) / FILE_NAME)) as journal:
        for number, days in enumerate((9, 2, 1)):
            at = now - days * 86_400 * 10**9
            event = Event("container.die", "web", at, "docker", data={"container": "web", "id": str(number)})
            journal.accept(event, [("web", "web")])
    said = call("replay", "--since", "7d", "--json", "--go-on", "1m")
    assert [row["what"] for row in rows(said)].count("runs") == 2
    assert "2 events for the rules" in said.stderr


# -- what is wrong ----------------------------------------------------------------------------------


def test_lines_that_are_no_events_are_told_and_the_exit_code_is_1(here: Gluehook, call: Call) -> None:
    (here.rules.parent / "r.jsonl").write_bytes(b"rubbish\n" + b"".join(LINES))
    said = call("replay", "r.jsonl")
    assert (said.returncode, said.stdout.count("runs")) == (1, 1)
    assert said.stderr.startswith("r.jsonl:1: the line is no JSON")


def test_a_torn_last_line_is_told_and_the_exit_code_is_0(here: Gluehook, call: Call) -> None:
    (here.rules.parent / "r.jsonl").write_bytes(b"".join(LINES) + port(30, 5000)[:50])
    said = call("replay", "r.jsonl")
    assert said.returncode == 0
    assert said.stderr.startswith("r.jsonl:4: the last line is torn")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name a RECORDING"),
        (("r.jsonl", "--since", "7d"), "name a RECORDING"),
        (("missing.jsonl",), "missing.jsonl cannot be read: No such file"),
        ((".",), "cannot be read: Is a directory"),
        (("-", "-"), "standard input can be read once only"),
        (("r.jsonl", "--assume", "wbe=fail"), "did you mean 'web'?"),
        (("r.jsonl", "--assume", "web=fial"), "'fial' is not an outcome of an attempt"),
        (("r.jsonl", "--assume", "web"), "write web=fail"),
        (("r.jsonl", "--go-on", "5"), "--go-on: "),
        (("--since", "soon"), "--since: "),
        (("--since", "7d"), "there is no journal"),
    ],
)
def test_wrong_use_ends_with_2(call: Call, words: tuple[str, ...], said: str) -> None:
    found = call("replay", *words)
    assert (found.returncode, found.stdout, said in found.stderr) == (2, "", True), found.stderr


def test_rules_with_errors_decide_nothing(here: Gluehook, call: Call) -> None:
    here.rules.write_text(RULES.replace("die", "dye"))
    said = call("replay", "r.jsonl")
    assert (said.returncode, said.stdout) == (1, "")
    assert "error[unknown-event]" in said.stderr


def test_no_secret_of_the_rules_is_shown(here: Gluehook, call: Call) -> None:
    url = "https://user:hunter2@hooks.example/T0/verysecret"
    here.rules.write_text(
        RULES.replace('{ use = "containers.restart", container = "web" }', f'{{ use = "webhook.post", url = "{url}" }}')
    )
    for words in (("r.jsonl",), ("r.jsonl", "--json")):
        said = call("replay", *words)
        assert "webhook.post" in said.stdout
        assert "hunter2" not in said.stdout + said.stderr
        assert "verysecret" not in said.stdout + said.stderr


# -- on a terminal ----------------------------------------------------------------------------------


def test_a_long_recording_shows_a_bar_on_a_terminal(here: Gluehook) -> None:
    long = here.rules.parent / "long.jsonl"
    line = docker(30, "pause", "web")
    long.write_bytes(b"".join(LINES) + line * (9_000_000 // len(line)))
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "hooks", "replay", str(long)]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=theirs, env={**here.environment, "TERM": "xterm"}, cwd=here.rules.parent
    ) as process:
        os.close(theirs)
        assert process.stdout
        out, shown = process.stdout.read(), _all(ours)
    assert out.count(b"runs") == 1, "the rows are as they are without a bar"
    assert b"/9.0 MB" in shown
    assert b"events that no rule listens to" in shown
    assert process.returncode == 0


def _all(terminal: int) -> bytes:
    shown = b""
    with open(terminal, "rb", buffering=0) as file:
        while True:
            try:
                if not (more := file.read(4096)):
                    return shown
                shown += more
            except OSError:  # the other side is closed
                return shown
