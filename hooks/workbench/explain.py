"""For each rule: would it run for an event, and why not, field by field; what it would do, and when. Changes nothing.

When is found by trial: a copy of the engine takes the event, and says what it decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from hooks.config.masking import looks_secret, presentable, without_secrets
from hooks.config.secrets import HIDDEN
from hooks.engine.engine import Engine
from hooks.engine.lane import Lane
from hooks.engine.runs import Note, NoteKind
from hooks.engine.tries import FLAPPING, Full
from hooks.events.catalogue import Event, topic_of
from hooks.events.durations import format_duration as duration
from hooks.events.wall_clock import local_time
from hooks.handler import Handler
from hooks.rules.comparisons import fields_in, passes
from hooks.rules.facts import UNSEEN, Facts, Later, Unseen
from hooks.rules.matching import Labels, Match, OneOf, as_toml
from hooks.rules.placeholders import Empty, event_value
from hooks.rules.step_arguments import render_arguments
from hooks.rules.table import CronEntry, Entry, Rule, Step
from hooks.rules.verdicts import Verdict, judge
from hooks.rules_file.arguments import arguments
from hooks.workbench.upcoming import upcoming

Explanation = dict[str, Any]  # plain JSON values


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known beside the rules. `now` is on the engine's clock; `state` is None where no gluehook runs."""

    handlers: Mapping[str, Handler[Any] | type[Handler[Any]]]
    now: float = 0.0
    state: Mapping[str, Any] | None = None
    mask: Callable[[str], str] = str
    facts: Facts = UNSEEN  # what conditions are judged by; `Unseen` where no gluehook runs


def explain(engine: Engine, event: Event, situation: Situation) -> Iterator[Explanation]:
    """One for each rule, in the file's order: `rule`, `runs`; `why` not, or what (`do`) and when (`in_s`, `when`).

    `entry` is the entry of `on` that the event passes, or comes nearest to; `next` says when its schedules come next.
    """
    run = {rule.name for rule in engine.rules_for(event)}
    trial = _Trial(engine, event, situation.now)
    for rule in engine.table.rules:
        entry = nearest(rule, event)
        nearby = {"entry": entry_as_toml(entry)} if entry else {}
        next_ = {"next": [*upcoming(rule)]} if any(isinstance(one, CronEntry) for one in rule.on) else {}
        explanation = {"rule": rule.name, "runs": rule.name in run, **nearby, **next_}
        if rule.name in run:
            yield explanation | _would_run(trial, rule, event, situation)
        else:
            ends = [f"but it ends what waits for {note.key}: {note.why}" for note in trial.notes(rule, "dropped")]
            yield explanation | {"why": [*why_not(rule, entry, event), *ends]}


def nearest(rule: Rule, event: Event) -> Entry | None:
    """Of the entries for events of this type, the one that has the fewest fields against it."""
    same_type = [entry for entry in rule.on if entry.event == event.type]
    return min(same_type, key=lambda entry: len(_misses(entry, event)), default=None)


def entry_as_toml(entry: Entry) -> str:
    """The entry as rules.toml has it, without what looks secret."""
    fields = "".join(f", {name} = {_wanted(match)}" for name, match in entry.match.items())
    fields += ", catch_up = true" if isinstance(entry, CronEntry) and entry.catch_up else ""
    return f"{{ event = {as_toml(entry.event)}{fields} }}" if fields else as_toml(entry.event)


# -- why not -----------------------------------------------------------------------------------


def why_not(rule: Rule, entry: Entry | None, event: Event) -> list[str]:
    """Why the rule does not run for the event, as sentences; `entry` is the nearest one."""
    if not rule.enabled:
        return ["it is switched off: enabled = false"]
    if entry is None:
        return [f"it listens to {', '.join(dict.fromkeys(entry.event for entry in rule.on))}"]
    if misses := _misses(entry, event):
        return misses
    if event.type == "rule.exhausted":
        return ["it matches, but a rule does not answer its own exhaustion"]
    return ["it matches, but a resync reaches only rules with `for`, or with a step that reconciles"]


