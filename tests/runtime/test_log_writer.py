"""A log that nobody reads stops nothing: lines wait, are dropped and counted, and the end does not wait for them."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hooks.runtime import log_writer
from hooks.runtime.log_writer import LogWriter
from tests.parts.process.gluehook import WAIT_S, Gluehook, until


class Pipe:
    """Standard error as a pipe that nobody reads until told."""

    def __init__(self) -> None:
        self.read_end, write_end = os.pipe()
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 65_536)
        self.file = os.fdopen(write_end, "w")

    def fileno(self) -> int:
        return self.file.fileno()

    def read(self, until: bytes) -> bytes:
        text = b""
        while until not in text:
            text += os.read(self.read_end, 65536)
        return text


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    os.close(made.read_end)
    made.file.close()


def test_lines_that_nobody_reads_are_dropped_and_counted(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", pipe)  # in the test, because pytest sets its own before it
    monkeypatch.setattr(log_writer, "MOST_LINES", 200)
    counts: list[int] = []
    writer = LogWriter(lambda count: (counts.append(count), writer.write(f"{count} dropped\n"))[0])  # type: ignore[func-returns-value]
    line = "x" * 999 + "\n"
    for _ in range(1000):  # the pipe holds 64 KiB
        writer.write(line)
    assert not writer.flush(0.01)
    text = pipe.read(b" dropped\n")
    assert len(counts) == 1
    assert text.count(b"\n") - 1 + counts[0] == 1000
    writer.write("and on it goes\n")
    assert pipe.read(b"and on it goes\n")
    writer.close()
    assert not writer.thread.is_alive()


def test_a_few_long_lines_are_dropped_as_well(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", pipe)
    counts: list[int] = []
    writer = LogWriter(counts.append)
    for _ in range(8):
        writer.write("x" * 500_000 + "\n")
    os.set_blocking(pipe.read_end, False)
    while not writer.flush(0.05):
        with suppress(BlockingIOError):  # all is written, and the thread has not said so yet
            os.read(pipe.read_end, 65536)
    writer.close()
    assert sum(counts) in (3, 4), "one more is kept if the thread has taken one already"


def test_the_end_waits_for_a_full_pipe_for_a_moment_only(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", pipe)
    monkeypatch.setattr(log_writer, "CLOSE_S", 0.05)
    writer = LogWriter(lambda _: None)
    writer.write("x" * 100_000)
    writer.close()
    assert writer.thread.is_alive(), "it still writes, and was not waited for"
    pipe.read(b"x" * 100)
    until(lambda: not writer.thread.is_alive(), "it does not end")


@pytest.mark.parametrize("how", ["closed", "absent", "nobody reads", "non-blocking"])
def test_a_standard_error_that_takes_nothing_raises_nothing(
    how: str, pipe: Pipe, monkeypatch: pytest.MonkeyPatch, problems: list[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", pipe)
    if how == "closed":
        pipe.file.close()
    elif how == "absent":
        monkeypatch.setattr(sys, "stderr", None)
    elif how == "nobody reads":
        os.dup2(os.open(os.devnull, os.O_RDONLY), pipe.read_end)  # no reader is left: EPIPE
    else:
        os.set_blocking(pipe.fileno(), False)
    writer = LogWriter(lambda _: None)
    writer.write("a line\n")
    assert writer.flush(WAIT_S)
    writer.close()
    assert not problems
    if how == "closed":
        pipe.file = open(os.devnull, "w")  # noqa: PTH123, SIM115 - for the fixture


RULES = (
    'version = 1\n[[rule]]\nname = "act"\non = "file.written"\ndo = { use = "command.run", command = ["/bin/true"] }\n'
)


def test_gluehook_works_and_ends_while_nobody_reads_its_log(tmp_path: Path) -> None:
    part = Gluehook(tmp_path, RULES, GLUEHOOK_LOG_LEVEL="DEBUG")
    seen = tmp_path / "seen"
    rules = RULES.replace('"file.written"', f'{{ event = "file.written", path = "{tmp_path}/asked" }}')
    part.rules.write_text(rules.replace('"/bin/true"', f'"/bin/cp", "{tmp_path}/asked", "{seen}"'))
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    try:
        while True:
            os.write(write_end, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(write_end, True)
    argv = [sys.executable, "-m", "hooks", "run"]
    process = subprocess.Popen(argv, cwd=tmp_path, env=part.environment, stderr=write_end, stdin=subprocess.DEVNULL)
    try:
        os.close(write_end)
        heartbeat = part.state / "heartbeat.json"
        until(heartbeat.exists, "it does not start")
        (tmp_path / "asked").write_text("1")
        until(seen.exists, "no rule runs")
        (tmp_path / "asked").write_text("2")
        until(lambda: seen.read_text() == "2", "no rule runs any more")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0
        assert time.monotonic() - began < 10, "Docker would have killed it"
    finally:
        process.kill()
        process.wait()
        os.close(read_end)
