"""`gluehook run` that cannot start as it should: broken rules, wrong settings. It says so, and mends itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.parts.process.gluehook import Gluehook, until

GOOD = """
version = 1
[[rule]]
name = "tick"
on   = { event = "timer.tick", every = "1h" }
do   = "qbittorrent.set_port"
"""


def absent(file: Path) -> None:
    file.unlink(missing_ok=True)


def unreadable(file: Path) -> None:
    file.write_text(GOOD)
    file.chmod(0)


def ten_megabytes(file: Path) -> None:
    file.write_text("# nothing\n" * 10**6)


def binary(file: Path) -> None:
    file.write_bytes(bytes(range(256)) * 20)


def half_written(file: Path) -> None:
    file.write_text(GOOD[:-20])


def wrong(file: Path) -> None:
    file.write_text(GOOD.replace("timer.tick", "timer.tock").replace("set_port", "set_prot"))


BROKEN: dict[Callable[[Path], None], str] = {
    absent: "file-missing", unreadable: "file-unreadable", ten_megabytes: "file-too-big", binary: "not-utf8",
    half_written: "syntax", wrong: "unknown-handler",
}  # fmt: skip


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Gluehook]:
    """Not started yet."""
    part = Gluehook(tmp_path)
    part.state.mkdir()
    try:
        yield part
    finally:
        part.state.chmod(0o700)
        part.clean_up()


def test_rules_broken_in_any_way_are_said_and_waited_out(runner: Gluehook) -> None:
    runner.start()
    for break_it, code in BROKEN.items():
        absent(runner.rules)
        break_it(runner.rules)
        runner.hears("ERROR", f"{runner.rules} is rejected: no rule is in force, and {runner.rules} is read again")
        runner.hears(f"error[{code}]")
    assert len(runner.told("is rejected: no rule is in force")) == len(BROKEN), runner.lines
    assert runner.told("is ready", "no rule is in force yet")
    sick = runner.call("health")
    assert sick.returncode == 1
    assert "the rules file is not in force" in sick.stdout
    assert "(the first of 2 errors)" in sick.stdout
    repaired = runner.folder / "repaired"
    repaired.write_text(GOOD)
    repaired.rename(runner.rules)
    runner.hears("1 rule is in force")
    until(lambda: runner.call("health").returncode == 0, "it is not well")
    well = runner.call("health")
    assert (well.returncode, well.stdout.partition(":")[0]) == (0, "healthy"), well.stdout
    assert runner.ends() == 0


def test_it_stops_as_well_while_it_waits(runner: Gluehook) -> None:
    wrong(runner.rules)
    runner.start()
    runner.hears("error[unknown-handler]", "did you mean 'qbittorrent.set_port'?")
    assert runner.ends(signal.SIGTERM, wait_s=5) == 0
    assert len(runner.told("error[")) == 2


def test_a_file_that_becomes_readable_is_read(runner: Gluehook) -> None:
    unreadable(runner.rules)
    runner.start()
    runner.hears("error[file-unreadable]")
    runner.rules.chmod(0o644)  # neither its size nor when it was written changes
    runner.hears("1 rule is in force")


def test_an_unknown_setting_ends_it_with_a_hint(runner: Gluehook) -> None:
    runner.rules.write_text(GOOD)
    runner.environment |= {"GLUEHOOK_RULE": "x", "QBITTORRENT_URL": "gluetun:8080"}
    runner.start()
    assert runner.ends(None) == 2
    assert len(runner.lines) == 2, runner.lines
    runner.hears("GLUEHOOK_RULE is no setting of gluehook; did you mean GLUEHOOK_RULES?")
    runner.hears("QBITTORRENT_URL is 'gluetun:8080'", "http://gluetun:8080")


def test_a_stop_during_the_start_is_heard(runner: Gluehook) -> None:
    runner.rules.write_text(GOOD)
    runner.start()
    runner.hears("1 rule is in force")  # and nothing else is up
    assert runner.ends(signal.SIGTERM, wait_s=5) == 0


def test_a_second_signal_does_not_hurt(runner: Gluehook) -> None:
    runner.rules.write_text(GOOD)
    runner.start()
    runner.hears("is ready")
    for _ in range(3):
        os.kill(runner.pid, signal.SIGINT)
    assert runner.ends(signal.SIGTERM, wait_s=5) == 0


def test_a_state_folder_that_cannot_be_written_is_said_and_no_reason_to_stop(runner: Gluehook) -> None:
    runner.rules.write_text(GOOD)
    runner.state.chmod(0o500)
    runner.start()
    runner.hears("ERROR", f"the heartbeat {runner.state}/heartbeat.json cannot be written", "health checks will fail")
    runner.hears("is ready")
    assert runner.call("health").returncode == 1
    assert runner.ends() == 0


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_without_standard_files_it_works_and_stops(tmp_path: Path, closed: str) -> None:
    part = Gluehook(tmp_path, "version = 1\n")
    command = f"exec {sys.executable} -m hooks run {closed}"
    process = subprocess.Popen(["sh", "-c", command], cwd=tmp_path, env=part.environment, start_new_session=True)
    try:
        until(lambda: part.call("health").returncode == 0, "it is not healthy")
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
