"""`gluehook history` where no gluehook runs: what it prints about the journal of the state folder."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from hooks.journal.journal import FILE_NAME
from hooks.journal.store import Store
from tests.parts.places import TOP
from tests.parts.process.gluehook import Gluehook


@pytest.fixture
def with_runs(here: Gluehook) -> Gluehook:
    """The folder has a journal with three runs."""
    here.state.mkdir()
    with closing(sqlite3.connect(here.state / FILE_NAME)) as db:
        db.executescript((TOP / "tests/journals/schema-1.sql").read_text())
    Store(here.state / FILE_NAME).close()  # brings it up to date
    return here


def test_the_table_has_a_line_for_each_run_and_no_blanks_at_its_end(with_runs: Gluehook) -> None:
    said = with_runs.call("history", TZ="UTC")
    assert (said.returncode, said.stderr) == (0, "")
    head, *lines = said.stdout.splitlines()
    assert head.split() == ["when", "run", "outcome", "attempts", "took", "said"]
    assert [line.split(maxsplit=6) for line in lines[1:]] == [
        ["2026-01-01", "00:00:11", "restart-web/web#2", "failed", "3", "9s", "web did not start within 30 s"],
        ["2026-01-01", "00:00:01", "restart-web/web#1", "changed", "1", "2s", "web was restarted"],
    ]
    assert " restart-web/web#3  unfinished  2 " in lines[0]
    assert lines[0].endswith(" web was restarted again")


def test_options_choose_runs_and_json_is_a_run_a_line(with_runs: Gluehook) -> None:
    (run,) = with_runs.call("history", "--failed", "--json").stdout.splitlines()
    assert json.loads(run)["id"] == "restart-web/web#2"
    assert len(with_runs.call("history", "-n", "2").stdout.splitlines()) == 3


@pytest.mark.parametrize("words", [("--rule", "tell"), ("--rule", "tell", "--json")])
def test_where_no_run_is_chosen_one_sentence_says_so_without_a_heading(
    with_runs: Gluehook, words: tuple[str, ...]
) -> None:
    said = with_runs.call("history", *words)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "the journal holds no such run\n")


def test_an_empty_journal_has_no_run_yet(here: Gluehook) -> None:
    here.state.mkdir()
    Store(here.state / FILE_NAME).close()
    said = here.call("history")
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "the journal holds no run yet\n")


def test_no_journal_is_an_error_that_says_which_folder_is_meant(here: Gluehook) -> None:
    said = here.call("history")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith(f"there is no journal {here.state / FILE_NAME}, and no gluehook is running on ")
