"""What a next life must know, at exact instants, and a journal that stays small however long it is used."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hooks.engine.engine import Engine
from hooks.engine.runs import Result, Run, Unfinished
from hooks.events.catalogue import Event
from hooks.journal.journal import FILE_NAME, Journal
from hooks.journal.records import Accepted, Began, Ended, Saved, StepDone
from hooks.journal.store import Record, Store
from hooks.rules.table import Entry, Limit, Rule, Step, Table
from tests.parts.values.watched_store import Disk

LIMITED = Rule("r", (Entry("container.oom"),), (Step("play.act"),), limit=Limit(2, 100.0))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path)
    yield opened
    opened.close()


def event(number: int, kind: str = "container.oom", origin: str = "live") -> Event:
    return Event(kind, "web", number, "docker", origin, {"container": "web", "id": "1"})  # type: ignore[arg-type]


def accept(journal: Journal, told: Event) -> None:
    journal.write([Accepted(told, (("r", "web"),))])


def whole_run(number: int) -> list[Record]:
    """An event and the whole of its run."""
    run = Run(f"r/web#{number}", LIMITED, "web", event(number))
    return [
        Accepted(run.event, (("r", "web"),)),
        Began(run, float(number)),
        StepDone(run.id, 1, {"use": "play.act", "said": "done"}, changed=True, said="done"),
        Ended(run, Result("changed", "done"), float(number)),
    ]


def test_a_state_that_a_resync_reports_to_a_new_process_is_no_repeat(tmp_path: Path) -> None:
    with closing(Journal(tmp_path, now=lambda: 10.0)) as journal:
        for told in (event(1), event(2, "container.start", "resync")):
            accept(journal, told)
        assert journal.is_repeat(event(1))
        assert not journal.is_repeat(event(2, "container.start", "resync")), "this engine has not been fed with it"
        assert not journal.is_repeat(event(3))


def test_a_run_that_is_resumed_at_a_retry_counts_for_the_limit() -> None:
    engine = Engine(Table((LIMITED,)))
    engine.resume(Unfinished("r", "web", event(1), "r/web#1", attempt=2), 0.0)
    (cut,) = engine.advance(0.0)
    engine.finished(cut, Result("changed"), 0.0)
    for number, at in ((2, 1.0), (3, 2.0)):
        engine.feed(event(number), at)
        for run in engine.advance(at):
            engine.finished(run, Result("changed"), at)
    assert engine.advance(99.0) == [], "two have run"
    assert [run.event.time for run in engine.advance(100.0)] == [3]


def test_a_run_that_a_newer_one_replaced_is_not_open_for_ever(journal: Journal) -> None:
    accept(journal, event(1))
    journal.write([Began(Run("r/web#1", LIMITED, "web", event(1)), 1.0)])  # and here its process ends
    journal.write(whole_run(2))
    history = journal.history()
    assert {past["id"]: past["outcome"] for past in history} == {"r/web#1": "superseded", "r/web#2": "changed"}


def test_threads_may_write_while_the_journal_fails_and_comes_back(tmp_path: Path) -> None:
    now, broke, disk = [0.0], [], Disk()
    journal = Journal(tmp_path, clock=lambda: now[0], open_store=disk.open)

    def work(first: int) -> None:
        try:
            for number in range(first, first + 100):
                journal.write([Accepted(event(number), (("r", "web"),)), Saved("number", number)])
                accept(journal, event(number + 1000))
        except Exception as error:  # noqa: BLE001 - the test tells it
            broke.append(error)

    workers = [threading.Thread(target=work, args=(first,)) for first in (0, 100, 200, 300)]
    for worker in workers:
        worker.start()
    for _ in range(20):
        disk.refuses = not disk.refuses
        now[0] += 11.0
    for worker in workers:
        worker.join(20)
    disk.refuses = False
    now[0] += 11.0
    kept = {left.event.time for left in journal.unfinished()}
    journal.close()
    assert broke == []
    assert kept == {*range(400), *range(1000, 1400)}


def test_the_file_stops_growing_where_the_bound_is(tmp_path: Path) -> None:
    file, sizes = tmp_path / FILE_NAME, []
    for round_ in range(6):
        with closing(Store(file)) as store:  # closing it brings everything into the file
            store.write(record for number in range(400) for record in whole_run(round_ * 400 + number))
            store.prune(before=0.0, most=400)
        sizes.append(file.stat().st_size)
    events, runs = counts(file)
    assert (events, runs) == (400, 400)
    assert sizes[5] <= sizes[2] * 1.05, f"what was pruned is used again: {sizes}"


def counts(file: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(file)) as db:
        row = db.execute("select (select count(*) from events), (select count(*) from runs)").fetchone()
    return int(row[0]), int(row[1])
