"""Compares what two rule tables decide about the same events."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from hooks.workbench.decisions import Decision
from hooks.workbench.recording import TimedEvent
from hooks.workbench.replay import Replay

# What happened because of a table. How it came about – what was merged, what waited – may differ for nothing.
_COUNTS = ("runs", "exhausted", "failed", "left")


class Difference(NamedTuple):
    """Decisions of the one table that the other did not make, and the other way round."""

    first: Sequence[Decision]
    second: Sequence[Decision]


def differences(
    first: Replay, second: Replay, seen: Iterable[TimedEvent], end: Callable[[], int] = lambda: 0
) -> Iterator[Difference]:
    """Feed both tables event by event, so that a recording of any length needs no memory."""
    for at, event in seen:
        yield from _differ(first.feed(at, event), second.feed(at, event))
    yield from _differ(first.until(end()), second.until(end()))
    yield from _differ(first.left(), second.left())


def _differ(first: Sequence[Decision], second: Sequence[Decision]) -> Iterator[Difference]:
    if not first and not second:
        return
    ours, theirs = Counter(map(_meaning, first)), Counter(map(_meaning, second))
    difference = Difference(_beyond(first, ours - theirs), _beyond(second, theirs - ours))
    if any(difference):
        yield difference


def _meaning(decision: Decision) -> str:
    """Two decisions with the same text are the same. Ids of runs are left out, as each table numbers its own."""
    return json.dumps(decision._replace(run="").as_record()) if decision.kind in _COUNTS else ""


def _beyond(decisions: Sequence[Decision], more: Counter[str]) -> list[Decision]:
    found = []
    for decision in decisions:
        meaning = _meaning(decision)
        if meaning and more[meaning] > 0:
            more[meaning] -= 1
            found.append(decision)
    return found
