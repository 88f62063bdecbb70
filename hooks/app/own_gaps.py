"""When gluehook did not run: found at a start from the heartbeat of the process before, and kept in the journal."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

from hooks.journal.day import GAPS
from hooks.journal.journal import Journal
from hooks.journal.records import Saved
from hooks.runtime import heartbeat

_KEPT, _KEPT_S = 100, 30 * 86_400.0
_SHORTEST_S = 1.0
_BEAT_S = 15.0  # the heartbeat of a process that was killed is as old as that anyway


def keep(journal: Journal, state: Path) -> None:
    """Write into the journal that gluehook did not run until now, where the heartbeat in `state` shows that."""
    known = journal.load(GAPS)
    gaps = with_this_start(known, state / heartbeat.FILE_NAME, time.time())
    if gaps != known and (gaps or known):
        journal.write([Saved(GAPS, gaps)])


def with_this_start(known: object, beat: Path, now: float) -> list[list[float]]:
    """The gaps that are known, and the one that ends `now`, if the heartbeat shows one."""
    rows = known if isinstance(known, list) else []
    gaps = [[float(since), float(until)] for since, until in map(_pair, rows) if until > now - _KEPT_S]
    ended, is_sure = _last_beat(beat)
    if ended and now - ended > (_SHORTEST_S if is_sure else _SHORTEST_S + _BEAT_S):
        gaps.append([ended, now])
    return gaps[-_KEPT:]


def _pair(row: object) -> Sequence[float]:
    is_pair = isinstance(row, list) and len(row) == 2 and all(isinstance(one, int | float) for one in row)
    return row if is_pair else (0.0, 0.0)  # type: ignore[return-value]


def _last_beat(beat: Path) -> tuple[float, bool]:
    """When the process before has ended, as far as it shows, and whether it was stopped then; 0 if not known."""
    try:
        report = json.loads(beat.read_bytes())
        return float(report["time"]), bool(report.get("stopped"))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return 0.0, False
