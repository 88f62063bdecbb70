"""The journal on a real disk: what is unsettled comes back, what is settled does not, and no failure stops the work."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hooks.engine.runs import Note, Run
from hooks.events.catalogue import Event
from hooks.journal.folder import Taken
from hooks.journal.journal import FILE_NAME, Journal
from hooks.journal.migrations import MIGRATIONS
from hooks.journal.records import Accepted, decided
from hooks.journal.store import Store
from hooks.rules.table import Rule
from tests.parts.places import TOP
from tests.parts.values.watched_store import Disk

LANE = ("forward-port", "port")


def event(number: int, kind: str = "port.forwarded") -> Event:
    return Event(kind, "gluetun", number, "files", data={"container": "gluetun", "port": 5000 + number})


def run(number: int, of: Event, *, mode: Any = "latest", attempt: int = 1) -> Run:
    return Run(f"r#{number}", Rule(LANE[0], (), (), mode=mode), LANE[1], of, attempt)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / FILE_NAME)
    yield opened
    opened.close()


def test_an_accepted_event_is_unsettled_until_its_run_has_ended(store: Store) -> None:
    store.accept(event(1), [LANE, ("tell", "gluetun")])
    store.begin(run(1, event(1)), 10.0)
    assert [(u.rule, u.event, u.run) for u in store.unsettled()] == [
        ("forward-port", event(1), "r#1"),
        ("tell", event(1), ""),
    ]
    store.end(run(1, event(1)), "changed", "done", 11.0, counts=True)
    assert [u.rule for u in store.unsettled()] == ["tell"]


def test_a_run_settles_what_its_lane_accepted_before_and_not_what_came_after(store: Store) -> None:
    for number in (1, 2, 3):
        store.accept(event(number), [LANE])
    store.begin(run(1, event(2)), 1.0)
    store.end(run(1, event(2)), "changed", "", 2.0, counts=True)
    assert [u.event.time for u in store.unsettled()] == [3]


def test_a_queued_lane_settles_one_by_one(store: Store) -> None:
    for number in (1, 2, 3):
        store.accept(event(number), [LANE])
    store.begin(run(1, event(2), mode="queued"), 1.0)
    store.end(run(1, event(2), mode="queued"), "changed", "", 2.0, counts=True)
    assert [u.event.time for u in store.unsettled()] == [1, 3]


def test_a_cut_run_is_known_with_its_unfinished_step(tmp_path: Path, store: Store) -> None:
    store.accept(event(1), [LANE])
    store.begin(run(1, event(1)), 1.0)
    store.step("r#1", 1, {"use": "a.b", "said": "one"}, changed=True, said="one")
    store.begin(run(1, event(1), attempt=2), 2.0)
    store.close()
    again = Store(tmp_path / FILE_NAME)
    (cut,) = again.unsettled()
    assert (cut.run, cut.attempt, cut.step, cut.changed, cut.said) == ("r#1", 2, 1, True, "one")
    (past,) = again.history()
    assert past["steps"] == [{"use": "a.b", "said": "one"}]
    again.close()


def test_a_state_told_again_is_accepted_again_and_settled_with_all_before_it(store: Store) -> None:
    assert not store.knows(event(1).id)
    store.accept(event(1), [LANE])
    store.accept(event(2), [LANE])
    store.accept(event(1), [LANE])
    assert store.knows(event(1).id)
    assert [u.event.time for u in store.unsettled()] == [1, 2, 1]
    store.begin(run(1, event(1)), 1.0)
    store.end(run(1, event(1)), "changed", "", 2.0, counts=True)
    assert store.unsettled() == []


def test_history_is_newest_first_and_tells_failures_alone(store: Store) -> None:
    for number, outcome in enumerate(("changed", "give_up", "retry", "skipped")):
        store.accept(event(number), [LANE])
        store.begin(run(number, event(number)), float(number))
        store.end(run(number, event(number)), outcome, "x", number + 0.5, counts=True)
    assert [past["id"] for past in store.history()] == ["r#3", "r#2", "r#1", "r#0"]
    assert [past["id"] for past in store.history(failed=True)] == ["r#2", "r#1"]
    assert store.history(rule="nobody") == []


def test_what_the_steps_have_said_is_told_by_the_run_and_written_once(store: Store) -> None:
    for number, said in ((1, "one; two"), (2, "one; broken")):
        store.accept(event(number), [LANE])
        store.begin(run(number, event(number)), float(number))
        for place, word in enumerate(("one", "two")):
            store.step(f"r#{number}", place + 1, {"use": "a.b", "said": word}, changed=True, said=word)
        store.end(run(number, event(number)), "changed", said, number + 0.5, counts=True)
    assert [past["said"] for past in store.history()] == ["one; broken", "one; two"]
    assert store._db.execute("select said from runs order by began").fetchall() == [("",), ("one; broken",)]


def test_limits_and_cooldowns_know_their_past(store: Store) -> None:
    for number, counts in enumerate((True, False, True)):
        store.begin(run(number, event(number)), float(number))
        store.end(run(number, event(number)), "changed", "", number + 0.5, counts=counts)
    (past,) = store.pasts(since=0.0)
    assert (past.rule, past.key, past.starts, past.ended) == (*LANE, (0.0, 2.0), 2.5)
    assert store.pasts(since=3.0) == []


def test_retention_keeps_what_is_unsettled(store: Store) -> None:
    for number in range(10):
        store.accept(event(number), [LANE])
    store.settle(*LANE, event(7).id, alone=False)
    store.accept(event(100), [("old", "x")])
    assert store.prune(before=0.0, most=4) == 7
    assert [u.event.time for u in store.unsettled()] == [8, 9, 100]
    assert store.event(event(0).id) is None
    assert store.event(event(7).id) == event(7)


@pytest.mark.parametrize("damage", ["truncated", "zeroed", "foreign", "text", "newer"])
def test_a_journal_that_cannot_be_used_is_moved_aside_by_name(tmp_path: Path, problems: list[str], damage: str) -> None:
    file = tmp_path / FILE_NAME
    first = Store(file)
    for number in range(300):
        first.accept(event(number), [LANE])
    first.close()
    _damage(file, damage)
    journal = Journal(tmp_path)
    assert journal.write([Accepted(event(1, "container.oom"), (LANE,))])
    assert len(journal.unfinished()) == 1
    journal.close()
    (aside,) = tmp_path.glob(f"{FILE_NAME}.broken-*[0-9]")
    assert len(problems) == 1
    assert str(aside) in problems[0]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


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
    first = Journal(tmp_path)
    with pytest.raises(Taken, match=rf"process {os.getpid()} .* uses the state folder"):
        Journal(tmp_path)
    first.close()
    Journal(tmp_path).close()


def test_a_disk_that_fails_is_said_once_and_recovers_by_itself(tmp_path: Path, problems: list[str]) -> None:
    now = [0.0]
    disk = Disk()
    journal = Journal(tmp_path, clock=lambda: now[0], open_store=disk.open)
    disk.refuses = True
    assert not journal.write([Accepted(event(1), (LANE,))])
    assert not journal.write([Accepted(event(2), (LANE,))])
    assert journal.problem
    assert len(problems) == 1
    disk.refuses = False
    now[0] += 11
    assert journal.write([Accepted(event(3), (LANE,))])
    assert not journal.problem
    assert len(problems) == 2
    assert "can be written again" in problems[1]
    journal.close()


_STORY = """
import sys
from pathlib import Path
from hooks.events.catalogue import Event
from hooks.journal.store import Store
journal = Store(Path(sys.argv[1]))
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
        journal = Store(file)
        kept = [u.event.time for u in journal.unsettled()]
        journal.close()
        assert kept[: seen + 1] == list(range(seen + 1))
        assert len(kept) <= seen + 2  # one may have been on disk and not yet reported
        file.unlink()
        for suffix in ("-wal", "-shm"):
            Path(f"{file}{suffix}").unlink(missing_ok=True)


