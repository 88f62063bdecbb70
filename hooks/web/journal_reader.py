"""The journal as the web process reads it: opened for each reading, never written."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hooks.control.history import NoJournal, opened
from hooks.journal.journal import FILE_NAME
from hooks.journal.store import Store

T = TypeVar("T")

_AT_ONCE = 2  # readings: each holds rows, and what is made of them, in memory


class JournalReader:
    """Reads the journal of the state folder `state`. Thread-safe."""

    def __init__(self, state: Path) -> None:
        self._path = state / FILE_NAME
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def problem(self) -> str:
        """Why the journal cannot be read now; "" if it can."""
        try:
            self.read(lambda store: store.last_number())
        except NoJournal as why:
            return str(why)
        return ""

    def read(self, act: Callable[[Store], T]) -> T:
        """What `act` returns for the open journal. Raises NoJournal, whose text is the whole sentence."""
        try:
            with self._turns, opened(self._path) as store:
                return act(store)
        except sqlite3.Error as error:  # of `act`
            raise NoJournal(f"the journal {self._path} cannot be read ({error})") from error