def _misses(entry: Entry, event: Event) -> list[str]:
    """A sentence for each field of the entry that the event does not pass."""
    if isinstance(entry, CronEntry) and entry.is_missed(event) and not entry.catch_up:
        return ["it was due while gluehook did not run, and the rule has no catch_up = true"]
    return [said for name, match in entry.match.items() for said in _miss(name, match, event, event.data)]


def _miss(
    name: str, match: Match, event: Event, data: Mapping[str, Any], *, label: str = "", inside: str = ""
) -> Iterator[str]:
    """`inside` is the field that is a table and holds the name, and `label` then the name, which may tell that its
    value is secret. Our own fields hold none.
    """
    if isinstance(match, Labels) and isinstance(data.get(name), Mapping):
        values = {one: value for one in match.matches if (value := match.of(data[name], one)) is not None}
        for one, wanted in match.matches.items():
            yield from _miss(one, wanted, event, values, label=one, inside=name)
    elif name == "role" and name not in data and isinstance(match, OneOf):
        known = f"the role of '{data.get('container', '')}' is not known here, and the rule wants {_wanted(match)}"
        yield f"{known}; write role={match.values[0]}, or image=… from which it follows, behind the event"
    elif name not in data:
        absent = f"the event has no {_INSIDE.get(inside, '')}{name}, and an absent field never matches"
        yield f"{absent}; the rule wants {_wanted(match, label)}"
    elif not passes(match, data[name], event):
        found = f"{name} is {as_toml(presentable(data[name], label))}"
        yield f"{found}, and the rule wants {_wanted(match, label)}{_others(match, event)}"


_INSIDE = {"labels": "label ", "json": "json.", "query": "query."}


def _others(match: Match, event: Event) -> str:
    """The values of the other fields that the match names."""
    said = []
    for field in dict.fromkeys(fields_in(match)):
        value, name = event_value(event, field), field.path
        shown = as_toml(presentable(value, name if name.startswith("labels.") else ""))
        said.append(f"{name} is {shown}" if value is not None else f"it has no {name}, and an absent one never matches")
    return f"; {', '.join(said)}" if said else ""


def _wanted(match: Match, label: str = "") -> str:
    """The match in the words of the file, without what looks secret."""
    if isinstance(match, Labels):
        return f"{{ {', '.join(f'{as_toml(one)} = {_wanted(inner, one)}' for one, inner in match.matches.items())} }}"
    return HIDDEN if looks_secret(label) else without_secrets(str(match))


# -- what and when -------------------------------------------------------------------------------


class _Trial:
    """What the engine would decide: a copy of it has taken the event."""

    def __init__(self, engine: Engine, event: Event, now: float) -> None:
        self.engine = engine.copy()
        self.engine.take_notes()
        self.engine.feed(event, now)
        self._notes = self.engine.take_notes()
        self.lanes = {(lane.rule.name, lane.key): lane for lane in self.engine.lanes()}

    def notes(self, rule: Rule, kind: NoteKind) -> list[Note]:
        """What it has decided about this rule."""
        return [note for note in self._notes if (note.rule, note.kind) == (rule.name, kind)]


def _would_run(trial: _Trial, rule: Rule, event: Event, situation: Situation) -> Explanation:
    key, now = rule.key_of(event), situation.now
    shown = {"key": situation.mask(key)}
    if not trial.notes(rule, "accepted"):
        return {**shown, "when": ["a resync reports what this rule has handled already: nothing runs"], "do": []}
    lane = trial.lanes[rule.name, key]
    due = lane.due()
    full = lane.full(due) if due < inf else None
    dropped = [note.why for note in trial.notes(rule, "dropped") if note.event is event]
    unmet = list(_unmet(lane, now, situation.facts))
    held = any(one.holds is False or not isinstance(situation.facts, Unseen) for one in unmet)
    starts = {} if dropped or full or held or due == inf else {"in_s": round(max(0.0, due - now), 3)}
    rest = _left(trial.engine.paused_until(rule.name) - now)
    paused = [f"paused{rest}; `gluehook resume` ends it"] if rest else []
    when = dropped or [*paused, *_reasons(lane, now, full=full), *_conditions(lane, unmet, situation.facts)]
    quiet, seen = event.origin == "resync" and rule.reconciles, rule.with_groups(event)
    return {**shown, **starts, "when": when, "do": [_do(step, seen, situation, quiet=quiet) for step in rule.do]}


