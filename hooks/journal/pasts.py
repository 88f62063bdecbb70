"""What limits and cooldowns must know of past runs, made of the journal's rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hooks.engine.runs import Past
from hooks.events.catalogue import Event, is_good, topic_of
from hooks.journal.run_steps import steps_of, what_it_said

OF_THIS, OF_EARLIER = 1, 2  # `counts` of a run that counts: in the trouble that lasts, in one that is over
COLUMNS = "began, ended, counts, attempt, event, said, steps"


class EndedRun(NamedTuple):
    """A run that counts: `COLUMNS` of its row. Instants are seconds since the Unix epoch."""

    began: float
    ended: float
    counts: int
    attempt: int
    event: str  # the event's id
    said: str
    steps: str  # JSON


def past(rule: str, key: str, runs: Sequence[EndedRun], event: Callable[[str], Event | None]) -> Past:
    """The past of a lane. `runs` are in the order in which they began; `event` finds an event by its id."""
    these = [run for run in runs if run.counts == OF_THIS]
    before = tuple(run.began for run in runs if run.counts == OF_EARLIER)
    events = [found for name in {run.event for run in these} if (found := event(name))]
    bad = {topic for each in events if (topic := topic_of(each)) and not is_good(each)}
    last = runs[-1]
    return Past(
        rule, key, tuple(run.began for run in these), max(run.ended for run in runs), before, tuple(sorted(bad)),
        sum(run.attempt for run in these), what_it_said(last.said, steps_of(last.steps, last.began)),
    )  # fmt: skip
