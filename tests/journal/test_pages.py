"""Runs and events page by page: each comes once, newest first, whatever is written meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hooks.engine.runs import Run
from hooks.journal.journal import FILE_NAME
from hooks.journal.pages import CursorError
from hooks.journal.store import Store
from hooks.rules.table import Rule
from tests.parts.values.journaled import die, one_more

RUNS = 7


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / FILE_NAME)
    opened.write(record for number in range(RUNS) for record in one_more(number))
    yield opened
    opened.close()


def numbers(store: Store, limit: int, **which: Any) -> list[list[int]]:
    """The numbers of the runs, page by page."""
    pages, cursor = [], ""
    while not pages or cursor:
        runs, cursor = store.runs_page(before=cursor, limit=limit, **which)
        pages.append([int(run["id"].rpartition("#")[2]) for run in runs])
    return pages


@pytest.mark.parametrize(
    ("limit", "which", "expected"),
    [
        (3, {}, [[7, 6, 5], [4, 3, 2], [1]]),
        (7, {}, [[7, 6, 5, 4, 3, 2, 1]]),
        (2, {"outcome": "changed", "since": die(4).time / 1e9}, [[7, 6], [5]]),
        (5, {"outcome": "failed"}, [[]]),
        (5, {"rule": "restart-web", "key": "web-3"}, [[4]]),
        (5, {"event": die(2).id}, [[3]]),
    ],
)
def test_each_run_is_on_one_page(
    store: Store, limit: int, which: dict[str, Any], expected: list[list[int]]
) -> None:  # fmt: skip
    assert numbers(store, limit, **which) == expected


def test_a_cursor_is_good_while_runs_come_and_go_and_at_one_instant(store: Store) -> None:
    rule = Rule("restart-web", (), ())
    for number in (21, 22, 23):
        store.begin(Run(f"restart-web/web#{number}", rule, "web", die(1)), 2e9)
    first = store.runs_page(limit=2)
    store.write(one_more(RUNS))
    second = store.runs_page(before=first.next, limit=2)
    assert [run["id"].rpartition("#")[2] for run in first.runs + second.runs] == ["23", "22", "21", "8"]
    assert [len(store.runs_page(outcome=outcome).runs) for outcome in ("unfinished", "changed")] == [3, 8]


def test_events_are_paged_the_same_way(store: Store) -> None:
    first = store.events_page(limit=4)
    second = store.events_page(before=first.next, limit=4)
    assert first.events + second.events == [die(number) for number in reversed(range(RUNS))]
    assert second.next == ""
    assert store.events_page(since=die(5).time / 1e9).events == [die(6), die(5)]


@pytest.mark.parametrize("cursor", ["x", "1.0", "_", "1.0_x", "-1", "5 or 1"])
def test_what_is_no_cursor_is_refused(store: Store, cursor: str) -> None:
    for page in (store.runs_page, store.events_page):
        with pytest.raises(CursorError, match="is no cursor of"):
            page(before=cursor)


@pytest.mark.parametrize("cursor", ["1e999_9", "nan_1", "-1_" + "9" * 400, "1_-" + "9" * 40])
def test_a_cursor_of_our_form_that_we_never_gave_ends_nothing(store: Store, cursor: str) -> None:
    assert len(store.runs_page(before=cursor).runs) in (0, RUNS)


@pytest.mark.parametrize("which", [{"limit": 0}, {"limit": 1001}, {"outcome": "good"}])
def test_a_page_of_nothing_sensible_is_refused(store: Store, which: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"ask for 1 to 1000|there is no outcome 'good'; there are failed, "):
        store.runs_page(**which)
