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
from hooks.journal.books import Books
from hooks.journal.journal import _MOST_OWED, FILE_NAME, Durable, Taken
from hooks.rules.table import Entry, Rule, Step
from hooks.runtime import heartbeat
from tests.parts.places import TOP
from tests.parts.process.disk import disk as a_disk
from tests.parts.process.ordinary_user import ordinary_user, public_folder
from tests.parts.process.playing import changed, stage

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


def accept_until_full(durable: Durable) -> int:
    """The number of the first event that had no room."""
    for number in range(10_000):
        if not durable.write(lambda journal, number=number: journal.accept(event(number), [LANE])):  # type: ignore[misc]
            return number
    raise AssertionError("there was always room")


OOM = Event("container.oom", "web", 77, "docker", data={"container": "web", "id": "1"})


def be_killed_on_a_full_disk(disk: Path) -> None:
    """A state and a happening are accepted; then there is no room; the state is acted on, and a newer one; the end."""
    durable = Durable(disk)
    durable.write(lambda journal: journal.accept(event(1), [LANE]))
    durable.write(lambda journal: journal.accept(OOM, [("log", "web")]))
    fill(disk)
    full = accept_until_full(durable)
    for number in range(full + 1):
        durable.write(lambda journal, number=number: journal.settle(*LANE, event(number).id, alone=False))  # type: ignore[misc]
    os.kill(os.getpid(), signal.SIGKILL)


