"""Attempts, decisions and rules in the journal: bounded, forgotten with their runs, the first to go on a full disk."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hooks.events.catalogue import Event
from hooks.journal import trace_rows
from hooks.journal.journal import FILE_NAME, MOST_PENDING, Journal
from hooks.journal.records import Accepted
from hooks.journal.store import Store
from hooks.journal.trace_rows import KEPT_BYTES, KEPT_TEXTS, Decided, Tried, rules_at, rules_in_force
from tests.parts.values.journaled import one_more
from tests.parts.values.watched_store import Disk


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / FILE_NAME)) as opened:
        yield opened


def test_on_a_full_disk_what_only_a_trace_needs_goes_first(tmp_path: Path) -> None:
    now, disk = [0.0], Disk(refuses=True)
    journal = Journal(tmp_path, clock=lambda: now[0], open_store=disk.open)
    for number in range(MOST_PENDING):
        event = Event("container.oom", "web", number, "docker", data={"container": "web"})
        journal.write([Accepted(event, (("tell", "web"),)), Decided(float(number), "tell", "web", "waits")])
    disk.refuses = False
    now[0] += 11
    assert [left.event.time for left in journal.unfinished()] == list(range(MOST_PENDING))
    journal.close()
    with closing(Store(tmp_path / FILE_NAME)) as store:
        assert trace_rows.decisions(store, 0.0, 1e9) == []


def test_what_belongs_to_runs_and_decisions_that_are_old_is_forgotten(store: Store) -> None:
    for number in range(10):
        store.write(one_more(number))
        at, run = one_more(number)[1].at, one_more(number)[1].run.id  # type: ignore[attr-defined]
        store.write([Tried(run, 1, at, at + 1, "retry", "no"), Decided(at, "restart-web", "x", "waits")])
    store.prune(before=0.0, most=4)
    kept = [run["id"] for run in store.history()]
    assert len(kept) == 4
    assert [len(trace_rows.attempts_of(store, run)) for run in kept] == [1] * 4
    assert store.select("select count(*) from attempts") == [(4,)]
    assert len(trace_rows.decisions(store, 0.0, 1e12)) == 4


def test_the_rules_of_an_instant_are_those_that_came_into_force_before_it(store: Store) -> None:
    assert rules_at(store, 1.0) is None
    for at, text in ((10.0, "one"), (20.0, "two"), (30.0, "one")):
        store.write([rules_in_force(at, "rules.toml", text)])
    found = [rules_at(store, at) for at in (5.0, 10.0, 25.0, 31.0)]
    assert [rules and (rules.since, rules.text) for rules in found] == [None, (10, "one"), (20, "two"), (30, "one")]
    assert store.select("select count(*) from rules_texts") == [(2,)]


@pytest.mark.parametrize(
    ("chars", "count", "kept"),
    [(10, KEPT_TEXTS + 5, KEPT_TEXTS), (KEPT_BYTES * 3 // 4, 4, 2), (3 * KEPT_BYTES, 2, 1)],
    ids=["many", "large", "larger than all"],
)
def test_the_newest_rules_are_kept_and_a_trace_of_older_ones_knows_that_they_are_not(
    store: Store, chars: int, count: int, kept: int
) -> None:
    noise = random.Random(13)
    for number in range(count):
        text = f"{number}" + noise.randbytes(chars // 2).hex()  # packed, a half
        store.write([rules_in_force(float(number), "rules.toml", text)])
    texts = [rules.text[:1] for number in range(count) if (rules := rules_at(store, float(number)))]
    assert len(texts) == count
    assert [text != "" for text in texts] == [False] * (count - kept) + [True] * kept
