"""Random worlds: whatever the rules, the events and the outcomes, some things always hold.

A failing world prints its seed; `SEED=… pytest tests/engine/test_worlds.py` builds it again.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

from hooks.engine.engine import Engine
from hooks.engine.runs import Result, Run
from hooks.engine.tries import FLAPPING
from hooks.events.catalogue import Event, Topic, ended_by, identity_of, is_good, topic_of
from hooks.rules.placeholders import parse
from hooks.rules.table import Debounce, Entry, Limit, RetryPolicy, Rule, Table
from tests.whole.story import (
    CHANGED,
    GIVE_UP,
    RETRY,
    SKIPPED,
    UNCHANGED,
    Answer,
    Story,
    cleared,
    container,
    event,
    forwarded,
    on,
    rule,
    source,
)

SEED = int(os.environ.get("SEED") or 2026)  # the same worlds each time
DRAIN_S = 2000.0  # longer than all waits of a random rule together

Lane = tuple[str, str]


class Watched(Engine):
    """An engine that shows what it is fed."""

    def __init__(self, table: Table, world: World) -> None:
        super().__init__(table)
        self._world = world

    def feed(self, event: Event, now: float) -> None:
        self._world.fed(event, lambda: super(Watched, self).feed(event, now))


class World(Story):
    """A story that keeps its own, simpler books of what the engine promises."""

    def __init__(self, *rules: Rule, **words: Any) -> None:
        super().__init__(*rules, **words)
        self.engine = Watched(Table(rules), self)
        self._cools: dict[Lane, float] = {}  # end of the last attempt, unless it did nothing
        self._counted: dict[Lane, dict[str, float]] = defaultdict(dict)  # run -> start
        self._trouble: dict[Lane, set[str]] = defaultdict(set)  # the runs since a state of the lane last ended
        self._topics: dict[Lane, set[Topic]] = defaultdict(set)  # that it ever was about
        self._fed: dict[Lane, list[Event]] = defaultdict(list)
        self._newest: dict[Lane, Event] = {}  # fed, and not yet in a run
        self._states: dict[Lane, dict[Topic, Event]] = defaultdict(dict)
        self._since: dict[Lane, float] = {}
        self._checked = 0

    def feed(self, told: Event) -> None:
        """Feed it and do what follows."""
        self.engine.feed(told, self.now)
        self._advance()

    def fed(self, told: Event, go: Callable[[], None]) -> None:
        """Whatever the engine is fed, also by itself, goes into the books."""
        self._end_states(told)
        lanes = [(each, (each.name, each.key_of(told))) for each in self.engine.rules_for(told)]
        for each, lane in lanes:
            self._begin(each, lane, told)
        go()
        self._replaced(lanes, told)

    def _advance(self) -> None:
        super()._advance()
        for ran in self.attempts[self._checked :]:
            self._started(ran.at, ran.run)
        self._checked = len(self.attempts)
        for _, said in self.notes:
            if said.kind == "dropped":
                self._newest.pop((said.rule, said.key), None)
        self.notes.clear()

    def _answer(self, run: Run) -> Result:
        result = super()._answer(run)
        lane = (run.rule.name, run.key)
        if result.kind in {"unchanged", "skipped"}:
            self._cools.pop(lane, None)
            self._counted[lane].pop(run.id, None)
        else:
            self._cools[lane] = self.now
        return result

    def _started(self, at: float, run: Run) -> None:
        lane = (run.rule.name, run.key)
        if self._newest.get(lane) == run.event:
            del self._newest[lane]
        if run.attempt > 1:
            return
        assert at >= self._cools.get(lane, at) + (run.rule.cooldown_s if lane in self._cools else 0), "cooldown holds"
        if run.rule.limit:
            self._counted[lane][run.id] = at
            self._trouble[lane].add(run.id)
            window = {each for each, start in self._counted[lane].items() if start > at - run.rule.limit.per_s}
            if run.rule.stateful:
                assert len(window) <= FLAPPING * run.rule.limit.runs, "what comes and goes is bounded"
                window &= self._trouble[lane]
            assert len(window) <= run.rule.limit.runs, "the limit holds"
        if run.rule.mode == "queued":
            place = [fed.id for fed in self._fed[lane]].index(run.event.id)
            self._fed[lane] = self._fed[lane][place + 1 :]  # an older one now would not be found
        if run.rule.for_s is not None:
            assert self._states[lane], "the state lasts"
            assert at >= self._since[lane] + run.rule.for_s, "it has lasted long enough"

    def _begin(self, each: Rule, lane: Lane, told: Event) -> None:
        self._fed[lane].append(told)
        if topic := topic_of(told):
            self._topics[lane].add(topic)
        if told.origin == "live" and each.mode == "latest" and each.for_s is None:
            self._newest[lane] = told
        topic = topic_of(told)
        if topic:
            if not self._states[lane]:
                self._since[lane] = self.now
            self._states[lane][topic] = told

    def _end_states(self, told: Event) -> None:
        touched = {*ended_by(told), topic_of(told)}
        for lane, topics in self._topics.items():
            about = topics & touched or any(topic == "exhausted" for topic, _ in topics)
            if about and (is_good(told) or told.type in {"container.die", "container.destroy"}):
                self._trouble[lane].clear()  # these books are content with less: the trouble may be over
        if told.origin == "resync":
            return  # these books do not know which of them are news, and are content with less
        topic = topic_of(told)
        for lane, states in self._states.items():
            old = states.get(topic) if topic else None
            another = [topic] if topic and old and identity_of(old) != identity_of(told) else []
            for ended in (*ended_by(told), *another):
                if states.pop(ended, None) and not states and lane in self._newest and self._is_for_nothing(lane):
                    del self._newest[lane]

    def _is_for_nothing(self, lane: Lane) -> bool:
        found = [each for each in self.engine.lanes() if (each.rule.name, each.key) == lane]
        return any(each.while_it_lasts or each.waits_for_end_of_state for each in found)

    def _replaced(self, lanes: list[tuple[Rule, Lane]], told: Event) -> None:
        waiting = {(each.rule.name, each.key): each.pending[0].event for each in self.engine.lanes() if each.pending}
        for _, lane in lanes:
            newest = self._newest.get(lane)
            if newest and told.origin == "resync" and waiting.get(lane) is told:
                assert topic_of(newest) == topic_of(told), (
                    "only newer knowledge of the same thing replaces a live event"
                )
                self._newest[lane] = told

    def nothing_is_lost(self) -> None:
        """After all waits are over, what has not run is asleep."""
        asleep = {(lane.rule.name, lane.key) for lane in self.engine.lanes() if lane.waits_for_end_of_state}
        lost = {lane: newest for lane, newest in self._newest.items() if lane not in asleep}
        assert not lost


# -- what there is -------------------------------------------------------------------------------

ENTRIES = [
    on("container.start"), on("container.die", container="a"), on("container.unhealthy"), on("container.healthy"),
    on("port.forwarded"), on("port.cleared"), on("source.lost"), on("container.ip_changed"), on("timer.tick"),
    on("rule.exhausted"), on("run.failed"),
]  # fmt: skip
OUTCOMES = [CHANGED, CHANGED, UNCHANGED, SKIPPED, RETRY, GIVE_UP, Result("retry", "busy", after=7.0)]


@st.composite
def rules(draw: st.DrawFn, name: str) -> Rule:
    entries: list[Entry] = draw(st.lists(st.sampled_from(ENTRIES), min_size=1, max_size=3))
    key = draw(st.sampled_from([None, "all", parse("${event.container}")]))
    plain = rule(name, *entries, key=key, reconciles=draw(st.booleans()))
    lasting = plain.stateful and draw(st.booleans())
    cooldown_s = draw(st.sampled_from([0.0, 5.0, 20.0]))
    debounce = st.sampled_from([None, Debounce(3, 12), Debounce(10, 10)])
    return rule(
        name, *entries, key=key, reconciles=plain.reconciles, cooldown_s=cooldown_s,
        for_s=draw(st.sampled_from([1.0, 10.0, 60.0])) if lasting else None,
        repeat=lasting and cooldown_s > 0 and draw(st.booleans()),
        debounce=None if lasting else draw(debounce),
        limit=draw(st.sampled_from([None, Limit(1, 30), Limit(3, 100)])),
        mode="latest" if lasting else draw(st.sampled_from(["latest", "latest", "queued", "single"])),
        retry=RetryPolicy(draw(st.integers(1, 4)), 1, 30),
    )  # fmt: skip


def happenings() -> st.SearchStrategy[Event]:
    names, ids, ports = st.sampled_from("ab"), st.sampled_from("xy"), st.integers(5000, 5002)
    began = st.one_of(st.none(), st.none(), st.floats(-100, 0))
    words = st.sampled_from(["start", "die", "healthy", "unhealthy", "unhealthy", "destroy"])
    return st.one_of(
        st.builds(lambda word, name, ident: container(word, name, id=ident), words, names, ids),
        st.builds(
            lambda word, name, ident, b: container(word, name, id=ident, began=b),
            st.sampled_from(["start", "healthy", "unhealthy"]), names, ids, began,
        ),
        st.builds(lambda port, b: forwarded(port, began=b), ports, began),
        st.builds(lambda b: cleared(began=b), began),
        st.builds(source, st.sampled_from(["lost", "restored"]), st.sampled_from(["docker", "files"])),
        st.builds(lambda name: container("ip_changed", name, ip="1", old_ip="2"), names),
        st.just(event("timer.tick", "5m", every="5m")),
    )  # fmt: skip


PAUSES = st.sampled_from([0.0, 0.0, 0.5, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0])
SCRIPTS = st.lists(st.tuples(PAUSES, happenings()), min_size=1, max_size=40)
ANSWERS = st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=8)
TAKES = st.sampled_from([0.0, 0.5, 4.0, 45.0])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[tuple[Rule, ...], dict[str, list[Answer]], dict[str, float]]:
    names = ["one", "two", "three"][: draw(st.integers(1, 3))]
    table = tuple(draw(rules(name)) for name in names)
    return table, {name: [*draw(ANSWERS)] for name in names}, {name: draw(TAKES) for name in names}


def live_through(world: World, script: list[tuple[float, Event]]) -> None:
    for number, (pause, happening) in enumerate(script):
        world.until(world.now + pause)
        world.feed(stamped(happening, world.now, number))


def stamped(told: Event, now: float, number: int) -> Event:
    time = told.time if told.time > 0 else round(now * 1e9) + 2 * 10**18
    return Event(told.type, told.subject, time, told.source, told.origin, told.data, id=f"{number}")


def always(examples: int) -> settings:
    return settings(
        max_examples=examples, deadline=None, database=None, print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip


@seed(SEED)
@always(300)
@given(world=worlds(), script=SCRIPTS)
def test_promises_hold_in_any_world(world: Any, script: list[tuple[float, Event]]) -> None:
    note(f"SEED={SEED}")
    table, answers, takes_s = world
    story = World(*table, answers=answers, takes_s=takes_s)
    live_through(story, script)
    for name in ("docker", "files"):
        story.feed(stamped(source("restored", name), story.now, len(script)))
    story.until(story.now + DRAIN_S)
    story.nothing_is_lost()


@seed(SEED)
@always(60)
@given(world=worlds(), script=SCRIPTS)
def test_the_same_world_twice_is_the_same(world: Any, script: list[tuple[float, Event]]) -> None:
    note(f"SEED={SEED}")
    table, answers, takes_s = world
    told = []
    for _ in range(2):
        story = Story(*table, answers=answers, takes_s=takes_s)
        for number, (pause, happening) in enumerate(script):
            now = story.now + pause
            story.at(now, stamped(happening, now, number))
        story.until(story.now + DRAIN_S)
        told.append((story.attempts, story.notes))
    assert told[0] == told[1]
