"""What limits and cooldowns must know of past runs, made of the journal's rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from hooks.engine.runs import Past
from hooks.events.catalogue import Event, is_bad, topic_of
from hooks.journal.run_steps import steps_of, what_it_said

OF_THIS, OF_EARLIER = 1, 2  # `counts` of a run that counts: in the trouble that lasts, in one that is over
COLUMNS = "began, ended, counts, attempt, event, said, steps, waited"
LAST = (  # the last run of each lane that did its work or failed: in an aggregate with max() that row's columns stand
    "select rule, key, event, outcome, max(number) from runs where ended >= ?"
    " and outcome in ('changed', 'unchanged', 'retry', 'give_up') group by rule, key"
)


class EndedRun(NamedTuple):
    """A run that counts: `COLUMNS` of its row. Instants are seconds since the Unix epoch."""

    began: float
    ended: float
    counts: int
    attempt: int
    event: str  # the event's id
    said: str
    steps: str  # JSON
    waited: str | None = None  # JSON


def past(
    rule: str, key: str, runs: Sequence[EndedRun], event: Callable[[str], Event | None], failed: str = ""
) -> Past:  # fmt: skip
    """The past of a lane. `runs` are in the order in which they began; `event` finds an event by its id.

    `failed` is the event's id of the last run that did not skip its work, if that failed.
    """
    these = [run for run in runs if run.counts == OF_THIS]
    before = tuple(run.began for run in runs if run.counts == OF_EARLIER)
    about = {run.event for run in these if not json.loads(run.waited or "{}").get("over")}
    events = [found for name in about if (found := event(name))]
    bad = {topic for each in events if (topic := topic_of(each)) and is_bad(each)}
    last = runs[-1]
    return Past(
        rule, key, tuple(run.began for run in these), max(run.ended for run in runs), before, tuple(sorted(bad)),
        sum(run.attempt for run in these), what_it_said(last.said, steps_of(last.steps, last.began)),
        event(failed) if failed else None,
    )  # fmt: skip