@pytest.mark.parametrize("how", ["moved", "removed", "file removed"])
def test_a_journal_that_is_taken_away_while_gluehook_runs_is_begun_anew(
    tmp_path: Path, problems: list[str], how: str
) -> None:
    folder = tmp_path / "state"
    journal = Journal(folder)
    journal.save("world", 1)
    if how == "moved":
        folder.rename(tmp_path / "old")
    elif how == "removed":
        shutil.rmtree(folder)
    else:
        (folder / FILE_NAME).unlink()
    journal.save("world", 2)
    assert stat.S_IMODE((folder / FILE_NAME).stat().st_mode) == 0o600
    assert journal.problem == ""
    assert [said for said in problems if "was moved or removed while gluehook runs" in said] == problems
    assert len(problems) == 1
    with pytest.raises(Taken):
        Journal(folder)
    journal.close()
    again = Journal(folder)
    assert again.load("world") == 2
    again.close()


def test_an_event_that_a_lane_takes_twice_is_written_once() -> None:
    port = Event("port.forwarded", "vpn", 1, data={"port": 5})
    notes = [Note("accepted", "forward-port", "vpn", port), Note("accepted", "forward-port", "vpn", port)]
    assert list(decided(notes)) == [Accepted(port, (("forward-port", "vpn"),))]
