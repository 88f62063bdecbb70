"""What the dispatcher keeps for traces: the records that may wait until no attempt is about to begin.

A record of this kind goes with the next commit of a turn in which nothing begins, at the latest when `MOST` wait. A
kill costs those that wait, which nothing but a trace needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from hooks.engine.runs import Note, Result, Run, Waited
from hooks.journal.trace_rows import Decided, Tried

MOST = 64
_KEPT = frozenset("waits dropped exhausted renewed superseded blind sees".split())  # others are told by a run

Traced = Tried | Decided


class TurnTrace:
    """The records that wait. `now` gives seconds since the Unix epoch."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._records: list[Traced] = []

    def decided(self, notes: Iterable[Note]) -> None:
        """The engine has decided this."""
        if kept := [note for note in notes if note.kind in _KEPT]:
            self._records += _decided(kept, self._now())

    def ended(self, run: Run, result: Result, began: float, ended: float, note: Note | None) -> None:
        """An attempt has ended. `note` is what was decided next, or None."""
        plain = result.kind not in ("retry", "give_up") and run.attempt == 1 and run.event.origin != "backlog"
        if not plain:
            again = ended + note.wait_s if note and note.kind == "retries" and note.wait_s is not None else None
            tried = Tried(run.id, run.attempt, began, ended, result.kind, result.said, again, result.failed_step)
            self._records.append(tried)

    def take(self, *, urgent: bool) -> list[Traced]:
        """The records to write now. `urgent`: an attempt is about to begin."""
        if urgent and len(self._records) < MOST:
            return []
        taken, self._records = self._records, []
        return taken


def waited(run: Run, at: float, now: float) -> Mapping[str, Any] | None:
    """What held the run back, for the journal; None where nothing did. `at` is `now` since the Unix epoch."""
    if run.waited is None and not (run.manual or run.over):
        return None
    since, merged, until = run.waited or Waited(now)
    found: dict[str, Any] = {"since": round(at - (now - since), 3), **({"merged": merged} if merged else {})}
    if run.manual:
        found["manual"] = True
    if run.over:
        found["over"] = True
    return found | {why: round(at - (now - end), 3) for why, end in until}


def _decided(notes: Iterable[Note], at: float) -> Iterator[Decided]:
    """One for each lane, kind and reason: a burst must not fill the journal."""
    found: dict[tuple[str, ...], Decided] = {}
    for note in notes:
        same = (note.rule, note.key, note.kind, note.why)
        times = found[same].times + 1 if same in found else 1
        until = None if note.wait_s is None else at + note.wait_s
        found[same] = Decided(at, note.rule, note.key, note.kind, note.event.id, note.why, until, times)
    yield from found.values()
