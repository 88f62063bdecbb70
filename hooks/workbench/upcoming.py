"""When the schedules of rules come next, for `check` and `explain`."""

from __future__ import annotations

import time
from collections.abc import Iterator

from hooks.events import cron
from hooks.events.wall_clock import LocalZone, local_instant
from hooks.rules.subscriptions import Subscriptions
from hooks.rules.table import Rule, Table


def upcoming(rule: Rule, now: float | None = None) -> Iterator[str]:
    """A sentence for each schedule of the rule. `now` is in seconds since the Unix epoch."""
    for schedule in sorted(Subscriptions(Table((rule,))).schedules):
        at = cron.next_at(schedule, time.time() if now is None else now, LocalZone())
        yield f"{schedule} comes next at {local_instant(at)}" if at else f"{schedule} does not come any more"
