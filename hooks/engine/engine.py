"""The rule engine: events in, runs out. No clock, no thread, no I/O, no logging.

The live dispatcher, the replay and the rule tests drive this same engine; `gluehook explain` feeds a copy of it. The
caller does four things: it feeds events, asks for the runs that are due, reports how each run ended, and waits until
the next deadline. `now` is seconds on the caller's clock. It may stand still and jump forward, never back.

Guarantees: the same calls give the same runs. In a lane (a rule and a key) one run at a time, in order; lanes do not
wait for each other. The cost of an event does not grow with the number of rules that listen to something else. What was
decided beside the runs stands in `take_notes()`, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from math import inf

from hooks.engine.conditions_due import ConditionsDue
from hooks.engine.known_states import KnownStates
from hooks.engine.lane import Lane
from hooks.engine.lanes import Lanes
from hooks.engine.own_events import GAVE_UP, exhausted, failed, recovered
from hooks.engine.rule_index import RuleIndex
from hooks.engine.runs import Note, Past, Result, Run, Unfinished
from hooks.engine.schedule import Schedule
from hooks.engine.states import PausedUntil
from hooks.engine.troubles import Troubles
from hooks.events.catalogue import Event, Topic, ended_by, is_good, topic_of
from hooks.rules.facts import Facts, unseen
from hooks.rules.table import Rule, Table


class Engine:
    """Matches events with rules and decides what runs when.

    Ids of runs are numbered from `last_id` + 1: they go on from those of the previous process. Conditions that do not
    hold are judged again after `look_again_s` seconds, if nothing happens before that may change them.
    """

    def __init__(self, table: Table, *, last_id: int = 0, look_again_s: float = inf) -> None:
        self.table = table
        self._rules = RuleIndex(table)
        self._notes: list[Note] = []
        self._lanes = Lanes()
        self._in_state: dict[Topic, dict[Lane, None]] = {}
        self._troubles = Troubles()
        self._known = KnownStates()
        self._lost: set[str] = set()  # sources that cannot see
        self._paused = PausedUntil()
        self._schedule = Schedule()
        self._conditions = ConditionsDue(look_again_s)
        self._last_id = last_id

    def feed(self, event: Event, now: float) -> None:
        """Take in one event."""
        if event.type in ("source.lost", "source.restored"):
            self._note_source(event, now)
        if event.origin != "resync" or not self._known.is_reminder(event):
            self._change_states(event, now)
        for rule in self._rules.matching(event):
            self._give(rule, event, now)
        for lane in self._conditions.judge_again(event) if self._conditions else ():
            self._reschedule(lane)
        self._report_recovered(now)

    def advance(self, now: float, facts: Callable[[], Facts] = unseen) -> list[Run]:
        """The runs that are due by `now`, and whose conditions hold by `facts()`: `finished` must answer each."""
        runs, known = [], None
        while self.next_deadline() <= now:
            lane = self._schedule.pop()
            if lane.rule.only_if and not self._conditions.may_start(lane, now, known := known or facts()):
                self._reschedule(lane)
                continue
            if lane.full(now):
                self._refuse(lane, now)
                continue
            if lane.exhausted and not lane.pending[0].manual:
                self._recover(lane, now)  # the window has room again
            self._last_id += 1
            runs.append(lane.start(f"{lane.rule.name}/{lane.key}#{self._last_id}", now))
            if lane.rule.only_if:
                self._conditions.note(lane)
            self._troubles.expect(lane)
        return runs

    def finished(self, run: Run, result: Result, now: float, jitter: float = 0.0) -> None:
        """An attempt has ended. `jitter` shortens a retry's wait by that share (0 to 1)."""
        lane = self._lanes.get((run.rule.name, run.key))
        if lane is None or lane.running is not run:
            return
        if lane.finish(result, now, jitter):
            self._fail(lane, run, result, now)
        elif lane.failed and result.kind in ("changed", "unchanged"):
            lane.failed = False
            if not lane.tries.of_bad_state:  # else it is well when that state is
                self.feed(recovered(lane, run.event, run.attempt, "its run succeeded"), now)
        self._reschedule(lane)
        self._report_recovered(now)

    def next_deadline(self) -> float:
        """When `advance` has something to do again, if nothing is fed before; `inf` if never."""
        return self._schedule.next()

    def take_notes(self) -> list[Note]:
        """What was decided since the last call, in order."""
        if not self._notes:
            return []
        notes = self._notes[:]
        self._notes.clear()  # every lane writes into this very list
        return notes

    def adopt(self, table: Table, now: float) -> None:
        """Go on with another table.

        Lanes of rules whose content is unchanged go on as they are. What waits for a changed rule waits for the new
        one, if that still listens to it. The caller reports the present states anew, for the new rules.
        """
        self.table, self._rules = table, RuleIndex(table)
        rules = {rule.name: rule for rule in table.rules if rule.enabled}
        gone = self._lanes.keep(rules)
        for lanes in self._in_state.values():
            for lane in lanes.keys() & gone.keys():
                del lanes[lane]
        self._troubles.forget(gone)
        for lane in gone:
            if lane.exhausted:
                self._recover(lane, now)
        for lane in gone:
            self._hand_over(lane, rules.get(lane.rule.name), now)
        self._conditions.keep(self._lanes.values())
        self._schedule.rebuild(self._lanes.values())

    def load(self, past: Past, now: float) -> None:
        """Take in the runs of the previous process, on this engine's clock, for limits and cooldowns."""
        if (rule := self._rules.named(past.rule)) is not None:
            lane = self._lane(rule, past.key, now)
            lane.load(past)
            self._troubles.expect(lane)

    def resume(self, left: Unfinished, now: float) -> bool:
        """Go on with what the previous process left unfinished.

        False if there is nothing to do: the rule is gone or switched off, or it waits with `for`, and the state is
        reported anew if it lasts.
        """
        rule = self._rules.named(left.rule)
        if rule is None or rule.for_s is not None:
            return False
        lane = self._lane(rule, left.key, now)
        lane.resume(left, now)
        if rule.only_if and (topic := topic_of(left.event)) is not None:  # it waits while that state lasts
            if self._known.is_another(topic, left.event):
                self._end(topic, left.event, now)
            self._known.put(topic, left.event)
            lane.states.begin(left.event, now)
            lane.states.newest.resumed = True
            self._in_state.setdefault(topic, {})[lane] = None
        self._reschedule(lane)
        return True

    def run_manually(self, rule: str, key: str, event: Event, now: float) -> bool:
        """The owner wants a run of the rule of this name, whatever it waits for or is limited to.

        Only a pause and the run before it are waited for. False if there is no such rule, or it is switched off.
        """
        found = self._rules.named(rule)
        if found is None:
            return False
        lane = self._lane(found, key, now)
        lane.run_manually(event, now)
        self._reschedule(lane)
        return True

    def pause(self, rule: str | None, until: float) -> None:
        """Start no run of this rule, or of any (None), before `until`. Running attempts go on; events are followed."""
        self._paused[rule] = until
        self._schedule.rebuild(self._lanes.values())

    def unpause(self, rule: str | None) -> None:
        """End this pause."""
        self._paused.pop(rule, None)
        self._schedule.rebuild(self._lanes.values())

    def paused_until(self, rule: str) -> float:
        """When the last pause of this rule ends; in the past if nothing holds it back."""
        return self._paused.until(rule)

    def rules_for(self, event: Event) -> Iterator[Rule]:
        """The enabled rules that the event matches, in the file's order."""
        return self._rules.matching(event)

    def lanes(self) -> tuple[Lane, ...]:
        """Every lane that holds something."""
        return tuple(self._lanes.values())

    def copy(self) -> Engine:
        """An engine that holds the same and decides by itself. Only the rules are shared: they never change."""
        return deepcopy(self, {id(rule): rule for rule in self.table.rules})

    # -- states ----------------------------------------------------------------------------

    def _change_states(self, event: Event, now: float) -> None:
        if (topic := topic_of(event)) is not None:
            if self._known.is_another(topic, event):
                self._end(topic, event, now)
            self._known.put(topic, event)
        for ended in ended_by(event):
            self._end(ended, event, now)
        if topic is not None and is_good(event):
            self._troubles.get_well(topic, event)

    def _end(self, topic: Topic, because: Event, now: float) -> None:
        known = self._known.end(topic)
        for lane in self._in_state.pop(topic, ()):
            if lane.end(topic, now) and lane.exhausted and lane.rule.stateful:
                self._recover(lane, now)
            if known and known.type != because.type:  # else it is in that state again, and has never left it
                self._troubles.end(lane, because)
            self._reschedule(lane)

    def _note_source(self, event: Event, now: float) -> None:
        if event.type == "source.lost":
            self._lost.add(event.subject)
        else:
            self._lost.discard(event.subject)
        for lane in self._lanes.values():
            lane.update_blindness(now)
            self._reschedule(lane)

    # -- lanes -----------------------------------------------------------------------------

    def _give(self, rule: Rule, event: Event, now: float) -> None:
        lane = self._lane(rule, rule.key_of(event), now)
        if event.origin == "resync" and not lane.is_news(event):
            return
        lane.take(event, now)
        if (topic := topic_of(event)) is not None:
            self._in_state.setdefault(topic, {})[lane] = None
        self._reschedule(lane)

    def _hand_over(self, old: Lane, rule: Rule | None, now: float) -> None:
        waiting = [waiting.event for waiting in old.pending]
        old.drop("its rule was changed or taken out")
        if rule is None:
            return
        lane = self._lane(rule, old.key, now)
        lane.take_over(old)
        self._troubles.expect(lane)
        for event in waiting if rule.for_s is None else ():
            if rule.listens_to(event):
                self._give(rule, event, now)

    def _lane(self, rule: Rule, key: str, now: float) -> Lane:
        return self._lanes.get((rule.name, key)) or self._open(rule, key, now)

    def _open(self, rule: Rule, key: str, now: float) -> Lane:
        self._troubles.forget(self._lanes.sweep(now))
        lane = self._lanes[rule.name, key] = Lane(rule, key, self._notes, self._lost, self._paused)
        return lane

    def _reschedule(self, lane: Lane) -> None:
        if lane.rule.only_if:
            self._conditions.note(lane)
        self._schedule.put(lane, len(self._lanes))

    # -- limits and failures ---------------------------------------------------------------

    def _refuse(self, lane: Lane, now: float) -> None:
        if lane.rule.stateful and not lane.states:
            lane.drop("its limit is spent and its state has ended")
        else:
            lane.flaps = lane.full(now) == "flapping"
            self._exhaust(lane, exhausted(lane, lane.pending[0].event), now)
        self._reschedule(lane)

    def _exhaust(self, lane: Lane, event: Event, now: float) -> None:
        lane.exhausted = event
        why = str(event.data["reason"])
        self._notes.append(Note("exhausted", lane.rule.name, lane.key, event, why, lane.room_in(now)))
        self.feed(event, now)

    def _recover(self, lane: Lane, now: float) -> None:
        event, lane.exhausted, lane.flaps = lane.exhausted, None, False
        topic = topic_of(event) if event else None
        if event and topic:
            self._end(topic, event, now)

    def _report_recovered(self, now: float) -> None:
        for event in self._troubles.take_recovered():
            self.feed(event, now)

    def _fail(self, lane: Lane, run: Run, result: Result, now: float) -> None:
        lane.failed = not lane.tries.of_bad_state  # else it is well when that state is
        if result.kind == "give_up" and run.rule.repeat and lane.states.any_handled and not lane.exhausted:
            self._exhaust(lane, exhausted(lane, run.event, GAVE_UP), now)
        event = failed(run, result)
        self._notes.append(Note("failed", lane.rule.name, lane.key, event, run=run.id))
        # a rule that answers run.failed with a run that fails must not feed itself
        if run.event.type != "run.failed":
            self.feed(event, now)
