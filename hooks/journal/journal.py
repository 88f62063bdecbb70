"""The journal as far as the disk allows: what cannot be written is done all the same, said once, and tried again."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from hooks.events import signals
from hooks.journal.store import Journal

FILE_NAME = "journal.db"
_WHOLE_NAME = f"{FILE_NAME}.whole"  # an empty file, there while the journal holds all that was to be written
_AGAIN_S = 10.0  # between two tries to open a journal that failed
_MOST_OWED = 2000  # writes that are kept for a disk that is full or read-only; beyond it the oldest go

T = TypeVar("T")
_Act = Callable[[Journal], object]


class Taken(Exception):  # noqa: N818 - a fact about the folder
    """Another gluehook uses the state folder; the text is the whole sentence."""


class Durable:
    """The journal in a state folder that is ours alone. Thread-safe. Raises Taken if it is another's."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = folder / FILE_NAME, clock
        self._folder_lock = _lock(folder)
        self._guard = threading.RLock()
        self._journal: Journal | None = None
        self._try_at = -1.0
        self._uncommitted: dict[object, _Act] | None = None  # what the block of `together` has written so far
        self._owed: dict[object, _Act] = {}  # what is to be written, in order, once that is possible again
        self.trouble = ""  # why nothing is written now, for health
        self._whole = folder / _WHOLE_NAME
        # an earlier life ended owing it something
        self.was_behind = os.access(self._path, os.F_OK) and not os.access(self._whole, os.F_OK)
        self._takes_over = True
        self._open()
        self._takes_over = self._journal is not None  # else what is unfinished is a next life's to doubt

    def write(self, act: _Act, name: object = None) -> bool:
        """Do it with the journal. Where that is not possible the work goes on without (False), and it is done as soon
        as it is: of the writes of one `name` only the last.
        """
        with self._guard:
            kept = act if name is None else name
            if self._uncommitted is not None:
                self._uncommitted.pop(kept, None)
                self._uncommitted[kept] = act
            done = self.read(lambda journal: (act(journal), True)[1], otherwise=False)
            if not done and self._uncommitted is None:
                self._owe({kept: act})
            return done

    def read(self, act: Callable[[Journal], T], otherwise: T) -> T:
        """What the journal answers, or `otherwise` where there is none now."""
        with self._guard:
            journal = self._ready()
            try:
                return act(journal) if journal else otherwise
            except sqlite3.Error as error:
                self._fail(error)
                return otherwise

    @contextmanager
    def together(self) -> Iterator[None]:
        """One commit for all that is written in this block. Other threads wait for its end."""
        with self._guard:
            commit = ExitStack()
            self.read(lambda journal: commit.enter_context(journal.together()), otherwise=None)
            self._uncommitted = {}
            try:
                with commit:
                    yield
                if self._journal is not None:
                    self._uncommitted = {}
            except sqlite3.Error as error:
                if self._journal is not None:  # else a write in the block has said what is wrong
                    self._fail(error)
            finally:
                owed, self._uncommitted = self._uncommitted, None
                self._owe(owed)

    def close(self) -> None:
        """Close the journal and give the folder back."""
        with self._guard:
            if self._journal is not None:
                self._journal.close()
                self._journal = None
            if self._folder_lock >= 0:
                os.close(self._folder_lock)
                self._folder_lock = -1

    def _ready(self) -> Journal | None:
        # what a block has written must not be parted by a journal that comes back in its midst
        if self._journal is None and self._uncommitted is None and self._clock() >= self._try_at:
            self._open()
        return self._journal

    def _owe(self, acts: dict[object, _Act]) -> None:
        for name, act in acts.items():
            self._owed.pop(name, None)  # the last of its name belongs after all that came before it
            self._owed[name] = act
        while len(self._owed) > _MOST_OWED:
            del self._owed[next(iter(self._owed))]

    def _open(self) -> None:
        try:
            journal = self._journal = self._opened()
            with journal.together():  # a disk is well again when it has taken what is owed
                for act in self._owed.values():
                    act(journal)
        except (sqlite3.Error, OSError, Taken) as error:
            self._fail(error)
            return
        self._owed.clear()
        if self._takes_over:
            with suppress(OSError):  # without it a next life believes the journal less than it could
                self._whole.touch()
        if self.trouble:
            _say(f"{self._path} can be written again; it is kept from here on, with what was done meanwhile")
        self.trouble = ""

    def _opened(self) -> Journal:
        if self._folder_lock < 0:
            self._folder_lock = _lock(self._path.parent)
        try:
            return Journal(self._path)
        except sqlite3.OperationalError:
            raise  # the disk's fault: the file may be sound
        except sqlite3.DatabaseError as damaged:
            aside = self._path.with_name(f"{FILE_NAME}.broken-{time.time_ns()}")
            for suffix in ("", "-wal", "-shm"):
                beside = self._path.with_name(FILE_NAME + suffix)
                if beside.exists():
                    beside.rename(aside.with_name(aside.name + suffix))
            _say(f"{self._path} cannot be used ({damaged}); it was moved to {aside}, and a new one is begun: what was "
                 "unfinished is found again by looking")  # fmt: skip
            return Journal(self._path)

    def _fail(self, error: Exception) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        self._try_at = self._clock() + _AGAIN_S
        with suppress(OSError):  # a full disk lets go of a file; one that is read-only does not
            self._whole.unlink(missing_ok=True)
        if not self.trouble:
            _say(f"{self._path} cannot be written ({error}); the work goes on, but what is unfinished would be "
                 "forgotten at a restart; it is tried again all the time")  # fmt: skip
        self.trouble = f"{self._path} cannot be written: {error}"


def _say(what: str) -> None:
    signals.emit(signals.problem, said=f"journal: {what}")


def _lock(folder: Path) -> int:
    """Make the folder ours; -1 where it cannot be written at all. Raises Taken."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        return -1
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pid = os.pread(file, 20, 0).decode(errors="replace").strip() or "unknown"
        os.close(file)
        raise Taken(
            f"another gluehook (process {pid} in its own container or here) uses the state folder {folder}; "
            "stop it, or give this one another GLUEHOOK_STATE"
        ) from None
    with suppress(OSError):  # the disk may be full: the lock holds all the same
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
    return file
