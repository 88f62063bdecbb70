"""The journal: what was accepted, what ran and how it ended, in SQLite (WAL). What is not settled is done again.

`synchronous=NORMAL`: a commit survives `kill -9` of us and of Docker; a power cut may cost the last instants,
and the resync covers the states. Thread-safe. A method whose write fails raises; `hooks.durable` goes on without.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hooks import wire
from hooks.events import Event
from hooks.runs import Past, Run, Unfinished

SCHEMA = 1
_SHORT_BYTES = 400
_NEWEST_FIRST = 100  # rows of history without a number of one's own
_TABLES = """
create table meta (name text primary key, value text not null) without rowid;
create table events (seq integer primary key autoincrement, id text not null, type text not null,
                     at integer not null, line blob not null);
create index by_id on events (id);
create table accepted (rule text not null, key text not null, event integer not null,
                       settled integer not null default 0, primary key (rule, key, event)) without rowid;
create index unsettled on accepted (rule, key, event) where settled = 0;
create table runs (id text primary key, number integer not null, rule text not null, key text not null,
                   event text not null, began real not null, ended real, attempt integer not null,
                   step integer not null, changed integer not null, said text not null, outcome text,
                   counts integer not null default 0, steps text not null default '[]') without rowid;
create index by_lane on runs (rule, key, began);
create index by_time on runs (began);
create index open_runs on runs (rule, key) where outcome is null;
"""


class Journal:
    """One open journal file, that `read_only` leaves as it is. Raises sqlite3.Error where disk or file fail it."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._lock = threading.RLock()
        self._together = False
        # what nobody has open can be read in a folder that cannot be written, too
        at_rest = read_only and not path.with_name(f"{path.name}-wal").exists()
        how = "ro&immutable=1" if at_rest else "ro" if read_only else "rwc"
        name = f"{path.absolute().as_uri()}?mode={how}"
        self._db = sqlite3.connect(name, uri=True, check_same_thread=False, isolation_level=None, timeout=5.0)
        try:
            if not read_only:
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file; what was written stays."""
        with self._lock:
            self._db.close()

    # -- events ----------------------------------------------------------------------------

    def accept(self, event: Event, lanes: Sequence[tuple[str, str]]) -> None:
        """Lanes have taken the event: it is on disk when this returns."""
        packed = _packed(event)
        with self._transaction() as db:
            # the same event may be accepted again: a state that a resync tells anew
            seq = db.execute(
                "insert into events (id, type, at, line) values (?, ?, ?, ?)",
                (event.id, event.type, event.time, packed),
            ).lastrowid
            db.executemany(
                "insert or ignore into accepted (rule, key, event) values (?, ?, ?)",
                [(rule, key, seq) for rule, key in lanes],
            )

    def knows(self, event_id: str) -> bool:
        """Whether the event was accepted before: Docker tells the last second of its history again."""
        with self._lock:
            return self._db.execute("select 1 from events where id = ?", (event_id,)).fetchone() is not None

    def settle(self, rule: str, key: str, event_id: str, *, alone: bool) -> None:
        """A lane is through with an event, and, unless `alone`, with all that it accepted before."""
        with self._transaction() as db:
            self._settle(db, rule, key, event_id, alone=alone)

    def unsettled(self) -> list[Unfinished]:
        """What must be done again, oldest first."""
        with self._lock:
            rows = self._db.execute(
                "select a.rule, a.key, e.line, r.id, r.attempt, r.step, r.changed, r.said from accepted a"
                " join events e on e.seq = a.event"
                " left join runs r on r.rule = a.rule and r.key = a.key and r.event = e.id and r.outcome is null"
                " where a.settled = 0 order by a.event"
            ).fetchall()
        return [
            Unfinished(rule, key, event, run or "", attempt or 1, step or 0, bool(changed), said or "")
            for rule, key, line, run, attempt, step, changed, said in rows
            if (event := _unpacked(line)) is not None
        ]

    # -- runs ------------------------------------------------------------------------------

    def begin(self, run: Run, now: float) -> None:
        """An attempt begins; the first one begins the run."""
        number = int(run.id.rpartition("#")[2])
        with self._transaction() as db:
            db.execute(
                "insert into runs (id, number, rule, key, event, began, attempt, step, changed, said)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " on conflict (id) do update set attempt = excluded.attempt, event = excluded.event",
                (
                    run.id,
                    number,
                    run.rule.name,
                    run.key,
                    run.event.id,
                    now,
                    run.attempt,
                    run.step,
                    run.changed,
                    run.said,
                ),
            )  # fmt: skip

    def step(self, run: str, step: int, told: Mapping[str, object], *, changed: bool, said: str) -> None:
        """The step before `step` is done: a resumed run goes on with `step`."""
        with self._transaction() as db:
            db.execute(
                "update runs set step = ?, changed = ?, said = ?, steps = json_insert(steps, '$[#]', json(?))"
                " where id = ?",
                (step, changed, said, json.dumps(dict(told), ensure_ascii=False), run),
            )

    def end(self, run: Run, outcome: str, said: str, now: float, *, counts: bool) -> None:
        """A run has ended for good: it and what it covered are settled in one transaction."""
        alone = run.rule.mode == "queued"
        with self._transaction() as db:
            db.execute(
                "update runs set outcome = ?, said = ?, ended = ?, counts = ? where id = ?",
                (outcome, said, now, counts, run.id),
            )
            self._settle(db, run.rule.name, run.key, run.event.id, alone=alone)
            # a lane has one run at a time: any other that is open was given up for this one
            db.execute(
                "update runs indexed by open_runs set outcome = 'superseded', ended = ?"
                " where rule = ? and key = ? and outcome is null",
                (now, run.rule.name, run.key),
            )

    def last_number(self) -> int:
        """The number of the newest run, 0 if there was none: ids go on from there."""
        with self._lock:
            return self._last_number()

    def pasts(self, since: float) -> list[Past]:
        """What limits and cooldowns must know of the runs that ended after `since`. Seconds since the Unix epoch."""
        with self._lock:
            rows = self._db.execute(
                "select rule, key, began, ended from runs where counts and ended >= ? order by began", (since,)
            ).fetchall()
        lanes: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for rule, key, began, ended in rows:
            lanes.setdefault((rule, key), []).append((began, ended))
        return [
            Past(rule, key, tuple(began for began, _ in runs), max(ended for _, ended in runs))
            for (rule, key), runs in lanes.items()
        ]

    def history(self, *, failed: bool = False, rule: str = "", run: str = "",
                most: int = _NEWEST_FIRST) -> list[dict[str, Any]]:  # fmt: skip
        """Past runs, newest first. `failed`: only those that ended without having done their work."""
        where = "where ? in ('', rule) and ? in ('', id)" + (" and outcome in ('retry', 'give_up')" if failed else "")
        columns = (
            "id",
            "rule",
            "key",
            "event",
            "began",
            "ended",
            "attempt",
            "step",
            "changed",
            "said",
            "outcome",
            "steps",
        )
        with self._lock:
            rows = self._db.execute(
                f"select {', '.join(columns)} from runs {where} order by began desc limit ?",  # noqa: S608 - our own words
                (rule, run, most),
            ).fetchall()
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        return [{**run, "changed": bool(run["changed"]), "steps": json.loads(run["steps"])} for run in found]

    def event(self, event_id: str) -> Event | None:
        """An accepted event by its id."""
        with self._lock:
            row = self._db.execute("select line from events where id = ?", (event_id,)).fetchone()
        return _unpacked(row[0]) if row else None

    # -- the rest --------------------------------------------------------------------------

    def get(self, name: str) -> Any:
        """A value stored by name, or None."""
        with self._lock:
            row = self._db.execute("select value from meta where name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, name: str, value: Any) -> None:
        """Store a JSON value by name; None removes it."""
        with self._transaction() as db:
            if value is None:
                db.execute("delete from meta where name = ?", (name,))
            else:
                text = json.dumps(value, ensure_ascii=False)
                db.execute("insert or replace into meta (name, value) values (?, ?)", (name, text))

    def prune(self, before: float, most: int) -> int:
        """Forget settled events and ended runs older than `before` (seconds since the epoch), and all but the `most`
        newest of each. How many events went."""
        with self._transaction() as db:
            newest = db.execute("select max(seq) from events").fetchone()[0] or 0
            gone = db.execute(
                "delete from events where (at < ? or seq <= ?) "
                " and seq not in (select event from accepted where settled = 0)",
                (int(before * 1e9), newest - most),
            ).rowcount
            db.execute("delete from accepted where settled and event not in (select seq from events)")
            # the event may be as old as the state that it tells, but limits ask for what has run lately
            db.execute(
                "delete from runs where outcome is not null and (ended < ? or number <= ?)",
                (before, self._last_number() - most),
            )
        return gone

    def _last_number(self) -> int:
        return int(self._db.execute("select coalesce(max(number), 0) from runs").fetchone()[0])

    def _settle(self, db: sqlite3.Connection, rule: str, key: str, event_id: str, *, alone: bool) -> None:
        covered = "event = e.seq" if alone else "event <= e.seq"
        db.execute(
            f"update accepted indexed by unsettled set settled = 1 where rule = ? and key = ? and settled = 0"  # noqa: S608
            f" and exists (select 1 from events e where e.id = ? and {covered})",
            (rule, key, event_id),
        )

    def _prepare(self) -> None:
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.execute("pragma journal_size_limit = 4194304")
        found = self._db.execute("pragma user_version").fetchone()[0]
        if found > SCHEMA:
            raise sqlite3.DatabaseError(f"it was written by a newer gluehook (schema {found}, this one knows {SCHEMA})")
        if found == 0:
            if self._db.execute("select count(*) from sqlite_schema").fetchone()[0]:
                raise sqlite3.DatabaseError("it is a database, but not a journal of gluehook's")
            self._db.executescript(f"begin immediate; {_TABLES} pragma user_version = {SCHEMA}; commit;")
        if (fault := self._db.execute("pragma quick_check(1)").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(f"it is damaged: {fault}")

    @contextmanager
    def together(self) -> Iterator[None]:
        """One commit for all that is written in this block: a burst must not cost one each."""
        with self._transaction():
            self._together = True
            try:
                yield
            finally:
                self._together = False

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._together:
                yield self._db
                return
            self._db.execute("begin immediate")
            try:
                yield self._db
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("rollback")
                raise
            self._db.execute("commit")


def _packed(event: Event) -> bytes:
    """The event's line. One with many labels is compressed, which costs more than to write a short one."""
    line = wire.dumps(event).encode()
    return line if len(line) < _SHORT_BYTES else zlib.compress(line, 1)


def _unpacked(line: bytes) -> Event | None:
    return wire.loads(line if line.startswith(b"{") else zlib.decompress(line))
