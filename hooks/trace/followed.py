"""What followed from a run: events that it made happen, its failure, the end of its limit or of the trouble, and the
runs for all of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from hooks.events.catalogue import Event
from hooks.journal import packing
from hooks.journal.pages import runs_page
from hooks.journal.store import Store
from hooks.journal.trace_rows import decisions
from hooks.trace.model import CameFrom, Followed, FollowedRun, How

_LATEST_S = 9e9  # whose nanoseconds the journal can hold
MOST_EVENTS = 50  # in one trace
_MOST_READ = 5000  # events around a run: in a burst there are more
_DEPTH = 3  # of runs that followed from runs that followed
_EARLY_S, _LATE_S = 5.0, 300.0  # around a run, the events that it may have made happen


def followed(store: Store, run: Mapping[str, Any]) -> tuple[Followed, ...]:
    """What followed from this run."""
    return _Search(store, run["id"]).of(run, _DEPTH)


def came_from(store: Store, event: Event, began: float) -> CameFrom | None:
    """The run that the event followed from, where it is one of ours; `began` is when the event's own run began."""
    if event.type == "run.failed":
        return CameFrom("failed", str(event.data.get("run", "")))
    if event.type in ("rule.exhausted", "rule.recovered"):
        rows = store.select(
            "select id from runs where rule = ? and key = ? and began <= ? order by began desc limit 1",
            event.data.get("rule"), event.data.get("key"), began,
        )  # fmt: skip
        how: How = "exhausted" if event.type == "rule.exhausted" else "recovered"
        return CameFrom(how, rows[0][0] if rows else "")
    return CameFrom("caused", event.cause) if event.cause else None


class _Search:
    """Goes from run to event to run; none of them twice."""

    def __init__(self, store: Store, run: str) -> None:
        self._store, self._runs, self._events = store, {run}, set[str]()

    def of(self, run: Mapping[str, Any], depth: int) -> tuple[Followed, ...]:
        found = sorted(self._found(run), key=lambda one: one[2].time if one[2] else inf)
        new = [one for one in found if not one[2] or one[2].id not in self._events][: MOST_EVENTS - len(self._events)]
        self._events |= {event.id for *_, event in new if event}
        return tuple(Followed(how, why, event, tuple(self._runs_for(event, depth))) for how, why, event in new)

    def _found(self, run: Mapping[str, Any]) -> Iterator[tuple[How, str, Event | None]]:
        for event in _caused(self._store, run):
            yield "caused", "", event
        failed = self._store.event(f"{run['event']}-run.failed-{run['id']}")
        if failed:
            yield "failed", str(failed.data.get("said", "")), failed
        if run["ended"] is not None:
            yield from self._of_the_last(run)

    def _of_the_last(self, run: Mapping[str, Any]) -> Iterator[tuple[How, str, Event | None]]:
        """The end of the limit, and that of the trouble, where this run was the last one before it."""
        newer = self._store.select(
            "select min(began) from runs where rule = ? and key = ? and began > ?",
            run["rule"],
            run["key"],
            run["began"],
        )
        until = newer[0][0] if newer[0][0] is not None else inf
        for one in decisions(self._store, run["ended"], until):
            if (one.kind, one.rule, one.key) == ("exhausted", run["rule"], run["key"]):
                yield "exhausted", one.why, self._store.event(one.event)
        for event in _recovered(self._store, run, until):
            yield "recovered", str(event.data.get("reason", "")), event

    def _runs_for(self, event: Event | None, depth: int) -> Iterator[FollowedRun]:
        if event is None or not depth:
            return
        for run in reversed(runs_page(self._store, event=event.id, limit=MOST_EVENTS).runs):
            if run["id"] not in self._runs:
                self._runs.add(run["id"])
                later = self.of(run, depth - 1)
                summary = {name: run[name] for name in ("id", "rule", "key", "began", "ended", "outcome", "said")}
                yield FollowedRun(**summary, followed=later)


def _caused(store: Store, run: Mapping[str, Any]) -> Iterator[Event]:
    """The events whose cause is this run. They came while it held what they are about, or soon after."""
    if store.schema == 1:
        return
    since, until = run["began"] - _EARLY_S, (run["ended"] or run["began"] + 10 * _LATE_S) + _LATE_S
    rows = store.select(
        "select e.packed, p.line from events e join patterns p on p.seq = e.pattern where e.at between ? and ?"
        " order by e.seq limit ?", int(since * 1e9), int(until * 1e9), _MOST_READ,
    )  # fmt: skip
    yield from (event for row in rows if (event := packing.unpack(*row)) and event.cause == run["id"])


def _recovered(store: Store, run: Mapping[str, Any], until: float) -> Iterator[Event]:
    """The rule.recovered of the run's rule and key. It bears the time, and the id's begin, of what showed it."""
    ending = f"-rule.recovered-{run['rule']}/{run['key']}"
    rows = store.select(
        "select id from events where substr(id, -length(?)) = ? and (id = ? or at between ? and ?) order by seq",
        ending, ending, run["event"] + ending, int(run["began"] * 1e9), int(min(until, _LATEST_S) * 1e9),
    )  # fmt: skip
    found = [store.event(ident) for (ident,) in rows]
    yield from [event for event in found if event][:1]
