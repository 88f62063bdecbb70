"""The journal on a real disk: what is unsettled comes back, what is settled does not, and no failure stops the work."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hooks.engine.runs import Run
from hooks.events.catalogue import Event
from hooks.journal.journal import FILE_NAME, Durable, Taken
from hooks.journal.migrations import MIGRATIONS
from hooks.journal.store import Journal
from hooks.rules.table import Rule
from tests.parts.places import TOP

LANE = ("forward-port", "port")


def event(number: int, kind: str = "port.forwarded") -> Event:
    return Event(kind, "gluetun", number, "files", data={"container": "gluetun", "port": 5000 + number})


def run(number: int, of: Event, *, mode: Any = "latest", attempt: int = 1) -> Run:
    return Run(f"r#{number}", Rule(LANE[0], (), (), mode=mode), LANE[1], of, attempt)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / FILE_NAME)
    yield opened
    opened.close()


def test_an_accepted_event_is_unsettled_until_its_run_has_ended(journal: Journal) -> None:
    journal.accept(event(1), [LANE, ("tell", "gluetun")])
    journal.begin(run(1, event(1)), 10.0)
    assert [(u.rule, u.event, u.run) for u in journal.unsettled()] == [
        ("forward-port", event(1), "r#1"),
        ("tell", event(1), ""),
    ]
    journal.end(run(1, event(1)), "changed", "done", 11.0, counts=True)
    assert [u.rule for u in journal.unsettled()] == ["tell"]


def test_a_run_settles_what_its_lane_accepted_before_and_not_what_came_after(journal: Journal) -> None:
    for number in (1, 2, 3):
        journal.accept(event(number), [LANE])
    journal.begin(run(1, event(2)), 1.0)
    journal.end(run(1, event(2)), "changed", "", 2.0, counts=True)
    assert [u.event.time for u in journal.unsettled()] == [3]


def test_a_queued_lane_settles_one_by_one(journal: Journal) -> None:
    for number in (1, 2, 3):
        journal.accept(event(number), [LANE])
    journal.begin(run(1, event(2), mode="queued"), 1.0)
    journal.end(run(1, event(2), mode="queued"), "changed", "", 2.0, counts=True)
    assert [u.event.time for u in journal.unsettled()] == [1, 3]


def test_a_cut_run_is_known_with_its_unfinished_step(tmp_path: Path, journal: Journal) -> None:
    journal.accept(event(1), [LANE])
    journal.begin(run(1, event(1)), 1.0)
    journal.step("r#1", 1, {"use": "a.b", "said": "one"}, changed=True, said="one")
    journal.begin(run(1, event(1), attempt=2), 2.0)
    journal.close()
    again = Journal(tmp_path / FILE_NAME)
    (cut,) = again.unsettled()
    assert (cut.run, cut.attempt, cut.step, cut.changed, cut.said) == ("r#1", 2, 1, True, "one")
    (past,) = again.history()
    assert past["steps"] == [{"use": "a.b", "said": "one"}]
    again.close()


def test_a_state_told_again_is_accepted_again_and_settled_with_all_before_it(journal: Journal) -> None:
    assert not journal.knows(event(1).id)
    journal.accept(event(1), [LANE])
    journal.accept(event(2), [LANE])
    journal.accept(event(1), [LANE])
    assert journal.knows(event(1).id)
    assert [u.event.time for u in journal.unsettled()] == [1, 2, 1]
    journal.begin(run(1, event(1)), 1.0)
    journal.end(run(1, event(1)), "changed", "", 2.0, counts=True)
    assert journal.unsettled() == []


def test_history_is_newest_first_and_tells_failures_alone(journal: Journal) -> None:
    for number, outcome in enumerate(("changed", "give_up", "retry", "skipped")):
        journal.accept(event(number), [LANE])
        journal.begin(run(number, event(number)), float(number))
        journal.end(run(number, event(number)), outcome, "x", number + 0.5, counts=True)
    assert [past["id"] for past in journal.history()] == ["r#3", "r#2", "r#1", "r#0"]
    assert [past["id"] for past in journal.history(failed=True)] == ["r#2", "r#1"]
    assert journal.history(rule="nobody") == []


def test_what_the_steps_have_said_is_told_by_the_run_and_written_once(journal: Journal) -> None:
    for number, said in ((1, "one; two"), (2, "one; broken")):
        journal.accept(event(number), [LANE])
        journal.begin(run(number, event(number)), float(number))
        for place, word in enumerate(("one", "two")):
            journal.step(f"r#{number}", place + 1, {"use": "a.b", "said": word}, changed=True, said=word)
        journal.end(run(number, event(number)), "changed", said, number + 0.5, counts=True)
    assert [past["said"] for past in journal.history()] == ["one; broken", "one; two"]
    assert journal._db.execute("select said from runs order by began").fetchall() == [("",), ("one; broken",)]


def test_limits_and_cooldowns_know_their_past(journal: Journal) -> None:
    for number, counts in enumerate((True, False, True)):
        journal.begin(run(number, event(number)), float(number))
        journal.end(run(number, event(number)), "changed", "", number + 0.5, counts=counts)
    (past,) = journal.pasts(since=0.0)
    assert (past.rule, past.key, past.starts, past.ended) == (*LANE, (0.0, 2.0), 2.5)
    assert journal.pasts(since=3.0) == []


def test_retention_keeps_what_is_unsettled(journal: Journal) -> None:
    for number in range(10):
        journal.accept(event(number), [LANE])
    journal.settle(*LANE, event(7).id, alone=False)
    journal.accept(event(100), [("old", "x")])
    assert journal.prune(before=0.0, most=4) == 7
    assert [u.event.time for u in journal.unsettled()] == [8, 9, 100]
    assert journal.event(event(0).id) is None
    assert journal.event(event(7).id) == event(7)


@pytest.mark.parametrize("damage", ["truncated", "zeroed", "foreign", "text", "newer"])
def test_a_journal_that_cannot_be_used_is_moved_aside_by_name(tmp_path: Path, problems: list[str], damage: str) -> None:
    file = tmp_path / FILE_NAME
    first = Journal(file)
    for number in range(300):
        first.accept(event(number), [LANE])
    first.close()
    _damage(file, damage)
    durable = Durable(tmp_path)
    assert durable.write(lambda journal: journal.accept(event(1), [LANE]))
    assert durable.read(lambda journal: len(journal.unsettled()), otherwise=-1) == 1
    durable.close()
    (aside,) = tmp_path.glob(f"{FILE_NAME}.broken-*[0-9]")
    assert len(problems) == 1
    assert str(aside) in problems[0]


def _damage(file: Path, how: str) -> None:
    content = file.read_bytes()
    if how == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif how == "zeroed":
        file.write_bytes(content[:4096] + bytes(4096) + content[8192:])
    elif how == "text":
        file.write_text("this is no database" * 500)
    else:
        other = sqlite3.connect(file)
        if how == "newer":
            other.execute(f"pragma user_version = {len(MIGRATIONS) + 1}")
        else:
            other.execute("pragma user_version = 0")
        other.commit()
        other.close()


def test_a_second_runner_on_the_same_folder_says_so(tmp_path: Path) -> None:
    first = Durable(tmp_path)
    with pytest.raises(Taken, match=rf"process {os.getpid()} .* uses the state folder"):
        Durable(tmp_path)
    first.close()
    Durable(tmp_path).close()


def test_a_disk_that_fails_is_said_once_and_recovers_by_itself(tmp_path: Path, problems: list[str]) -> None:
    now = [0.0]
    durable = Durable(tmp_path, clock=lambda: now[0])
    (tmp_path / FILE_NAME).unlink()
    for suffix in ("-wal", "-shm"):
        (tmp_path / (FILE_NAME + suffix)).unlink(missing_ok=True)
    durable._journal._db.execute("pragma query_only = on")  # type: ignore[union-attr] # as a read-only disk answers
    assert not durable.write(lambda journal: journal.accept(event(1), [LANE]))
    assert not durable.write(lambda journal: journal.accept(event(2), [LANE]))
    assert durable.trouble
    assert len(problems) == 1
    now[0] += 11
    assert durable.write(lambda journal: journal.accept(event(3), [LANE]))
    assert not durable.trouble
    assert len(problems) == 2
    assert "can be written again" in problems[1]
    durable.close()


_STORY = """
import sys
from pathlib import Path
from hooks.events.catalogue import Event
from hooks.journal.store import Journal
journal = Journal(Path(sys.argv[1]))
for number in range(10**6):
    journal.accept(Event("port.forwarded", "gluetun", number, data={"port": number}), [("r", "k")])
    print(number, flush=True)
"""


def test_what_was_accepted_survives_a_kill_at_any_instant(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    for kill_after in (0, 1, 7, 40):
        seen = -1
        with subprocess.Popen(
            [sys.executable, "-c", _STORY, str(file)], stdout=subprocess.PIPE, text=True, cwd=TOP
        ) as runner:
            assert runner.stdout is not None
            for line in runner.stdout:
                seen = int(line)
                if seen >= kill_after:
                    runner.send_signal(signal.SIGKILL)
                    break
            seen = max([seen, *(int(line) for line in runner.stdout if line.strip())])
        journal = Journal(file)
        kept = [u.event.time for u in journal.unsettled()]
        journal.close()
        assert kept[: seen + 1] == list(range(seen + 1))
        assert len(kept) <= seen + 2  # one may have been on disk and not yet reported
        file.unlink()
        for suffix in ("-wal", "-shm"):
            Path(f"{file}{suffix}").unlink(missing_ok=True)