def _reasons(lane: Lane, now: float, *, full: Full | None) -> Iterator[str]:
    """What the run waits for or counts towards, each as a sentence."""
    rule = lane.rule
    if lane.running:
        yield f"{lane.running.id} is at work: this waits for its end"
    if rule.for_s is not None:
        blind = lane.states.blind_since is not None
        left_s = lane.states.since + rule.for_s - now
        left = ", but cannot be seen: that does not count" if blind else _left(left_s, rule.for_s)
        yield f"for: the state must last {duration(rule.for_s)}{left}"
    if rule.debounce and lane.pending and (left_s := lane.pending[0].due - now) > 0:
        wait_s = rule.debounce.wait_s
        yield f"debounce: it must be quiet for {duration(wait_s)}{_left(left_s, wait_s)}"
    if rule.cooldown_s and lane.cooldown_until > now:
        yield f"cooldown: {duration(rule.cooldown_s)} after the last run{_left(lane.cooldown_until - now)}"
    yield from _limits(lane, full=full)


def _unmet(lane: Lane, now: float, facts: Facts) -> Iterator[Verdict]:
    """The conditions that do not hold when the next run is due, as far as that is known now."""
    if not lane.pending or lane.pending[0].attempt > 1 or lane.pending[0].manual:
        return
    due = lane.due()
    then = Later(facts, max(0.0, due - now) if due < inf else 0.0)
    for condition in lane.rule.only_if:
        verdict = judge((condition,), then, lane.next_event)
        if not verdict.holds:
            yield verdict


def _conditions(lane: Lane, unmet: Iterable[Verdict], facts: Facts) -> Iterator[str]:
    fate = "the state waits for that" if topic_of(lane.next_event) else "this is no state, so it is dropped"
    for one in unmet:
        if one.holds is None and isinstance(facts, Unseen):
            yield f"only_if: it depends on {one.what}, and what containers and ports are is not known here"
            continue
        later = ""
        if one.again_at is not None:
            later = f"; it may hold in {about(one.again_at - facts.clock.instant)}, at {local_time(one.again_at)}"
        yield f"only_if: {one.why}, and the rule wants {one.what}: {fate}{later}"


def _limits(lane: Lane, *, full: Full | None) -> Iterator[str]:
    limit = lane.rule.limit
    if lane.waits_for_end_of_state:
        yield "its rule.exhausted lasts: nothing starts before the state has ended"
    elif limit and full:
        most = limit.runs if full == "limit" else FLAPPING * limit.runs
        flaps = "" if full == "limit" else " (its state ends and comes back)"
        yield f"limit: no run is left of {most} in {duration(limit.per_s)}{flaps}, so rule.exhausted is raised instead"
    elif limit:
        yield f"limit: it is run {len(lane.tries) + 1} of {limit.runs} in {duration(limit.per_s)}"


def _left(left_s: float, whole_s: float = inf) -> str:
    return f", {about(left_s)} left" if 0 < left_s < whole_s else ""


def about(seconds: float) -> str:
    """A duration for a person: from a minute on without fractions."""
    return duration(round(seconds, 1 if seconds < 60 else 0))


def _do(step: Step, event: Event, situation: Situation, *, quiet: bool) -> Explanation:
    explanation: Explanation = {"use": step.use, "args": {}}
    try:
        arguments = render_arguments(step, event, situation.state)
    except Empty as nothing:
        return {**explanation, "but": f"it is skipped: {nothing} is empty"}
    explanation["args"] = {name: shown_argument(step.use, name, value, situation) for name, value in arguments.items()}
    if step.when_changed or (quiet and not step.reconciles):
        explanation["but"] = "only if an earlier step changed something"
    return explanation


def shown_argument(use: str, name: str, value: Any, situation: Situation) -> Any:
    """The value of a step's argument for a person: durations as in the file, and nothing that looks secret."""
    if isinstance(value, float) and arguments(situation.handlers[use].Args)[name].is_duration:
        return duration(value)
    return presentable(value, name, situation.mask)
