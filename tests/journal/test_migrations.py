"""Journals of earlier builds: what they held is still there, and one that cannot be brought up to date stays whole."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from hooks.engine.runs import Run
from hooks.journal.journal import FILE_NAME
from hooks.journal.migrations import MIGRATIONS, migrate
from hooks.journal.store import Store
from hooks.rules.table import Rule
from tests.parts.places import TOP

RECORDED = sorted((TOP / "tests/journals").glob("*.sql"))
DIED = "1767225603000000000-ffffffffffff-die"


def recorded(file: Path, sql: Path = RECORDED[0]) -> sqlite3.Connection:
    """A journal as an earlier build has left it."""
    db = sqlite3.connect(file, isolation_level=None)
    db.executescript(sql.read_text())
    return db


def dump(db: sqlite3.Connection) -> list[str]:
    return [*db.iterdump(), str(db.execute("pragma user_version").fetchone())]


def tables(file: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(file)) as db:
        return set(db.execute("select name, sql from sqlite_schema"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


@pytest.mark.parametrize("sql", RECORDED, ids=lambda sql: sql.stem)
def test_what_an_earlier_build_has_not_finished_is_still_unfinished(file: Path, sql: Path) -> None:
    recorded(file, sql).close()
    journal = Store(file)
    left = {one.rule: one for one in journal.unsettled()}
    assert set(left) == {"restart-web", "tell", "forward-port"}
    cut = left["restart-web"]
    assert (cut.run, cut.attempt, cut.step, cut.changed, cut.said, cut.key) == (
        "restart-web/web#3", 2, 1, True, "web was restarted again", "web",
    )  # fmt: skip
    assert (cut.event.id, cut.event.type, cut.event.data["exit_code"]) == (DIED, "container.die", 3)
    assert cut.event.data["labels"]["com.docker.compose.service"] == "web"
    assert left["tell"].event == cut.event
    assert left["forward-port"].event.data["port"] == 51413
    journal.close()


@pytest.mark.parametrize("sql", RECORDED, ids=lambda sql: sql.stem)
def test_what_an_earlier_build_has_done_is_still_history(file: Path, sql: Path) -> None:
    recorded(file, sql).close()
    journal = Store(file)
    runs = journal.history()
    assert [(run["id"], run["outcome"], run["attempt"], run["said"]) for run in runs] == [
        ("restart-web/web#3", None, 2, "web was restarted again"),
        ("restart-web/web#2", "retry", 3, "web did not start within 30 s"),
        ("restart-web/web#1", "changed", 1, "web was restarted"),
    ]
    assert runs[2]["steps"] == [{"use": "containers.restart", "status": "changed", "said": "web was restarted"}]
    assert [past.starts for past in journal.pasts(0.0)] == [(1767225601.0, 1767225611.0)]
    assert (journal.last_number(), journal.get("docker.cursor")) == (3, 1767225603000000000)
    event = journal.event(runs[1]["event"])
    assert event
    assert event.data["exit_code"] == 2
    journal.close()


@pytest.mark.parametrize("sql", RECORDED, ids=lambda sql: sql.stem)
def test_the_work_goes_on_where_an_earlier_build_has_left_it(file: Path, sql: Path) -> None:
    recorded(file, sql).close()
    journal = Store(file)
    (event,) = [one.event for one in journal.unsettled() if one.rule == "restart-web"]
    run = Run("restart-web/web#3", Rule("restart-web", (), ()), "web", event, 3, 1)
    journal.begin(run, 1767225700.0)
    journal.end(run, "changed", "web was restarted again; told", 1767225701.0, counts=True)
    journal.accept(event, [("restart-web", "web")])
    assert sorted(one.rule for one in journal.unsettled()) == ["forward-port", "restart-web", "tell"]
    assert journal.history(run=run.id)[0]["said"] == "web was restarted again; told"
    assert journal.prune(before=1.9e9, most=10) == 2, "what is settled was not forgotten"
    journal.close()


@pytest.mark.parametrize("sql", RECORDED, ids=lambda sql: sql.stem)
def test_an_old_journal_and_a_new_one_have_the_same_tables(tmp_path: Path, file: Path, sql: Path) -> None:
    recorded(file, sql).close()
    other = tmp_path / "new.db"
    for one in (file, other):
        Store(one).close()
    assert tables(file) == tables(other)
    assert len(tables(file)) > 5


def test_a_migration_that_is_refused_in_its_midst_changes_nothing(file: Path) -> None:
    db = recorded(file)
    before = dump(db)
    db.set_authorizer(lambda act, *_: sqlite3.SQLITE_DENY if act == sqlite3.SQLITE_DROP_TABLE else sqlite3.SQLITE_OK)
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        migrate(db)
    db.set_authorizer(None)
    assert dump(db) == before
    migrate(db)
    assert db.execute("pragma user_version").fetchone() == (len(MIGRATIONS),)
    db.close()


_KILLED_AT = """
import os, signal, sqlite3, sys
from hooks.journal.migrations import migrate
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("pragma journal_mode = wal")
db.set_trace_callback(lambda sql: sys.argv[2] in sql and os.kill(os.getpid(), signal.SIGKILL))
migrate(db)
"""


@pytest.mark.parametrize("statement", ["create table events", "insert into events", "drop table runs_1", "commit"])
def test_a_kill_in_the_midst_of_a_migration_leaves_the_old_journal(file: Path, statement: str) -> None:
    db = recorded(file)
    before = dump(db)
    db.close()
    ran = subprocess.run([sys.executable, "-c", _KILLED_AT, str(file), statement], cwd=TOP, check=False)
    assert ran.returncode == -signal.SIGKILL
    db = sqlite3.connect(file)
    assert dump(db) == before
    db.close()
    journal = Store(file)
    assert len(journal.unsettled()) == 3
    journal.close()


def test_one_event_that_is_damaged_costs_no_other(file: Path) -> None:
    db = recorded(file)
    db.execute("update events set line = x'00ff' where seq = 3")
    db.close()
    journal = Store(file)
    assert [one.rule for one in journal.unsettled()] == ["forward-port"]
    assert len(journal.history()) == 3
    journal.close()


@pytest.mark.usefixtures("no_collection")
def test_what_the_old_tables_took_is_given_back(file: Path) -> None:
    db = recorded(file)
    db.executemany(
        "insert into events (id, type, at, line) values (?, '', 0, ?)", [(f"{n}", b"{" * 4000) for n in range(50)]
    )
    db.close()
    before = file.stat().st_size
    Store(file).close()
    assert file.stat().st_size < before / 2


def test_history_can_be_read_in_a_journal_that_nobody_has_brought_up_to_date(file: Path) -> None:
    recorded(file).close()
    before = file.read_bytes()
    journal = Store(file, read_only=True)
    assert [run["id"] for run in journal.history(failed=True)] == ["restart-web/web#2"]
    journal.close()
    assert file.read_bytes() == before
