"""Past runs: read from the running gluehook or, when none runs, from its journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from hooks.control import client
from hooks.journal.journal import FILE_NAME
from hooks.journal.store import Store


class NoJournal(Exception):  # noqa: N818 - a fact about the folder
    """No journal can be read; the text is the whole sentence."""


def read(state: Path, *, failed: bool, rule: str, most: int) -> list[dict[str, Any]]:
    """Past runs, newest first. Raises NoJournal, or server.Refused."""
    try:
        return client.request(state, "history", failed=failed, rule=rule, most=most)[0]
    except client.NotRunning as why:
        with opened(state / FILE_NAME, f", and {why}") as journal:
            return journal.history(failed=failed, rule=rule, most=most)


@contextmanager
def opened(path: Path, besides: str = "") -> Iterator[Store]:
    """The journal at this path, for reading. Raises NoJournal; `besides` ends its sentence."""
    if not path.exists():
        raise NoJournal(f"there is no journal {path}{besides}")
    try:
        with closing(Store(path, read_only=True)) as journal:
            yield journal
    except sqlite3.Error as error:
        raise NoJournal(f"the journal {path} cannot be read ({error}){besides}") from error
