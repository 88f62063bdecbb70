"""A disk that is full or read-only: the work goes on, it is said once, and what was not written is written later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hooks.engine.runs import Result, Run
from hooks.events.catalogue import Event
from hooks.journal.folder import Taken
from hooks.journal.journal import FILE_NAME, MOST_PENDING, Journal
from hooks.journal.records import Accepted, Began, Ended, Saved, Settled
from hooks.rules.table import Entry, Rule, Step
from hooks.runtime import heartbeat
from tests.parts.places import TOP
from tests.parts.process.disk import disk as a_disk
from tests.parts.process.ordinary_user import ordinary_user, public_folder
from tests.parts.process.playing import changed, stage
from tests.parts.values.watched_store import Disk

AGAIN_S = 11.0
LANE = ("r", "gluetun")
RULE = Rule("r", (Entry("container.start"),), (Step("play.act"),))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with a_disk(tmp_path / "state") as folder:
        yield folder


def event(number: int) -> Event:
    return Event("container.start", "gluetun", number, "docker", data={"container": "gluetun", "id": f"{number}"})


def run(number: int) -> Run:
    return Run(f"r/gluetun#{number}", RULE, LANE[1], event(number))


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


def accept_until_full(journal: Journal) -> int:
    """The number of the first event that had no room."""
    for number in range(10_000):
        if not journal.write([Accepted(event(number), (LANE,))]):  # type: ignore[misc]
            return number
    raise AssertionError("there was always room")


OOM = Event("container.oom", "web", 77, "docker", data={"container": "web", "id": "1"})


def be_killed_on_a_full_disk(disk: Path) -> None:
    """A state and a happening are accepted; then there is no room; the state is acted on, and a newer one; the end."""
    journal = Journal(disk)
    journal.write([Accepted(event(1), (LANE,))])
    journal.write([Accepted(OOM, (("log", "web"),))])
    fill(disk)
    full = accept_until_full(journal)
    for number in range(full + 1):
        journal.write([Settled(*LANE, event(number).id, alone=False)])
    os.kill(os.getpid(), signal.SIGKILL)


def killed_on_a_full_disk(disk: Path) -> None:
    program = "import sys; from pathlib import Path; from tests.whole import test_faults_disk as it; "
    call = [sys.executable, "-c", f"{program}it.be_killed_on_a_full_disk(Path(sys.argv[1]))", str(disk)]
    ran = subprocess.run(call, capture_output=True, text=True, timeout=30, cwd=TOP, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr


def taken_over(journal: Journal) -> list[Event]:
    return [left.event for left in journal.unfinished()]


def unsettled(journal: Journal) -> list[int]:
    return [left.event.time for left in journal.unfinished()]


def test_a_disk_that_fills_is_said_once_and_nothing_is_lost_when_it_has_room_again(
    disk: Path, clock: Clock, problems: list[str]
) -> None:
    journal = Journal(disk, clock=clock)
    filler = fill(disk)
    full = accept_until_full(journal)
    for number in range(full + 1, full + 50):
        clock.now += AGAIN_S  # each of them is a new try
        assert not journal.write([Accepted(event(number), (LANE,))])
    assert len(problems) == 1, problems
    assert "full" in problems[0]
    assert "full" in journal.problem
    filler.unlink()
    clock.now += AGAIN_S
    assert unsettled(journal) == list(range(full + 50))
    assert journal.problem == ""
    assert len(problems) == 2, problems
    assert "can be written again" in problems[1]
    journal.close()


def test_work_goes_on_while_the_disk_is_full_and_what_was_done_is_not_done_again(disk: Path, clock: Clock) -> None:
    journal = Journal(disk, clock=clock)
    filler = fill(disk)
    accept_until_full(journal)
    with stage(RULE, act=lambda *_: changed(), journal=journal) as s:
        for _ in range(3):
            s.post("container.start")
            s.called()
    assert journal.problem
    filler.unlink()
    clock.now += AGAIN_S
    assert unsettled(journal) == []
    journal.close()


def test_a_start_on_a_full_disk_works_without_a_journal_until_there_is_room(disk: Path, clock: Clock) -> None:
    filler = fill(disk)
    journal = Journal(disk, clock=clock)
    assert journal.problem
    assert not journal.write([Accepted(event(1), (LANE,))])
    filler.unlink()
    clock.now += AGAIN_S
    assert unsettled(journal) == [1]
    journal.close()


def test_a_kill_while_the_disk_is_full_brings_no_older_state_back(disk: Path) -> None:
    killed_on_a_full_disk(disk)
    journal = Journal(disk)  # there is no room yet
    assert taken_over(journal) == [OOM]
    journal.close()
    (disk / "filler").unlink()
    journal = Journal(disk)
    assert taken_over(journal) == [OOM]
    assert unsettled(journal) == [OOM.time], "what is doubted once is doubted for good"
    journal.write([Accepted(event(9), (LANE,))])
    journal.close()
    journal = Journal(disk)  # and from here on it is believed again
    assert taken_over(journal) == [OOM, event(9)]
    journal.close()


def test_a_journal_that_a_start_cannot_read_is_doubted_by_the_next(disk: Path, clock: Clock) -> None:
    journal = Journal(disk, clock=clock)
    journal.write([Accepted(event(1), (LANE,))])
    journal.close()
    (disk / FILE_NAME).rename(disk / "elsewhere")
    (disk / FILE_NAME).mkdir()  # no file to open
    journal = Journal(disk, clock=clock)
    assert journal.problem
    (disk / FILE_NAME).rmdir()
    (disk / "elsewhere").rename(disk / FILE_NAME)
    clock.now += AGAIN_S
    assert unsettled(journal) == [1]
    journal.close()  # it has looked at the states meanwhile, and not at what was unfinished
    journal = Journal(disk)
    assert taken_over(journal) == []
    journal.close()


def test_a_turn_that_could_not_be_committed_is_written_later_as_a_whole(disk: Path, clock: Clock) -> None:
    journal = Journal(disk, now=lambda: 5.0, clock=clock)
    filler = fill(disk)
    full = accept_until_full(journal)
    whole = run(full + 1)
    turn = [Accepted(whole.event, (LANE,)), Began(whole, 5.0), Ended(whole, Result("changed", "done"), 5.0)]
    assert not journal.write(turn)
    journal.write([Accepted(event(full + 2), (LANE,))])
    filler.unlink()
    clock.now += AGAIN_S
    assert unsettled(journal) == [full + 2]
    (past,) = journal.history() or []
    assert (past["id"], past["outcome"], past["began"], past["ended"]) == (run(full + 1).id, "changed", 5.0, 5.0)
    journal.close()


def test_a_read_only_disk_is_used_once_it_can_be_written(disk: Path, clock: Clock, problems: list[str]) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    journal = Journal(disk, clock=clock)
    assert not journal.write([Accepted(event(1), (LANE,))])
    assert len(problems) == 1, problems
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    clock.now += AGAIN_S
    assert unsettled(journal) == [1]
    assert len(problems) == 2, problems
    with pytest.raises(Taken):
        Journal(disk)
    journal.close()


def test_a_folder_of_somebody_else_is_said_once_and_used_when_it_is_ours(clock: Clock, problems: list[str]) -> None:
    with public_folder() as folder:
        folder.chmod(0o555)
        with ordinary_user():
            journal = Journal(folder, clock=clock)
            for number in range(3):
                clock.now += AGAIN_S
                assert not journal.write([Accepted(event(number), (LANE,))])
        assert len(problems) == 1, problems
        assert str(folder) in problems[0]
        folder.chmod(0o777)
        with ordinary_user():
            clock.now += AGAIN_S
            assert unsettled(journal) == [0, 1, 2]
            journal.close()


def test_health_says_what_is_wrong_with_the_journal(tmp_path: Path) -> None:
    with public_folder() as folder:
        folder.chmod(0o555)
        with ordinary_user():
            journal = Journal(folder)
        report = {"time": time.time(), "sources": {}, "overdue": [], "rules_reason": "", "rules": 1, "port_used": False,
                  "port_since": 0.0, "gluetun_runs": True, "port": [], "journal": journal.problem}  # fmt: skip
        heartbeat.write(str(tmp_path / "beat"), report)
        is_healthy, (said,) = heartbeat.judge(str(tmp_path / "beat"), time.time())
        journal.close()
    assert not is_healthy
    assert f"{folder}/journal.db cannot be written" in said


def test_what_is_owed_to_a_disk_has_a_bound_and_the_newest_stays(tmp_path: Path, clock: Clock) -> None:
    disk = Disk(refuses=True)
    journal = Journal(tmp_path, clock=clock, open_store=disk.open)
    for number in range(MOST_PENDING + 10):
        journal.write([Accepted(event(number), (LANE,))])
        journal.write([Saved("cursor", number)])
    disk.refuses = False
    clock.now += AGAIN_S
    assert unsettled(journal) == list(range(11, MOST_PENDING + 10))
    assert journal.load("cursor") == MOST_PENDING + 9
    journal.close()
