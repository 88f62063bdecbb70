"""command.run with real programs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest

from handlers.command.run import Run, RunArgs, environment
from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Outcome, Retry
from tests.handlers.contract import context
from tests.parts.process.gluehook import until

PORT = Event(
    "port.forwarded",
    "gluetun",
    17,
    data={"port": 51820, "ports": [51820, 2], "labels": {"token": "t"}, "reason": "a\0b"},
)


def run(command: list[str], *, timeout_s: float = 10.0, **more: Any) -> Outcome:
    end_s = time.monotonic() + timeout_s
    ctx: Context = replace(context(event=PORT), left=lambda: end_s - time.monotonic())
    return Run().apply(RunArgs(command, **more), ctx)


def gone(pid: int) -> bool:
    """Whether a process ends within two seconds."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        Flag().wait(0.02)
    return False


def test_success_tells_the_last_line() -> None:
    assert run(["sh", "-c", "echo one; echo two; echo"]) == Outcome("changed", "'sh' done; it said: two")
    assert run(["true"]) == Outcome("changed", "'true' done")


def test_no_shell_reads_the_arguments(tmp_path: Path) -> None:
    said = run(["echo", "$HOME; touch made && `id` *"], workdir=str(tmp_path)).said
    assert said == "'echo' done; it said: $HOME; touch made && `id` *"
    assert list(tmp_path.iterdir()) == []


def test_it_finds_the_event_and_little_else_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QBITTORRENT_PASSWORD", "adminadmin")
    monkeypatch.setenv("HOME", "/home/somebody")
    told = environment({"MORE": "1", "LANG": "C"}, PORT)
    assert told == {
        "PATH": os.environ["PATH"], "HOME": "/home/somebody", "LANG": "C", "MORE": "1",
        "GLUEHOOK_EVENT_TYPE": "port.forwarded", "GLUEHOOK_EVENT_SUBJECT": "gluetun", "GLUEHOOK_EVENT_TIME": "17",
        "GLUEHOOK_EVENT_ORIGIN": "live", "GLUEHOOK_EVENT_PORT": "51820", "GLUEHOOK_EVENT_PORTS": "51820,2",
        "GLUEHOOK_EVENT_REASON": "ab",
    }  # fmt: skip
    assert run(["sh", "-c", 'echo "$GLUEHOOK_EVENT_PORT ${QBITTORRENT_PASSWORD:-none}"']).said.endswith(": 51820 none")


def test_its_input_is_closed() -> None:
    assert run(["sh", "-c", "cat; echo read"]).said.endswith("it said: read")


@pytest.mark.parametrize(
    ("script", "word", "text"),
    [
        ("echo why >&2; exit 3", Retry, "ended with exit code 3; it said: why"),
        ("exit 75", Retry, "asks to be tried again later"),
        ("kill -SEGV $$", Retry, "was ended by SIGSEGV"),
        ("no-such-program-at-all", GiveUp, "exit code 127"),
        ("exit 126", GiveUp, "exit code 126"),
    ],
)
def test_each_bad_end_has_its_word(script: str, word: type[Retry | GiveUp], text: str) -> None:
    with pytest.raises(word) as end:
        run(["sh", "-c", script])
    assert text in end.value.said


@pytest.mark.parametrize(
    ("command", "more", "text"),
    [
        (["no-such-program-at-all"], {}, "correct the command"),
        (["/etc/passwd"], {}, "Permission denied"),
        (["true"], {"workdir": "/no/such/folder"}, "correct the workdir"),
        (["true", "a\0b"], {}, "null byte"),
        ([], {}, "empty command"),
    ],
)
def test_what_cannot_be_run_is_given_up(command: list[str], more: dict[str, Any], text: str) -> None:
    with pytest.raises(GiveUp) as end:
        run(command, **more)
    assert text in end.value.said


# A parent with a child, both of which tell their ids and may ignore TERM.
_FAMILY = """
import os, signal, sys, time
if "stubborn" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open(sys.argv[1], "a") as file: file.write(f"{os.getpid()}\\n")
time.sleep(60)
"""


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "pids"
    yield file
    for pid in file.read_text().split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), 9)


@pytest.mark.parametrize("manner", ["obedient", "stubborn"])
def test_what_takes_too_long_is_ended_with_its_children(
    family: Path, manner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    real = subprocess.Popen.wait

    def wait(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if timeout is not None:
            until(lambda: family.exists() and family.read_text().count("\n") == 2, "the family does not begin")
            waits.append(timeout)
        return real(process, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", wait)
    with pytest.raises(Retry, match="was not done in time and was ended with its children"):
        run([sys.executable, "-c", _FAMILY, str(family), manner], timeout_s=2.0)
    assert len(waits) == 2
    assert sum(waits) <= 2.0, "its time to obey is a part of the attempt's time"
    pids = [int(pid) for pid in family.read_text().split()]
    assert [gone(pid) for pid in pids] == [True, True]


def test_a_child_left_behind_does_not_hold_us_up(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    began_s = time.monotonic()
    try:
        assert run(["sh", "-c", 'sleep 30 & echo $! >"$0"; echo done', str(pid_file)]).said.endswith("it said: done")
        assert time.monotonic() - began_s < 5
    finally:
        os.kill(int(pid_file.read_text()), 9)


def test_endless_output_costs_no_memory_and_is_cut() -> None:
    with pytest.raises(Retry, match="it said: y"):
        run(["yes"], timeout_s=0.5)
    script = "head -c 3000000 /dev/zero | tr '\\0' 'x'; echo; echo end of it"
    assert run(["sh", "-c", script]).said.endswith("it said: end of it")
    assert len(run(["sh", "-c", "seq -s ' ' 2000"]).said) < 400


def test_a_secret_of_its_environment_is_not_shown() -> None:
    said = run(
        ["sh", "-c", "echo $DB_PASSWORD at http://me:hunter2@host/"], environment={"DB_PASSWORD": "s3cret!"}
    ).said
    assert said == "'sh' done; it said: *** at http://***@host/"
