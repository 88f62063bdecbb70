"""The engine forgets what nobody needs any more, and nothing else."""

from __future__ import annotations

import random

from hooks.engine.engine import Engine
from hooks.engine.lane import Lane
from hooks.events.catalogue import Event
from hooks.rules.placeholders import parse
from hooks.rules.table import Limit, Table
from tests.parts.values.reachable import reachable
from tests.whole.story import Story, container, forwarded, on, rule

SEED = random.randrange(2**32)
DRAIN_S = 2000.0


def size(engine: Engine) -> int:
    """How many events and lanes it holds."""
    return reachable(engine, Event, engine.table) + reachable(engine, Lane, engine.table)


def test_memory_does_not_grow_with_containers_that_come_and_go() -> None:
    by_id = parse("${event.id}")
    table = (
        rule("start", on("container.start"), key=by_id, cooldown_s=60.0),
        rule("sick", on("container.unhealthy"), key=by_id, for_s=60.0),
        rule("limited", on("container.die"), key=by_id, limit=Limit(1, 60)),
        rule("port", on("port.forwarded"), key=parse("${event.port}")),
    )
    story = Story(*table)
    most = 0
    for number in range(6000):
        at = number * 0.5
        name = ident = f"c{number}"
        story.at(at, container("start", name, id=ident), container("unhealthy", name, id=ident))
        story.at(at, container("die", name, id=ident), container("destroy", name, id=ident), forwarded(number))
        story.attempts.clear()
        story.notes.clear()
        if number % 500 == 499:
            most = max(most, size(story.engine))
    assert most < 6000, "18,000 lanes were opened"
    story.until(DRAIN_S + 6000)
    by_itself = reachable(story.engine, Event, (story.engine.table, story.engine.lanes()))
    assert by_itself <= 1, "the port's state lasts; those of the containers have ended"


def test_what_still_counts_is_not_forgotten_among_many_lanes() -> None:
    key = parse("${event.id}")
    cools = rule("cools", on("container.start"), key=key, cooldown_s=9000.0)
    limited = rule("limited", on("container.oom"), key=key, limit=Limit(1, 9000))
    story = Story(cools, limited)
    for number in range(3000):
        name = f"c{number}"
        story.at(
            number,
            container("start", name, id=name),
            container("oom", name, id=name),
            container("destroy", name, id=name),
        )
    before = len(story.attempts)
    story.at(3000.0, container("start", "c0", id="c0"), container("oom", "c0", id="c0"))
    assert len(story.attempts) == before


def test_memory_does_not_grow_with_a_lane_that_keeps_changing_its_mind() -> None:
    story = Story(
        rule("sick", on("container.unhealthy"), for_s=3600.0), rule("port", on("port.forwarded"), cooldown_s=9e4)
    )
    story.at(0, forwarded(1))
    for number in range(2000):
        story.at(float(number), container("unhealthy", "a"), container("healthy", "a"), forwarded(number))
    assert reachable(story.engine, tuple, story.engine.table) < 300
    assert size(story.engine) < 10
    assert story.ran() == [0]


def test_many_lanes_of_one_instant_run_in_the_order_they_came() -> None:
    engine = Engine(Table((rule("sick", on("container.unhealthy"), for_s=60.0),)))
    names = [f"c{number}" for number in random.Random(SEED).sample(range(10_000), 500)]
    for name in names:
        engine.feed(container("unhealthy", name), 0.0)
    assert [run.key for run in engine.advance(60.0)] == names, f"SEED={SEED}"
