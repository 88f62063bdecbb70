"""What followed from a run: events that it made happen, its failure, the end of its limit or of the trouble, and the
runs for all of these.

Which run made an event happen is known only while the run holds what the event is about. A container that was restarted
gets healthy later: so events about what the run worked on count for two minutes, and are told as what they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from math import inf
from typing import Any, NamedTuple

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
_EARLY_S, _LATE_S = 5.0, 120.0  # around a run, the events that may have come of it
_LONGEST_S = 3600.0  # of a run that is not over
_DID_NOTHING = ("unchanged", "skipped")


def followed(store: Store, run: Mapping[str, Any], worked_on: Collection[str] = ()) -> tuple[Followed, ...]:
    """What followed from this run. `worked_on` are the containers that its steps name."""
    return _Search(store, run["id"]).of(run, _DEPTH, worked_on)


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


_ON_CONTAINERS = frozenset(f"containers.{verb}" for verb in ("restart", "start", "stop", "pause", "unpause", "signal"))


def on_containers(uses: Iterable[str]) -> bool:
    """Whether one of these handlers works on the very container that is named, so that its events may come of it."""
    return any(use in _ON_CONTAINERS or use.startswith("gluetun.") for use in uses)


class _Found(NamedTuple):
    how: How
    why: str
    at: float
    event: Event | None


class _Search:
    """Goes from run to event to run; none of them twice."""

    def __init__(self, store: Store, run: str) -> None:
        self._store, self._runs, self._events = store, {run}, set[str]()

    def of(self, run: Mapping[str, Any], depth: int, worked_on: Collection[str] = ()) -> tuple[Followed, ...]:
        uses = [str(step["use"]) for step in run["steps"]]
        about = {*worked_on, *([run["key"]] if on_containers(uses) else [])}
        found = sorted(self._found(run, about), key=lambda one: one.at)
        told = self._told((one for one in found if one.how != "soon_after"), depth)
        # after those, so that what followed from a run that followed stands there
        soon = self._told((one for one in found if one.how == "soon_after"), depth)
        return tuple(sorted([*(one for one in soon if one.runs), *told], key=lambda one: one.at or 0.0))

    def _told(self, found: Iterable[_Found], depth: int) -> list[Followed]:
        new = [one for one in found if not one.event or one.event.id not in self._events]
        new = new[: MOST_EVENTS - len(self._events)]
        self._events |= {one.event.id for one in new if one.event}
        return [Followed(one.how, one.why, one.event, one.at, tuple(self._runs_for(one, depth))) for one in new]

    def _found(self, run: Mapping[str, Any], worked_on: Collection[str]) -> Iterator[_Found]:
        soon = set[tuple[str, str]]()
        for event in _around(self._store, run):
            at, kind = event.time / 1e9, (event.type, event.subject)
            if event.cause == run["id"]:
                yield _Found("caused", "", at, event)
            elif _is_about(event, run, worked_on) and kind not in soon:
                soon.add(kind)  # a second one has come of something else
                yield _Found("soon_after", "", at, event)
        failed = self._store.event(f"{run['event']}-run.failed-{run['id']}")
        if failed:
            yield _Found("failed", str(failed.data.get("said", "")), run["ended"] or run["began"], failed)
        if run["ended"] is not None:
            yield from self._of_the_last(run)

    def _of_the_last(self, run: Mapping[str, Any]) -> Iterator[_Found]:
        """The end of the limit, and that of the trouble, where this run was the last one before it."""
        newer = self._store.select(
            "select min(began) from runs where rule = ? and key = ? and began > ?",
            run["rule"], run["key"], run["began"],
        )  # fmt: skip
        until = newer[0][0] if newer[0][0] is not None else inf
        for one in decisions(self._store, run["ended"], until):
            if (one.kind, one.rule, one.key) == ("exhausted", run["rule"], run["key"]):
                yield _Found("exhausted", one.why, one.at, self._store.event(one.event))
        for event in _recovered(self._store, run, until):
            yield _Found("recovered", str(event.data.get("reason", "")), max(event.time / 1e9, run["ended"]), event)

    def _runs_for(self, found: _Found, depth: int) -> Iterator[FollowedRun]:
        if found.event is None or not depth:
            return
        for run in reversed(runs_page(self._store, event=found.event.id, limit=MOST_EVENTS).runs):
            if run["id"] not in self._runs:
                self._runs.add(run["id"])
                later = self.of(run, depth - 1)
                summary = {name: run[name] for name in ("id", "rule", "key", "began", "ended", "outcome", "said")}
                yield FollowedRun(**summary, followed=later)


def _is_about(event: Event, run: Mapping[str, Any], worked_on: Collection[str]) -> bool:
    """Whether the event may have come of the run, although nobody knows."""
    is_later = event.cause is None and event.id != run["event"] and event.time / 1e9 >= run["began"]
    is_of_it = event.subject in worked_on and event.type.startswith(("container.", "port."))
    return is_later and is_of_it and run["outcome"] not in _DID_NOTHING


def _around(store: Store, run: Mapping[str, Any]) -> Iterator[Event]:
    """The events that came while the run was at work, or soon after."""
    if store.schema == 1:
        return
    since, until = run["began"] - _EARLY_S, (run["ended"] or run["began"] + _LONGEST_S) + _LATE_S
    rows = store.select(
        "select e.packed, p.line from events e join patterns p on p.seq = e.pattern where e.at between ? and ?"
        " order by e.seq limit ?", int(since * 1e9), int(until * 1e9), _MOST_READ,
    )  # fmt: skip
    yield from (event for row in rows if (event := packing.unpack(*row)))


def _recovered(store: Store, run: Mapping[str, Any], until: float) -> Iterator[Event]:
    """The rule.recovered of the run's rule and key. It bears the time, and the id's begin, of what showed it."""
    ending = f"-rule.recovered-{run['rule']}/{run['key']}"
    rows = store.select(
        "select id from events where substr(id, -length(?)) = ? and (id = ? or at between ? and ?) order by seq",
        ending, ending, run["event"] + ending, int(run["began"] * 1e9), int(min(until, _LATEST_S) * 1e9),
    )  # fmt: skip
    found = [store.event(ident) for (ident,) in rows]
    yield from [event for event in found if event][:1]
