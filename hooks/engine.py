"""The pure state machine: events in, runs out. No clock, no thread, no I/O, no logging.

`now` is seconds on whatever clock the caller keeps; it may stand still and it may jump
forward, never back. The live runner and the replay drive this same engine.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from itertools import count
from math import inf

from hooks.events import CATALOGUE, Event, Topic, ended_by, identity_of, topic_of
from hooks.lane import Lane
from hooks.match import OneOf
from hooks.placeholders import Empty, Placeholder, Template, walk
from hooks.runs import Note, Result, Run
from hooks.table import Rule, Table

_SWEEP_AT = 1024  # lanes; with `key = "${event.id}"` there may come ever more


class Engine:
    """Matches events with rules and decides what runs when."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.notes: list[Note] = []  # what was decided; whoever drives the engine takes them away
        self._index = _index(table)
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._in_state: dict[Topic, dict[Lane, None]] = {}
        self._known: dict[Topic, tuple[tuple[object, ...], int]] = {}  # the state each topic has, and since when
        self._lost: set[str] = set()  # sources that cannot see
        self._deadlines: list[tuple[float, int, Lane]] = []
        self._order, self._ids = count(), count(1)
        self._sweep_at = _SWEEP_AT
        self._now = -inf

    def feed(self, event: Event, now: float) -> None:
        """Take in one event."""
        self._now = max(self._now, now)
        if event.type in ("source.lost", "source.restored"):
            self._see(event, now)
        self._end_states(event)
        for rule in self.rules_for(event):
            self._give(rule, event, now)

    def advance(self, now: float) -> list[Run]:
        """The runs whose time has come by `now`. Each must be answered by `finished`."""
        self._now = max(self._now, now)
        runs = []
        while (lane := self._pop_due(now)) is not None:
            if lane.pending[0].attempt == 1 and lane.full(now):
                self._exhaust(lane, lane.pending[0].event, now)
            else:
                if lane.exhausted:
                    self._recover(lane)  # the window has room again
                runs.append(lane.start(f"{lane.rule.name}/{lane.key}#{next(self._ids)}", now))
        return runs

    def finished(self, run: Run, result: Result, now: float, jitter: float = 0.0) -> None:
        """An attempt has ended. `jitter` shortens a retry's wait by that share (0 to 1)."""
        self._now = max(self._now, now)
        lane = self._lanes.get((run.rule.name, run.key))
        if lane is None or lane.running is not run:
            return
        if lane.finish(run, result, now, jitter):
            self._fail(lane, run, result, now)
        self._schedule(lane)

    def next_deadline(self) -> float:
        """When `advance` has something to do again, if nothing is fed before; `inf` if never."""
        while self._deadlines and self._deadlines[0][2].due() != self._deadlines[0][0]:
            heapq.heappop(self._deadlines)  # the lane has changed its mind since
        return self._deadlines[0][0] if self._deadlines else inf

    def rules_for(self, event: Event) -> Iterator[Rule]:
        """The enabled rules that the event matches, in the file's order."""
        by_subject = self._index.get(event.type)
        if by_subject is None:
            return
        named = str(event.data.get(CATALOGUE[event.type].subject, event.subject))
        candidates = {**by_subject.get(named, {}), **by_subject.get(None, {})}
        for place in sorted(candidates):
            rule = candidates[place]
            if any(entry.matches(event) for entry in rule.on) and self._reaches(rule, event):
                yield rule

    def lanes(self) -> Iterator[Lane]:
        """Every lane that holds something, for `status` and health."""
        return iter(self._lanes.values())

    # -- states ----------------------------------------------------------------------------

    def _reaches(self, rule: Rule, event: Event) -> bool:
        return event.origin != "resync" or rule.for_s is not None or rule.reconciles

    def _end_states(self, event: Event) -> None:
        topic = topic_of(event)
        if topic is not None:
            identity = identity_of(event)
            known = self._known.get(topic)
            if event.origin == "resync" and known and known[0] == identity and event.time <= known[1]:
                return  # a reminder of what is known: nothing has ended
            self._known[topic] = (identity, event.time)
            self._end(topic, str(identity[0]))
        for ended in ended_by(event):
            self._known.pop(ended, None)
            self._end(ended, None)

    def _end(self, topic: Topic, value: str | None) -> None:
        for lane in list(self._in_state.get(topic, ())):
            was_exhausted = lane.exhausted and lane.rule.stateful
            over = lane.end(topic, value)
            if topic not in lane.states:
                self._in_state[topic].pop(lane, None)
            if over and was_exhausted:
                self._recover(lane)
            if self._lost:
                lane.look_away(self._lost, self._now)
            self._schedule(lane)
        if not self._in_state.get(topic, True):
            del self._in_state[topic]

    def _see(self, event: Event, now: float) -> None:
        if event.type == "source.lost":
            self._lost.add(event.subject)
        else:
            self._lost.discard(event.subject)
        for lane in self._lanes.values():
            lane.look_away(self._lost, now)
            self._schedule(lane)

    # -- lanes -----------------------------------------------------------------------------

    def _give(self, rule: Rule, event: Event, now: float) -> None:
        key = key_of(rule, event)
        lane = self._lanes.get((rule.name, key)) or self._open(rule, key, now)
        if event.origin == "resync" and not lane.is_news(event):
            return
        lane.take(event, now)
        topic = topic_of(event)
        if topic is not None:
            self._in_state.setdefault(topic, {})[lane] = None
        if self._lost:
            lane.look_away(self._lost, now)
        self._schedule(lane)

    def _open(self, rule: Rule, key: str, now: float) -> Lane:
        if len(self._lanes) >= self._sweep_at:
            self._lanes = {k: lane for k, lane in self._lanes.items() if not lane.blank(now)}
            self._sweep_at = max(_SWEEP_AT, 2 * len(self._lanes))
        lane = self._lanes[rule.name, key] = Lane(rule, key, self.notes)
        return lane

    def _schedule(self, lane: Lane) -> None:
        due = lane.due()
        if due < inf and due != lane.scheduled:
            lane.scheduled = due
            heapq.heappush(self._deadlines, (due, next(self._order), lane))

    def _pop_due(self, now: float) -> Lane | None:
        if self.next_deadline() > now:
            return None
        lane = heapq.heappop(self._deadlines)[2]
        lane.scheduled = inf
        return lane

    # -- limits and failures ---------------------------------------------------------------

    def _exhaust(self, lane: Lane, because: Event, now: float) -> None:
        if not lane.exhausted:
            lane.exhausted = True
            data = {"rule": lane.rule.name, "key": lane.key, "runs": len(lane.starts)}
            self._raise("rule.exhausted", data, because, now)
        self._schedule(lane)

    def _recover(self, lane: Lane) -> None:
        lane.exhausted = False
        topic = ("exhausted", f"{lane.rule.name}/{lane.key}")
        self._known.pop(topic, None)
        self._end(topic, None)

    def _fail(self, lane: Lane, run: Run, result: Result, now: float) -> None:
        data = {
            "rule": lane.rule.name, "key": lane.key, "run": run.id, "handler": result.handler, "error": result.said,
        }  # fmt: skip
        if result.kind == "give_up" and run.rule.repeat and lane.states:
            self._exhaust(lane, run.event, now)
        # a rule that answers run.failed with a run that fails must not feed itself
        if run.event.type != "run.failed":
            self._raise("run.failed", data, run.event, now)

    def _raise(self, kind: str, data: Mapping[str, object], because: Event, now: float) -> None:
        # the engine has no wall clock: its own events bear the time of what led to them
        rule = str(data["rule"])
        event = Event(kind, rule, because.time, data=data, id=f"{kind}-{next(self._ids)}")
        self.notes.append(Note("exhausted" if kind == "rule.exhausted" else "failed", rule, str(data["key"]), event))
        self.feed(event, now)


def key_of(rule: Rule, event: Event) -> str:
    """What counts as the same thing: the rule's key, else the event's subject."""
    if isinstance(rule.key, Template):
        try:
            return str(rule.key.render(lambda placeholder: event_value(event, placeholder)))
        except Empty:
            return event.subject
    return rule.key or event.subject


def event_value(event: Event, placeholder: Placeholder) -> object:
    """What `${event.…}` says of the event; None if it has no such field."""
    return walk({"type": event.type, "subject": event.subject, **event.data}, placeholder.path)


_Index = dict[str, dict[str | None, dict[int, Rule]]]


def _index(table: Table) -> _Index:
    """Rules by event type and by the subject they name; those that name none stand under None."""
    index: _Index = {}
    for place, rule in enumerate(table.rules):
        for entry in rule.on if rule.enabled else ():
            match = entry.match.get(CATALOGUE[entry.event].subject)
            subjects = match.values if isinstance(match, OneOf) else (None,)
            for subject in subjects:
                index.setdefault(entry.event, {}).setdefault(subject, {})[place] = rule
    return index
