"""The journal: what was accepted before it runs, how far a run is, what is settled, and what to go on with.

The dispatcher writes the records of each turn, the executor each step that is done; at a start the dispatcher asks what
the previous process left. It is one class over one `Store`.

Guarantees: no method but the constructor raises for a disk or a file. Where the disk cannot be written the work goes
on without: records wait here, in order, at most `MOST_PENDING` of them, and are written in one commit as soon as that
is possible. It is reported once when that begins and once when it is over. A file that is damaged, another program's or
newer is moved aside by name, and a new one is begun. The state folder belongs to one gluehook at a time.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from hooks.engine.runs import Past, Unfinished
from hooks.events import signals
from hooks.events.catalogue import Event, topic_of
from hooks.journal.folder import FolderLock, Taken
from hooks.journal.records import Pruned, Saved, Settled
from hooks.journal.store import Record, Store
from hooks.journal.trace_rows import TRACE_RECORDS
from hooks.storage import own_files

FILE_NAME = "journal.db"
_COMPLETE_NAME = f"{FILE_NAME}.whole"  # an empty file, there while the journal holds all that was to be written
MOST_PENDING = 2000  # records; beyond it the oldest go
KEEP_DAYS, KEEP_EVENTS = 30, 50_000  # some 30 MiB, with runs and steps
_TELL_AGAIN = ("docker", "timer", "logs")  # the sources that may report again what an earlier process has accepted
_AGAIN_S = 10.0  # between two tries to open a journal that failed
# the record's own fault, not the disk's: a text with half a character, a number of 70 bits
_NEVER_WRITTEN = (
    ValueError, TypeError, OverflowError, sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)  # fmt: skip

T = TypeVar("T")


class Journal:
    """The journal of the state folder `folder`. Thread-safe. Raises Taken if another gluehook uses the folder.

    `now` gives seconds since the Unix epoch, `clock` seconds that are never set back.
    """

    def __init__(
        self, folder: Path, *, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic,
        open_store: Callable[[Path], Store] = Store,
    ) -> None:  # fmt: skip
        self.now, self._clock, self._open_store = now, clock, open_store
        self._path, self._complete = folder / FILE_NAME, folder / _COMPLETE_NAME
        self._opened_ns = int(now() * 1e9)
        self._folder_lock = FolderLock(folder)
        self._guard = threading.RLock()
        self._store: Store | None = None
        self._opened_as: tuple[int, int] | None = None  # the device and the inode of the file
        self._try_at = -1.0
        self._pending: dict[object, Record] = {}  # what waits for the disk, in order
        self.problem = ""  # why nothing is written now, for health
        # the previous process ended with records that waited
        self.was_behind = os.access(self._path, os.F_OK) and not os.access(self._complete, os.F_OK)
        self._takes_over = True
        self._open()
        self._takes_over = self._store is not None  # else the next process must doubt what is unfinished

    # -- write -----------------------------------------------------------------------------

    def write(self, records: Iterable[Record]) -> bool:
        """Write these in one commit, or keep them until that is possible (False)."""
        with self._guard:
            keyed = {_key(record): record for record in records}
            if not keyed:
                return True
            self._wait(keyed)
            return self._read(self._write_pending, otherwise=False)

    def save(self, name: str, value: Any) -> None:
        """Keep a JSON value for the next process; None removes it."""
        self.write([Saved(name, value)])

    def prune(self) -> None:
        """Forget what is settled and old, so that the journal stays small."""
        self.write([Pruned(self.now() - KEEP_DAYS * 86400, KEEP_EVENTS)])

    def close(self) -> None:
        """Close the file and give the folder back."""
        with self._guard:
            if self._store is not None:
                self._store.close()
                self._store = None
            self._folder_lock.release()

    # -- read ------------------------------------------------------------------------------

    def is_repeat(self, event: Event) -> bool:
        """Whether a previous process accepted it: after a start, Docker sends the end of its history again, and a
        schedule that was due right before a kill counts as missed.

        A state that a resync found is no repeat: it lasts, and this process has to know of it.
        """
        is_of_now = self._opened_ns <= event.time <= self.now() * 1e9  # one of the future: the clock was set back
        if is_of_now or event.source not in _TELL_AGAIN or event.origin == "resync":
            return False
        return self._read(lambda store: store.knows(event.id), otherwise=False)

    def load(self, name: str) -> Any:
        """What a previous process saved under this name, or None."""
        return self._read(lambda store: store.get(name), otherwise=None)

    def last_number(self) -> int:
        """The number of the newest run of previous processes.

        Where they cannot be read now it is a number above any of them: the journal may come back, and no two runs may
        have one id.
        """
        unread = int(self.now())
        return self._read(lambda store: store.last_number(), otherwise=unread)

    def pasts(self, window_s: float, now: float) -> Iterator[Past]:
        """The runs that limits and cooldowns of `window_s` seconds count, on the clock that shows `now`."""
        wall = self.now()
        pasts: list[Past] = self._read(lambda store: store.pasts(wall - window_s), otherwise=[])
        for past in pasts:
            starts, before = (
                tuple(_on_clock(began, wall, now) for began in begins) for begins in (past.starts, past.before)
            )
            yield replace(past, starts=starts, before=before, ended=_on_clock(past.ended, wall, now))

    def unfinished(self) -> list[Unfinished]:
        """What previous processes accepted and did not finish, oldest first.

        Of a journal that was behind, states are settled instead: a newer one may have been handled since, and the
        resync reports those that last.
        """
        left: list[Unfinished] = self._read(lambda store: store.unsettled(), otherwise=[])
        if self.was_behind:
            for each in left:
                if topic_of(each.event):
                    self.settle(each)
            left = [each for each in left if not topic_of(each.event)]
        return left

    def settle(self, left: Unfinished) -> None:
        """There is nothing left to do about it."""
        self.write([Settled(left.rule, left.key, left.event.id, alone=True)])

    def history(self, **which: Any) -> list[dict[str, Any]] | None:
        """Past runs, newest first, as `Store.history`; None where they cannot be read now."""
        return self._read(lambda store: store.history(**which), otherwise=None)

    def event(self, event_id: str) -> Event | None:
        """An accepted event by its id."""
        return self._read(lambda store: store.event(event_id), otherwise=None)

    def backlog(self) -> dict[str, Any]:
        """How many records wait for the disk, the size of the file, and why nothing is written, "" if it is."""
        with suppress(OSError):
            size = self._path.stat().st_size
            return {"pending": len(self._pending), "bytes": size, "problem": self.problem}
        return {"pending": len(self._pending), "bytes": 0, "problem": self.problem}

    # -- the store, and what waits for it ----------------------------------------------------

    def _read(self, act: Callable[[Store], T], otherwise: T) -> T:
        with self._guard:
            if self._store is not None and _identity(self._path) != self._opened_as:
                self._begin_elsewhere(self._store)
            elif self._store is None and self._clock() >= self._try_at:
                self._open()
            try:
                return act(self._store) if self._store else otherwise
            except sqlite3.Error as error:
                self._fail(error)
                return otherwise

    def _wait(self, records: dict[object, Record]) -> None:
        for key, record in records.items():
            self._pending.pop(key, None)  # the newest value of a name belongs after all that came before it
            self._pending[key] = record
        if len(self._pending) > MOST_PENDING:  # what only a trace needs goes first
            for key in [key for key, record in self._pending.items() if isinstance(record, TRACE_RECORDS)]:
                del self._pending[key]
        while len(self._pending) > MOST_PENDING:
            del self._pending[next(iter(self._pending))]

    def _write_pending(self, store: Store) -> bool:
        try:
            store.write(self._pending.values())
        except _NEVER_WRITTEN:
            self._write_each(store)
        self._pending.clear()
        return True

    def _write_each(self, store: Store) -> None:
        """One of them can never be written, on no disk: report it, and write the others."""
        for key, record in list(self._pending.items()):
            try:
                store.write([record])
            except _NEVER_WRITTEN as error:
                _report(f"{type(record).__name__} cannot be written ({error}); it is left out")
            del self._pending[key]

    def _open(self) -> None:
        try:
            self._store = self._opened()
            self._opened_as = _identity(self._path)
            self._write_pending(self._store)  # the disk is well again once it has taken what waited
        except (sqlite3.Error, OSError, Taken) as error:
            self._fail(error)
            return
        if self._takes_over:
            with suppress(OSError):  # without it the next process trusts the journal less than it could
                own_files.make_private(self._complete)
        if self.problem:
            _report(f"{self._path} can be written again; it is kept from here on, with what was done meanwhile")
        self.problem = ""

    def _begin_elsewhere(self, store: Store) -> None:
        """The folder was moved or emptied: what is written to the old file is not there at the next start."""
        store.close()
        self._store = None
        self._folder_lock.release()
        _report(f"{self._path} was moved or removed while gluehook runs; a new one is begun: what was unfinished is "
                "found again by the resync")  # fmt: skip
        self._open()

    def _opened(self) -> Store:
        self._folder_lock.take()
        for suffix in ("", "-wal", "-shm"):
            path = self._path.with_name(self._path.name + suffix)
            if not suffix or path.is_symlink() or path.exists():  # SQLite makes the others with the mode of the first
                own_files.make_private(path)
        try:
            return self._open_store(self._path)
        except sqlite3.OperationalError:
            raise  # the disk's fault: the file may be sound
        except sqlite3.DatabaseError as damaged:
            aside = _move_aside(self._path)
            own_files.make_private(self._path)
            _report(f"{self._path} cannot be used ({damaged}); it was moved to {aside}, and a new one is begun: what "
                    "was unfinished is found again by the resync")  # fmt: skip
            return self._open_store(self._path)

    def _fail(self, error: Exception) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
        self._try_at = self._clock() + _AGAIN_S
        with suppress(OSError):  # a full disk lets a file be removed; one that is read-only does not
            self._complete.unlink(missing_ok=True)
        if not self.problem:
            _report(f"{self._path} cannot be written ({error}); the work goes on, but what is unfinished would be "
                    "forgotten at a restart; it is tried again all the time")  # fmt: skip
        self.problem = f"{self._path} cannot be written: {error}"


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - asked for each write; a third of what Path.stat takes
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _on_clock(at: float, wall: float, now: float) -> float:
    # a clock that was set back must not make a run of the future
    return min(now, now - (wall - at))


def _key(record: Record) -> object:
    """What counts as the same record while it waits: of one name only the newest value is written."""
    if isinstance(record, Saved):
        return record.name
    return Pruned if isinstance(record, Pruned) else id(record)


def _move_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.broken-{time.time_ns()}")
    for suffix in ("", "-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    return aside


def _report(what: str) -> None:
    signals.emit(signals.problem, said=f"journal: {what}")
