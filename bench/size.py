"""100,000 events with their runs and steps on disk: as many as ever come, and as many as the journal keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.figures import verdict
from hooks.journal.journal import KEEP_EVENTS
from hooks.journal.store import Store
from tests.parts.values.journaled import one_more

EVENTS = 100_000
KEPT_MIB = 40  # what docs/reliability.md says of a journal that forgets
_TOGETHER = 500  # in one commit: how they came there does not count
HOURLY = 10_000  # events between two times that it forgets


def measure(folder: Path) -> list[str]:
    """The lines of the report."""
    folder.mkdir()
    whole = _fill(folder / "whole.db", EVENTS, lambda _: None)
    kept = _fill(folder / "kept.db", KEEP_EVENTS + 2 * HOURLY, lambda store: store.prune(0.0, KEEP_EVENTS))
    return [
        verdict(f"{EVENTS:,} events with their runs and steps, none forgotten", whole, 60, "MiB"),
        verdict(f"the journal that forgets all but {KEEP_EVENTS:,}", kept, KEPT_MIB, "MiB"),
    ]


def _fill(path: Path, events: int, forget: Callable[[Store], object]) -> float:
    """MiB that the journal takes once it is closed."""
    store = Store(path)
    for begin in range(0, events, _TOGETHER):
        numbers = range(begin, min(events, begin + _TOGETHER))
        store.write(record for number in numbers for record in one_more(number))
        if begin // HOURLY != (begin + _TOGETHER) // HOURLY:
            forget(store)
    store.close()
    return path.stat().st_size / 2**20
