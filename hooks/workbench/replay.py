"""Replays events through the live engine on a clock that jumps: what would have been decided, and when.

`gluehook replay`, `gluehook test`, the pytest plugin and the comparison of two tables drive it: `feed` for each event
in the order of time, then `until` for the time after the last one, then `left` for what still waits. Guaranteed: no
handler runs and nothing is written, as the outcome of each attempt is assumed; it decides as the running process does,
since the engine is the same and time stops at every deadline between two events; the same events give the same rows.
One difference is known: whether the state that a `for` waited on still lasts, and whether conditions hold, is answered
by the events that were fed, where the running process inspects the container once more. `zone` is the time zone of
conditions, "" for that of the process; `knows_all`: a container that no event was about is absent, else it is unknown.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from math import inf
from typing import Any

from hooks.engine.engine import Engine
from hooks.engine.lane import Lane
from hooks.engine.runs import Note, Result, Run
from hooks.events.catalogue import CHANGES_WORLD, Event
from hooks.rules.facts import Facts
from hooks.rules.rule_tests import Assumptions
from hooks.rules.subscriptions import Subscriptions
from hooks.rules.table import Table
from hooks.workbench.assumed_attempts import WORDS, AssumedAttempts
from hooks.workbench.decisions import Decision
from hooks.workbench.facts_from_events import FactsFromEvents
from hooks.workbench.recording import TimedEvent
from hooks.workbench.zones import offset_of
from hooks.world.from_events import WorldFromEvents
from hooks.world.names import NO_NAMES, Names


class Replay:
    """One rule table, and its clock: it begins at `began` (ns since the Unix epoch), or else with the first event."""

    def __init__(
        self, table: Table, *, assume: Assumptions | None = None, names: Names = NO_NAMES, began: int | None = None,
        zone: str = "", knows_all: bool = False,
    ) -> None:  # fmt: skip
        self.table = table
        self._engine = Engine(table)
        self._subscriptions = Subscriptions(table)
        names = replace(names, tables={**names.tables, **table.roles})
        self._world = WorldFromEvents(names)
        self._conditional = any(rule.only_if for rule in table.rules)
        self._facts = FactsFromEvents(names, lambda: self._at, offset_of(zone), knows_all=knows_all)
        self._attempts = AssumedAttempts(assume or {}, self._state)
        self._began = began
        self._now, self._at = 0.0, began or 0  # the instant in the engine's seconds, and in ns since the Unix epoch
        self._working: list[tuple[float, int, Run, Result]] = []
        self._order = count()
        self._rows: list[Decision] = []

    def accepts(self, kind: str, subject: str) -> bool:
        """Whether an event of this type and subject can change what is decided, as far as these two tell."""
        if self._subscriptions.may_accept(kind, subject) or kind.startswith("source."):
            return True
        return self._subscriptions.uses_port and (kind.startswith("port.") or kind in CHANGES_WORLD)

    def wants(self, event: Event) -> bool:
        """Whether the event can change what is decided."""
        event = self._world.with_role(event)
        if self._subscriptions.accepts(event) or event.type.startswith("source."):
            return True
        return self._subscriptions.uses_port and _tells_port(event)

    def begin_with(self, events: Iterable[Event]) -> None:
        """Before the first event the world is what these events make of it; no rule gets them."""
        for event in map(self._world.with_role, events):
            if _tells_port(event):
                self._world.accept(event)
            self._facts.accept(event)

    def feed(self, at: int, event: Event) -> list[Decision]:
        """Let time pass until `at` (ns since the Unix epoch), then feed the event; returns the decisions until then."""
        if self._began is None:
            self._began = self._at = at
        self._let_pass((at - self._began) / 1e9)
        event = self._world.with_role(event)
        if _tells_port(event):
            self._world.accept(event)
        if self._conditional:
            self._facts.accept(event)
        self._engine.feed(event, self._now)
        if rows := self._decided(at):
            self._rows += [Decision(at, "event", event), *rows]
        self._let_pass(self._now)
        return self._take()

    def until(self, at: int) -> list[Decision]:
        """Let time pass until `at`; returns the decisions until then."""
        if self._began is not None:
            self._let_pass((at - self._began) / 1e9)
        return self._take()

    def left(self) -> list[Decision]:
        """The runs that wait or work now; a `wait_s` of None waits for an event."""
        return [self._unfinished(lane) for lane in self._engine.lanes() if lane.pending or lane.running]

    # -- time ----------------------------------------------------------------------------

    def _let_pass(self, instant: float) -> None:
        instant = max(instant, self._now)
        while (due := self._due()) <= instant:
            self._set(max(due, self._now))
            while self._working and self._working[0][0] <= self._now:
                _, _, run, result = heapq.heappop(self._working)
                self._end(run, result)
            runs = self._engine.advance(self._now, self._known)
            self._take_notes()  # what led to them stands above them
            for run in runs:
                self._begin(run)
        self._set(instant)

    def _known(self) -> Facts:
        return self._facts

    def _set(self, now: float) -> None:
        if now != self._now:
            self._now, self._at = now, (self._began or 0) + round(now * 1e9)

    def _due(self) -> float:
        due = self._engine.next_deadline()
        return min(due, self._working[0][0]) if self._working else due

    def _take(self) -> list[Decision]:
        rows, self._rows = self._rows, []
        return rows

    # -- attempts ------------------------------------------------------------------------

    def _begin(self, run: Run) -> None:
        takes_s, steps, result = self._attempts.perform(run)
        self._rows.append(
            Decision(self._at, "runs", run.event, run.rule.name, run.key, "", None, run.id, run.attempt, steps)
        )
        if takes_s:
            heapq.heappush(self._working, (self._now + takes_s, next(self._order), run, result))
        else:
            self._end(run, result)

    def _end(self, run: Run, result: Result) -> None:
        why = WORDS[result.kind]
        self._rows.append(
            Decision(self._at, "ended", run.event, run.rule.name, run.key, why, None, run.id, run.attempt)
        )
        self._engine.finished(run, result, self._now)
        self._take_notes()

    def _state(self) -> Mapping[str, Any] | None:
        world = self._world.world
        return None if world.file is None else world.state()  # a file that was never read is not an empty one

    # -- rows ----------------------------------------------------------------------------

    def _take_notes(self) -> None:
        self._rows += self._decided(self._at)

    def _decided(self, at: int) -> list[Decision]:
        # that a limit counts anew is seen by the runs that it allows
        return [_row(at, note) for note in self._engine.take_notes() if note.kind != "renewed"]

    def _unfinished(self, lane: Lane) -> Decision:
        name, key, now = lane.rule.name, lane.key, self._at
        if lane.running:
            run = lane.running
            return Decision(now, "left", run.event, name, key, "it is at work", None, run.id, run.attempt)
        due = lane.due()
        unmet = lane.pending[0].unmet
        why = "it waits for something to happen first" if due == inf else ""
        if unmet:
            why = f"it waits for its conditions: {unmet.verdict.sentence}"
        return Decision(now, "left", lane.pending[0].event, name, key, why, None if due == inf else due - self._now)


def _tells_port(event: Event) -> bool:
    """Whether it says something of the port: a gluetun that starts or stops, too."""
    return event.type.startswith("port.") or (event.data.get("role") == "gluetun" and event.type in CHANGES_WORLD)


def turns(replay: Replay, seen: Iterable[TimedEvent], end: Callable[[], int] = lambda: 0) -> Iterator[list[Decision]]:
    """The rows of a recording, event by event. When it is over, time passes until `end()`, ns since the Unix epoch."""
    for at, event in seen:
        yield replay.feed(at, event)
    yield replay.until(end())
    yield replay.left()


def _row(at: int, note: Note) -> Decision:
    return Decision(at, note.kind, note.event, note.rule, note.key, note.why, note.wait_s, note.run)