def killed_on_a_full_disk(disk: Path) -> None:
    program = "import sys; from pathlib import Path; from tests.whole import test_faults_disk as it; "
    call = [sys.executable, "-c", f"{program}it.be_killed_on_a_full_disk(Path(sys.argv[1]))", str(disk)]
    ran = subprocess.run(call, capture_output=True, text=True, timeout=30, cwd=TOP, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr


def taken_over(durable: Durable) -> list[Event]:
    return [left.event for left in Books(durable).unfinished()]


def unsettled(durable: Durable) -> list[int]:
    return [left.event.time for left in durable.read(lambda journal: journal.unsettled(), otherwise=[])]


def test_a_disk_that_fills_is_said_once_and_nothing_is_lost_when_it_has_room_again(
    disk: Path, clock: Clock, problems: list[str]
) -> None:
    durable = Durable(disk, clock=clock)
    filler = fill(disk)
    full = accept_until_full(durable)
    for number in range(full + 1, full + 50):
        clock.now += AGAIN_S  # each of them is a new try
        assert not durable.write(lambda journal, number=number: journal.accept(event(number), [LANE]))  # type: ignore[misc]
    assert len(problems) == 1, problems
    assert "full" in problems[0]
    assert "full" in durable.trouble
    filler.unlink()
    clock.now += AGAIN_S
    assert unsettled(durable) == list(range(full + 50))
    assert durable.trouble == ""
    assert len(problems) == 2, problems
    assert "can be written again" in problems[1]
    durable.close()


def test_work_goes_on_while_the_disk_is_full_and_what_was_done_is_not_done_again(disk: Path, clock: Clock) -> None:
    durable = Durable(disk, clock=clock)
    filler = fill(disk)
    accept_until_full(durable)
    with stage(RULE, act=lambda *_: changed(), books=Books(durable)) as s:
        for _ in range(3):
            s.post("container.start")
            s.called()
    assert durable.trouble
    filler.unlink()
    clock.now += AGAIN_S
    assert unsettled(durable) == []
    durable.close()


def test_a_start_on_a_full_disk_works_without_a_journal_until_there_is_room(disk: Path, clock: Clock) -> None:
    filler = fill(disk)
    durable = Durable(disk, clock=clock)
    assert durable.trouble
    assert not durable.write(lambda journal: journal.accept(event(1), [LANE]))
    filler.unlink()
    clock.now += AGAIN_S
    assert unsettled(durable) == [1]
    durable.close()


def test_a_kill_while_the_disk_is_full_brings_no_older_state_back(disk: Path) -> None:
    killed_on_a_full_disk(disk)
    durable = Durable(disk)  # there is no room yet
    assert taken_over(durable) == [OOM]
    durable.close()
    (disk / "filler").unlink()
    durable = Durable(disk)
    assert taken_over(durable) == [OOM]
    assert unsettled(durable) == [OOM.time], "what is doubted once is doubted for good"
    durable.write(lambda journal: journal.accept(event(9), [LANE]))
    durable.close()
    durable = Durable(disk)  # and from here on it is believed again
    assert taken_over(durable) == [OOM, event(9)]
    durable.close()


def test_a_journal_that_a_start_cannot_read_is_doubted_by_the_next(disk: Path, clock: Clock) -> None:
    durable = Durable(disk, clock=clock)
    durable.write(lambda journal: journal.accept(event(1), [LANE]))
    durable.close()
    (disk / FILE_NAME).rename(disk / "elsewhere")
    (disk / FILE_NAME).mkdir()  # no file to open
    durable = Durable(disk, clock=clock)
    assert durable.trouble
    (disk / FILE_NAME).rmdir()
    (disk / "elsewhere").rename(disk / FILE_NAME)
    clock.now += AGAIN_S
    assert unsettled(durable) == [1]
    durable.close()  # it has looked at the states meanwhile, and not at what was unfinished
    durable = Durable(disk)
    assert taken_over(durable) == []
    durable.close()


def test_a_turn_that_could_not_be_committed_is_written_later_as_a_whole(disk: Path, clock: Clock) -> None:
    durable = Durable(disk, clock=clock)
    books = Books(durable, now=lambda: 5.0)
    filler = fill(disk)
    full = accept_until_full(durable)
    with books.together():
        durable.write(lambda journal: journal.accept(event(full + 1), [LANE]))
        books.begin(run(full + 1))
        books.end(run(full + 1), Result("changed", "done"), superseded=False)
    durable.write(lambda journal: journal.accept(event(full + 2), [LANE]))
    filler.unlink()
    clock.now += AGAIN_S
    assert unsettled(durable) == [full + 2]
    (past,) = durable.read(lambda journal: journal.history(), otherwise=[])
    assert (past["id"], past["outcome"], past["began"], past["ended"]) == (run(full + 1).id, "changed", 5.0, 5.0)
    durable.close()


def test_a_read_only_disk_is_used_once_it_can_be_written(disk: Path, clock: Clock, problems: list[str]) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    durable = Durable(disk, clock=clock)
    assert not durable.write(lambda journal: journal.accept(event(1), [LANE]))
    assert len(problems) == 1, problems
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    clock.now += AGAIN_S
    assert unsettled(durable) == [1]
    assert len(problems) == 2, problems
    with pytest.raises(Taken):
        Durable(disk)
    durable.close()


def test_a_folder_of_somebody_else_is_said_once_and_used_when_it_is_ours(clock: Clock, problems: list[str]) -> None:
    with public_folder() as folder:
        folder.chmod(0o555)
        with ordinary_user():
            durable = Durable(folder, clock=clock)
            for number in range(3):
                clock.now += AGAIN_S
                assert not durable.write(lambda journal, number=number: journal.accept(event(number), [LANE]))  # type: ignore[misc]
        assert len(problems) == 1, problems
        assert str(folder) in problems[0]
        folder.chmod(0o777)
        with ordinary_user():
            clock.now += AGAIN_S
            assert unsettled(durable) == [0, 1, 2]
            durable.close()


def test_health_says_what_is_wrong_with_the_journal(tmp_path: Path) -> None:
    with public_folder() as folder:
        folder.chmod(0o555)
        with ordinary_user():
            durable = Durable(folder)
        report = {"time": time.time(), "sources": {}, "overdue": [], "rules_reason": "", "rules": 1, "port_used": False,
                  "port_since": 0.0, "gluetun_runs": True, "port": [], "journal": durable.trouble}  # fmt: skip
        heartbeat.write(str(tmp_path / "beat"), report)
        is_healthy, (said,) = heartbeat.judge(str(tmp_path / "beat"), time.time())
        durable.close()
    assert not is_healthy
    assert f"{folder}/journal.db cannot be written" in said


def test_what_is_owed_to_a_disk_has_a_bound_and_the_newest_stays(tmp_path: Path, clock: Clock) -> None:
    durable = Durable(tmp_path, clock=clock)
    journal = durable._journal
    assert journal is not None
    journal._db.execute("pragma query_only = on")  # as a read-only disk answers
    for number in range(_MOST_OWED + 10):
        durable.write(lambda journal, number=number: journal.accept(event(number), [LANE]))  # type: ignore[misc]
        durable.write(lambda journal, number=number: journal.put("cursor", number), "cursor")  # type: ignore[misc]
    clock.now += AGAIN_S
    assert unsettled(durable) == list(range(11, _MOST_OWED + 10))
    assert durable.read(lambda journal: journal.get("cursor"), otherwise=None) == _MOST_OWED + 9
    durable.close()
