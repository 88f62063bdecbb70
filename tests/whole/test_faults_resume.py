"""What a next life must know, at exact instants, and a journal that stays small however long it is used."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hooks.engine.engine import Engine
from hooks.engine.runs import Result, Run, Unfinished
from hooks.events.catalogue import Event
from hooks.journal.books import Books
from hooks.journal.journal import FILE_NAME, Durable
from hooks.journal.store import Journal
from hooks.rules.table import Entry, Limit, Rule, Step, Table

LIMITED = Rule("r", (Entry("container.oom"),), (Step("play.act"),), limit=Limit(2, 100.0))


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[Durable]:
    opened = Durable(tmp_path)
    yield opened
    opened.close()


def event(number: int, kind: str = "container.oom", origin: str = "live") -> Event:
    return Event(kind, "web", number, "docker", origin, {"container": "web", "id": "1"})  # type: ignore[arg-type]


def accept(durable: Durable, told: Event) -> None:
    durable.write(lambda journal: journal.accept(told, [("r", "web")]))


def live_through(durable: Durable, number: int) -> None:
    """An event and the whole of its run."""
    run = Run(f"r/web#{number}", LIMITED, "web", event(number))
    books = Books(durable, now=lambda: float(number))
    accept(durable, run.event)
    books.begin(run)
    books.step(run, 1, {"use": "play.act", "said": "done"}, changed=True, said="done")
    books.end(run, Result("changed", "done"), superseded=False)


def test_a_state_that_a_resync_tells_to_a_new_life_is_no_repeat(durable: Durable) -> None:
    for told in (event(1), event(2, "container.start", "resync")):
        accept(durable, told)
    books = Books(durable, now=lambda: 10.0)
    assert books.is_repeat(event(1))
    assert not books.is_repeat(event(2, "container.start", "resync")), "the engine of this life has not heard of it"
    assert not books.is_repeat(event(3))


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


def test_a_run_that_a_newer_one_replaced_is_not_open_for_ever(durable: Durable) -> None:
    accept(durable, event(1))
    Books(durable).begin(Run("r/web#1", LIMITED, "web", event(1)))  # and here its life ends
    live_through(durable, 2)
    history = durable.read(lambda journal: journal.history(), otherwise=[])
    assert {past["id"]: past["outcome"] for past in history} == {"r/web#1": "superseded", "r/web#2": "changed"}


def test_threads_may_write_while_the_journal_fails_and_comes_back(tmp_path: Path) -> None:
    now, broke = [0.0], []
    durable = Durable(tmp_path, clock=lambda: now[0])

    def work(first: int) -> None:
        try:
            for number in range(first, first + 100):
                with durable.together():
                    accept(durable, event(number))
                accept(durable, event(number + 1000))
        except Exception as error:  # noqa: BLE001 - the test tells it
            broke.append(error)

    workers = [threading.Thread(target=work, args=(first,)) for first in (0, 100, 200, 300)]
    for worker in workers:
        worker.start()
    for _ in range(20):
        durable.read(lambda journal: journal._db.execute("pragma query_only = on"), otherwise=None)
        now[0] += 11.0
    for worker in workers:
        worker.join(20)
    now[0] += 11.0
    kept = {left.event.time for left in durable.read(lambda journal: journal.unsettled(), otherwise=[])}
    durable.close()
    assert broke == []
    assert kept == {*range(400), *range(1000, 1400)}


def test_the_file_stops_growing_where_the_bound_is(tmp_path: Path) -> None:
    durable, sizes = Durable(tmp_path), []
    for round_ in range(6):
        with durable.together():
            for number in range(400):
                live_through(durable, round_ * 400 + number)
        durable.write(lambda journal: journal.prune(before=0.0, most=400))
        durable.read(lambda journal: journal._db.execute("pragma wal_checkpoint(truncate)").fetchall(), otherwise=[])
        sizes.append((tmp_path / FILE_NAME).stat().st_size)
    events, runs = durable.read(counts, otherwise=(0, 0))
    durable.close()
    assert (events, runs) == (400, 400)
    assert sizes[5] <= sizes[2] * 1.05, f"what was pruned is used again: {sizes}"


def counts(journal: Journal) -> tuple[int, int]:
    row = journal._db.execute("select (select count(*) from events), (select count(*) from runs)").fetchone()
    return int(row[0]), int(row[1])
