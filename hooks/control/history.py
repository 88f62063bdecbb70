"""Past runs: read from the running gluehook or, when none runs, from its journal, and as a table for people."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from hooks.control import client
from hooks.events.durations import format_duration as duration
from hooks.events.wall_clock import local_time
from hooks.journal.journal import FILE_NAME
from hooks.journal.store import Journal

_WORDS = {
    "changed": "changed", "unchanged": "unchanged", "skipped": "skipped", "retry": "failed", "give_up": "gave up",
    "superseded": "superseded",
}  # fmt: skip
_HEAD = ("when", "run", "outcome", "attempts", "took", "said")


class NoJournal(Exception):  # noqa: N818 - a fact about the folder
    """There is nothing to read; the text is the whole sentence."""


def read(state: Path, *, failed: bool, rule: str, most: int) -> list[dict[str, Any]]:
    """Past runs, newest first. Raises NoJournal, or server.Refused."""
    try:
        return client.request(state, "history", failed=failed, rule=rule, most=most)[0]
    except client.NotRunning as why:
        return _from_file(state / FILE_NAME, str(why), failed=failed, rule=rule, most=most)


def table(runs: Sequence[Mapping[str, Any]], now: float) -> Iterator[str]:
    """The lines of a table; `now` (seconds since the Unix epoch) is for what is still at work."""
    rows = [_HEAD, *(_row(run, now) for run in runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD) - 1)]
    for row in rows:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()


def _row(run: Mapping[str, Any], now: float) -> tuple[str, ...]:
    took_s = (run["ended"] or now) - run["began"]
    outcome = _WORDS.get(run["outcome"], str(run["outcome"])) if run["outcome"] else "unfinished"
    took = duration(round(took_s, 3 if took_s < 1 else 0))
    return local_time(run["began"]), run["id"], outcome, str(run["attempt"]), took, run["said"]


def _from_file(path: Path, not_running: str, **which: Any) -> list[dict[str, Any]]:
    with opened(path, f", and {not_running}") as journal:
        return journal.history(**which)


@contextmanager
def opened(path: Path, besides: str = "") -> Iterator[Journal]:
    """The journal at this path, for reading. Raises NoJournal, which says what is the matter `besides`."""
    if not path.exists():
        raise NoJournal(f"there is no journal {path}{besides}")
    try:
        with closing(Journal(path, read_only=True)) as journal:
            yield journal
    except sqlite3.Error as error:
        raise NoJournal(f"the journal {path} cannot be read ({error}){besides}") from error
