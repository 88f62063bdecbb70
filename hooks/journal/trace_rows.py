"""What the journal keeps for traces: attempts, decisions, and the rules that were in force.

Nothing of it is needed to go on after a kill. So it is written when it is in nobody's way, and of what waits for a full
disk it goes first. A run with one attempt that ended well has no row here: the row of the run says all of it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from hooks.rules.fingerprint import fingerprint

if TYPE_CHECKING:
    from hooks.journal.store import Store

SCHEMA = """
alter table runs add column waited text;
create table attempts (run text not null, attempt integer not null, began real not null, ended real not null,
                       outcome text not null, said text not null, again real, step text, primary key (run, attempt));
create table decisions (seq integer primary key autoincrement, at real not null, rule text not null, key text not null,
                        kind text not null, event text not null, why text not null, until real,
                        times integer not null);
create table rules_texts (fingerprint text not null unique, file text not null, packed blob not null);
create table rules_in_force (seq integer primary key autoincrement, at real not null, fingerprint text not null)
"""
KEPT_TEXTS, KEPT_BYTES = 20, 2**21  # of rules files, the newest; a thousand rules take some 20 KiB
_KEPT_CHANGES = 1000


class Tried(NamedTuple):
    """An attempt has ended that the row of its run does not tell: it failed, is not the first, or was resumed."""

    run: str  # its id
    attempt: int
    began: float
    ended: float
    outcome: str
    said: str
    again: float | None = None  # when the next attempt is due
    step: Mapping[str, Any] | None = None  # the one that failed, as in `runs.steps`

    def write(self, store: Store) -> None:
        """As `Record` says."""
        step = None if self.step is None else json.dumps(dict(self.step), ensure_ascii=False)
        store.execute("insert or replace into attempts values (?, ?, ?, ?, ?, ?, ?, ?)", *self[:-1], step)


class Decided(NamedTuple):
    """The engine has decided something about a lane that the row of a run does not tell."""

    at: float
    rule: str  # "" for a pause of all rules
    key: str
    kind: str
    event: str = ""  # its id
    why: str = ""
    until: float | None = None
    times: int = 1  # in one turn

    def write(self, store: Store) -> None:
        """As `Record` says."""
        columns = "at, rule, key, kind, event, why, until, times"
        store.execute(f"insert into decisions ({columns}) values (?, ?, ?, ?, ?, ?, ?, ?)", *self)  # noqa: S608


class RulesInForce(NamedTuple):
    """A rules table is in force from `at` on; made by `rules_in_force`."""

    at: float
    file: str
    fingerprint: str
    packed: bytes

    def write(self, store: Store) -> None:
        """As `Record` says."""
        store.execute("insert or replace into rules_texts values (?, ?, ?)", self.fingerprint, self.file, self.packed)
        store.execute("insert into rules_in_force (at, fingerprint) values (?, ?)", self.at, self.fingerprint)
        _prune_rules(store)


def rules_in_force(at: float, file: str, text: str) -> RulesInForce:
    """The record of a rules file with this text, which is packed here and not where it is written."""
    return RulesInForce(at, file, fingerprint(text), zlib.compress(text.encode()))


TRACE_RECORDS = (Tried, Decided, RulesInForce)


class RulesThen(NamedTuple):
    """The text of the rules file that was in force at some instant; `text` is "" where it is not kept any more."""

    since: float
    fingerprint: str
    file: str
    text: str


def rules_at(store: Store, at: float) -> RulesThen | None:
    """The rules that were in force then; None where that is not known."""
    if store.schema < 3:
        return None
    rows = store.select(
        "select r.at, r.fingerprint, coalesce(t.file, ''), t.packed from rules_in_force r left join rules_texts t"
        " using (fingerprint) where r.at <= ? order by r.seq desc limit 1",
        at,
    )
    return next((RulesThen(since, mark, file, _unpacked(packed)) for since, mark, file, packed in rows), None)


def attempts_of(store: Store, run: str) -> list[Tried]:
    """The attempts at this run that have a row, in their order."""
    if store.schema < 3:
        return []
    rows = store.select("select * from attempts where run = ? order by attempt", run)
    return [Tried._make((*row[:7], json.loads(row[7]) if row[7] else None)) for row in rows]


def decisions(store: Store, since: float, until: float) -> list[Decided]:
    """What was decided between these instants, in order."""
    if store.schema < 3:
        return []
    columns = "at, rule, key, kind, event, why, until, times"
    rows = store.select(f"select {columns} from decisions where at between ? and ? order by seq", since, until)  # noqa: S608
    return [Decided(*row) for row in rows]


def prune(store: Store, before: float, most: int) -> None:
    """Forget what is older than `before`, all but the `most` newest, and what belongs to runs that are forgotten."""
    store.execute("delete from attempts where run not in (select id from runs)")
    store.execute(
        "delete from decisions where at < ? or seq <= (select coalesce(max(seq), 0) from decisions) - ?", before, most
    )
    _prune_rules(store)


def _prune_rules(store: Store) -> None:
    """Keep the newest texts, the newest of all whatever its size, and a bounded row of changes."""
    kept, size = list[str](), 0
    newest_first = store.select(
        "select t.fingerprint, length(t.packed) from rules_texts t join rules_in_force r using (fingerprint)"
        " group by t.fingerprint order by max(r.seq) desc"
    )
    for mark, length in newest_first[:KEPT_TEXTS]:
        size += length
        if not kept or size <= KEPT_BYTES:
            kept.append(mark)
    store.execute("delete from rules_texts where fingerprint not in (select value from json_each(?))", json.dumps(kept))
    store.execute("delete from rules_in_force where seq <= (select max(seq) from rules_in_force) - ?", _KEPT_CHANGES)


def _unpacked(packed: bytes | None) -> str:
    try:
        return zlib.decompress(packed).decode() if packed else ""
    except (zlib.error, UnicodeDecodeError):
        return ""  # damaged, and nothing to do about it
