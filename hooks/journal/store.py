"""The journal's SQL: events that were accepted, runs and how they ended, in SQLite (WAL).

`synchronous=NORMAL`: a commit survives `kill -9` of us and of Docker; a power cut may cost the last instants,
and the resync covers the states. `hooks.journal.journal` is the only writer, and goes on where a disk fails;
`gluehook history`, `replay` and `status` open the file read-only beside it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from hooks.engine.runs import Past, Run, Unfinished
from hooks.events.catalogue import Event
from hooks.journal import packing, pages, pasts, run_steps, trace_rows
from hooks.journal.migrations import event_1, migrate, schema_of, transaction

_NEWEST_FIRST = 100  # rows of history without a number of one's own
_AT_ONCE = 500  # rows of a recording


class Record(Protocol):
    """What `Store.write` takes: it calls the methods of the store that write."""

    def write(self, store: Store) -> object:
        """Write itself."""


class Store:
    """One open journal file; `read_only` leaves it as it is. Thread-safe.

    Each method is one commit of its own, those in `write` are one together. All raise sqlite3.Error where the disk or
    the file fails.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._lock = threading.RLock()
        # a file that no process has open can also be read in a folder that cannot be written
        at_rest = read_only and not path.with_name(f"{path.name}-wal").exists()
        how = "ro&immutable=1" if at_rest else "ro" if read_only else "rwc"
        name = f"{path.absolute().as_uri()}?mode={how}"
        self._db = sqlite3.connect(name, uri=True, check_same_thread=False, isolation_level=None, timeout=5.0)
        try:
            if not read_only:
                self._prepare()
            self.schema = schema_of(self._db)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file; what was written stays."""
        with self._lock:
            self._db.close()

    def write(self, records: Iterable[Record]) -> None:
        """Let each record write itself, all in one commit: a burst must not cost a commit each."""
        with self._transaction():
            for record in records:
                record.write(self)

    def execute(self, statement: str, *row: Any) -> None:
        """Carry out one statement that writes. For the records of this package, which hold their SQL themselves."""
        with self._transaction() as db:
            db.execute(statement, row)

    def select(self, statement: str, *row: Any) -> list[tuple[Any, ...]]:
        """All rows of a statement that reads. For the modules of this package that read."""
        with self._lock:
            return self._db.execute(statement, row).fetchall()

    # -- events ----------------------------------------------------------------------------

    def accept(self, event: Event, lanes: Sequence[tuple[str, str]]) -> None:
        """Lanes have taken the event: it is on disk when this returns."""
        with self._transaction() as db:
            # the same event may be accepted again: a state that a resync reports anew
            row = (event.id, event.time, *packing.pack(db, event))
            seq = db.execute("insert into events (id, at, pattern, packed) values (?, ?, ?, ?)", row).lastrowid
            db.executemany(
                "insert into accepted (rule, key, event) values (?, ?, ?)", [(rule, key, seq) for rule, key in lanes]
            )

    def knows(self, event_id: str) -> bool:
        """Whether the event was accepted before: Docker sends the last second of its history again."""
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
                "select e.packed, p.line, a.rule, a.key, r.id, r.attempt, r.step, r.changed, r.said from accepted a"
                " join events e on e.seq = a.event join patterns p on p.seq = e.pattern"
                " left join runs r on r.rule = a.rule and r.key = a.key and r.event = e.id and r.outcome is null"
                " order by a.event"
            ).fetchall()
        return [
            Unfinished(rule, key, event, run or "", attempt or 1, step or 0, bool(changed), said or "")
            for packed, pattern, rule, key, run, attempt, step, changed, said in rows
            if (event := packing.unpack(packed, pattern)) is not None
        ]

    # -- runs ------------------------------------------------------------------------------

    def begin(self, run: Run, now: float, waited: Mapping[str, Any] | None = None) -> None:
        """An attempt begins; the first one begins the run. `waited` is what held it back."""
        number, rule = int(run.id.rpartition("#")[2]), run.rule.name
        row = (run.id, number, rule, run.key, run.event.id, now, run.attempt, run.step, run.changed, run.said,
               json.dumps(waited) if waited else None)  # fmt: skip
        with self._transaction() as db:
            db.execute(
                "insert into runs (id, number, rule, key, event, began, attempt, step, changed, said, waited)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " on conflict (id) do update set attempt = excluded.attempt, event = excluded.event",
                row,
            )

    def unbegin(self, run: str) -> None:
        """The run did not begin after all. What it covers is not settled."""
        with self._transaction() as db:
            db.execute("delete from runs where id = ? and outcome is null", (run,))

    def step(self, run: str, step: int, done: Mapping[str, object], *, changed: bool, said: str) -> None:
        """The step before `step` is done: a resumed run goes on with `step`."""
        with self._transaction() as db:
            db.execute(
                f"update runs set step = ?, changed = ?, said = ?, steps = {run_steps.ADD} where id = ?",  # noqa: S608
                (step, changed, said, *run_steps.row(done), run),
            )

    def end(self, run: Run, outcome: str, said: str, now: float, *, counts: bool) -> None:
        """A run has ended for good: it and what it covered are settled in one transaction."""
        alone = run.rule.mode == "queued"
        with self._transaction() as db:
            db.execute(
                run_steps.END,
                (outcome, now, counts, said, run.id),
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

    def renew(self, rule: str, key: str) -> None:
        """The lane's trouble is over: its runs until now are those of an earlier one."""
        with self._transaction() as db:
            db.execute(
                "update runs set counts = ? where rule = ? and key = ? and (counts = ? or outcome is null)",
                (pasts.OF_EARLIER, rule, key, pasts.OF_THIS),
            )

    def pasts(self, since: float) -> list[Past]:
        """What limits and cooldowns must know of the runs that ended after `since`. Seconds since the Unix epoch."""
        with self._lock:
            rows = self._db.execute(
                f"select rule, key, {pasts.COLUMNS} from runs where counts and ended >= ? order by began",  # noqa: S608
                (since,),
            ).fetchall()
            last = self._db.execute(pasts.LAST, (since,)).fetchall()
        failed = {(rule, key): event for rule, key, event, outcome, _ in last if outcome in ("retry", "give_up")}
        lanes: dict[tuple[str, str], list[pasts.EndedRun]] = {}
        for rule, key, *run in rows:
            lanes.setdefault((rule, key), []).append(pasts.EndedRun(*run))
        return [pasts.past(*lane, runs, self.event, failed.get(lane, "")) for lane, runs in lanes.items()]

    def history(self, *, failed: bool = False, rule: str = "", run: str = "",
                most: int = _NEWEST_FIRST) -> list[dict[str, Any]]:  # fmt: skip
        """Past runs, newest first. `failed`: only those that ended without having done their work."""
        if run:
            return pages.runs_named(self, run)
        return pages.runs_page(self, limit=most, rule=rule, outcome="failed" if failed else "").runs

    def runs_page(self, **which: Any) -> pages.Page:
        """As `pages.runs_page`."""
        return pages.runs_page(self, **which)

    def events_page(self, **which: Any) -> pages.EventsPage:
        """As `pages.events_page`."""
        return pages.events_page(self, **which)

    def event(self, event_id: str) -> Event | None:
        """An accepted event by its id."""
        if self.schema == 1:
            rows = self.select("select line from events where id = ?", event_id)
            return event_1(*rows[0]) if rows else None
        packed = "select e.packed, p.line from events e join patterns p on p.seq = e.pattern where e.id = ?"
        rows = self.select(packed, event_id)
        return packing.unpack(*rows[0]) if rows else None

    def recorded(self, since: float = 0.0) -> Iterator[Event]:
        """The accepted events from the first one of `since` (seconds since the Unix epoch) on, as they were accepted.

        They are read as they are asked for; others may write meanwhile.
        """
        with self._lock:
            first = self._db.execute("select min(seq) from events where at >= ?", (int(since * 1e9),)).fetchone()[0]
        last = first - 1 if first else None
        while last is not None:
            with self._lock:
                rows = self._db.execute(
                    "select e.seq, e.packed, p.line from events e join patterns p on p.seq = e.pattern"
                    " where e.seq > ? order by e.seq limit ?", (last, _AT_ONCE)
                ).fetchall()  # fmt: skip
            yield from (event for _, *packed in rows if (event := packing.unpack(*packed)))
            last = rows[-1][0] if rows else None

    # -- saved values, retention --------------------------------------------------------------------------

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
                "delete from events where (at < ? or seq <= ?) and seq not in (select event from accepted)",
                (int(before * 1e9), newest - most),
            ).rowcount
            packing.prune(db)
            # the event may be as old as the state that it reports, but limits count what has run lately
            db.execute(
                "delete from runs where outcome is not null and (ended < ? or number <= ?)",
                (before, self._last_number() - most),
            )
            trace_rows.prune(self, before, most)
        return gone

    def _last_number(self) -> int:
        return int(self._db.execute("select coalesce(max(number), 0) from runs").fetchone()[0])

    def _settle(self, db: sqlite3.Connection, rule: str, key: str, event_id: str, *, alone: bool) -> None:
        covered = "event in (select seq" if alone else "event <= (select max(seq)"
        db.execute(
            f"delete from accepted where rule = ? and key = ? and {covered} from events where id = ?)",  # noqa: S608
            (rule, key, event_id),
        )

    def _prepare(self) -> None:
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.execute("pragma journal_size_limit = 4194304")
        migrate(self._db)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._db.in_transaction:  # of `write`, or of the method that calls this one
                yield self._db
                return
            with transaction(self._db):
                yield self._db
