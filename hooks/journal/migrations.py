"""The journal's tables, as a row of migrations: a new journal is an empty one that goes through all of them.

Each is one transaction from schema N to N + 1. One that fails leaves the file as it was.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hooks.events import jsonl
from hooks.events.catalogue import Event
from hooks.journal import packing, trace_rows

_SCHEMA_1 = """
create table meta (name text primary key, value text not null) without rowid;
create table events (seq integer primary key autoincrement, id text not null, type text not null,
                     at integer not null, line blob not null);
create index by_id on events (id);
create table accepted (rule text not null, key text not null, event integer not null,
                       settled integer not null default 0, primary key (rule, key, event)) without rowid;
create table runs (id text primary key, number integer not null, rule text not null, key text not null,
                   event text not null, began real not null, ended real, attempt integer not null,
                   step integer not null, changed integer not null, said text not null, outcome text,
                   counts integer not null default 0, steps text not null default '[]') without rowid;
create index by_time on runs (began)
"""
# `accepted` holds what is unsettled alone, an event what differs from its pattern; and a row of several hundred bytes
# is better off with a row id.
_SCHEMA_2 = """
alter table events rename to events_1;
alter table accepted rename to accepted_1;
alter table runs rename to runs_1;
drop index by_id;
drop index by_time;
drop index if exists open_runs;
create table events (seq integer primary key autoincrement, id text not null, at integer not null,
                     pattern integer not null, packed blob not null);
create index by_id on events (id);
create table accepted (rule text not null, key text not null, event integer not null,
                       primary key (rule, key, event)) without rowid;
create table runs (id text not null unique, number integer not null, rule text not null, key text not null,
                   event text not null, began real not null, ended real, attempt integer not null,
                   step integer not null, changed integer not null, said text not null, outcome text,
                   counts integer not null default 0, steps text not null default '[]');
create index by_time on runs (began);
create index open_runs on runs (rule, key) where outcome is null;
insert into accepted select rule, key, event from accepted_1 where not settled;
insert into runs select id, number, rule, key, event, began, ended, attempt, step, changed, said, outcome, counts, steps
  from runs_1 order by began, number
"""


def _to_1(db: sqlite3.Connection) -> None:
    _run(db, _SCHEMA_1)


def _to_2(db: sqlite3.Connection) -> None:
    _run(db, _SCHEMA_2)
    _run(db, packing.TABLE)
    for seq, name, at, line in db.execute("select seq, id, at, line from events_1 order by seq"):
        if event := event_1(line):
            row = (seq, name, at, *packing.pack(db, event))
            db.execute("insert into events (seq, id, at, pattern, packed) values (?, ?, ?, ?, ?)", row)
    _run(db, "drop table events_1; drop table accepted_1; drop table runs_1")


def _to_3(db: sqlite3.Connection) -> None:
    _run(db, trace_rows.SCHEMA)


def event_1(line: bytes) -> Event | None:
    """An event of schema 1; None for one that is damaged."""
    try:
        return jsonl.loads(line if line.startswith(b"{") else zlib.decompress(line))
    except (zlib.error, ValueError):
        return None  # damaged, and nothing to do about it


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_to_1, _to_2, _to_3)


def migrate(db: sqlite3.Connection) -> None:
    """Bring the tables up to date. Raises sqlite3.DatabaseError for what is no journal, is a newer one, or is damaged;
    then nothing has changed.
    """
    found = schema_of(db)
    if found > len(MIGRATIONS):
        knows = f"schema {found}, this one knows {len(MIGRATIONS)}"
        raise sqlite3.DatabaseError(f"it was written by a newer gluehook ({knows})")
    if found == 0 and db.execute("select count(*) from sqlite_schema").fetchone()[0]:
        raise sqlite3.DatabaseError("it is a database, but not a journal of gluehook's")
    if (fault := db.execute("pragma quick_check(1)").fetchone()[0]) != "ok":
        raise sqlite3.DatabaseError(f"it is damaged: {fault}")
    for number, step in enumerate(MIGRATIONS[found:], start=found + 1):
        with transaction(db):
            step(db)
            db.execute(f"pragma user_version = {number}")
    if found == 1:
        db.execute("vacuum")  # the old tables' room, which a journal within its bounds would never need again


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of a block's writes, or none."""
    db.execute("begin immediate")
    try:
        yield
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise
    db.execute("commit")


def schema_of(db: sqlite3.Connection) -> int:
    """The number of the journal's schema, 0 for none."""
    return int(db.execute("pragma user_version").fetchone()[0])


def _run(db: sqlite3.Connection, statements: str) -> None:
    # `executescript` would commit before it begins
    for statement in statements.split(";"):
        db.execute(statement)
