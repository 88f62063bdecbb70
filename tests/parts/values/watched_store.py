"""A store whose disk refuses writes while the test says so, and that calls back after each commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from hooks.journal.store import Record, Store


@dataclass
class Disk:
    """What the stores that `open` makes obey. `committed` gets the store."""

    refuses: bool = False
    committed: Callable[[Store], None] = lambda _: None

    def open(self, path: Path) -> Store:
        """For `Journal(open_store=…)`."""
        store = _Watched(path)
        store.disk = self
        return store


class _Watched(Store):
    disk: Disk

    def write(self, records: Iterable[Record]) -> None:
        if self.disk.refuses:
            raise sqlite3.OperationalError("attempt to write a readonly database")
        super().write(records)
        self.disk.committed(self)
