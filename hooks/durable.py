"""The journal as far as the disk allows: what cannot be written is done all the same, said once, and tried again."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hooks import signals
from hooks.journal import Journal

FILE_NAME = "journal.db"
_AGAIN_S = 10.0  # between two tries to open a journal that failed

T = TypeVar("T")


class Taken(Exception):  # noqa: N818 - a fact about the folder
    """Another gluehook uses the state folder; the text is the whole sentence."""


class Durable:
    """The journal in a state folder that is ours alone. Raises Taken if it is another's."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = folder / FILE_NAME, clock
        self._lock = _lock(folder)
        self._journal: Journal | None = None
        self._try_at = -1.0
        self.trouble = ""  # why nothing is written now, for health
        self._open()

    def write(self, act: Callable[[Journal], object]) -> bool:
        """Do it with the journal. False if that was not possible; the work goes on without."""
        return self.read(lambda journal: (act(journal), True)[1], otherwise=False)

    def read(self, act: Callable[[Journal], T], otherwise: T) -> T:
        """What the journal answers, or `otherwise` where there is none now."""
        if self._journal is None and self._clock() >= self._try_at:
            self._open()
        if self._journal is None:
            return otherwise
        try:
            return act(self._journal)
        except sqlite3.Error as error:
            self._fail(error)
            return otherwise

    def close(self) -> None:
        """Close the journal and give the folder back."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _open(self) -> None:
        try:
            self._journal = self._opened()
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
            return
        if self.trouble:
            _say(f"{self._path} can be written again; it is kept from here on")
        self.trouble = ""

    def _opened(self) -> Journal:
        self._path.parent.mkdir(parents=True, exist_ok=True)
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
        if not self.trouble:
            _say(f"{self._path} cannot be written ({error}); the work goes on, but what is unfinished would be "
                 "forgotten at a restart; it is tried again all the time")  # fmt: skip
        self.trouble = f"{self._path} cannot be written: {error}"


def _say(what: str) -> None:
    signals.tell(signals.trouble, said=f"journal: {what}")


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
    os.ftruncate(file, 0)
    os.pwrite(file, str(os.getpid()).encode(), 0)
    return file
