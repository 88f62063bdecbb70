"""The schedule gives lanes in the order of their deadlines, and void entries do not pile up in it."""

from __future__ import annotations

import random
from math import inf

from hooks.engine.lane import Lane
from hooks.engine.runs import Waiting
from hooks.engine.schedule import Schedule
from hooks.engine.states import PausedUntil
from tests.whole.story import container, on, rule

SEED = random.randrange(2**32)
RULE = rule("sick", on("container.start"))


def lane(key: str) -> Lane:
    return Lane(RULE, key, [], set(), PausedUntil())


def wait_until(one: Lane, due: float) -> None:
    one.pending.clear()
    if due < inf:
        one.pending.append(Waiting(container("start", one.key), due, 0.0))


def test_lanes_whose_deadlines_keep_changing_come_in_order_and_the_heap_stays_small() -> None:
    chance = random.Random(SEED)
    lanes = [lane(f"c{number}") for number in range(10)]
    schedule = Schedule()
    for _ in range(5000):
        one = chance.choice(lanes)
        wait_until(one, chance.choice([inf, chance.uniform(0, 100)]))
        schedule.put(one, len(lanes))
        assert len(schedule) <= 2 * len(lanes) + 64, f"SEED={SEED}"
        assert schedule.next() == min(each.due() for each in lanes), f"SEED={SEED}"


def test_two_lanes_that_are_due_at_once_come_as_they_were_scheduled_also_after_a_rebuild() -> None:
    lanes = [lane(name) for name in ("b", "a", "c")]
    schedule = Schedule()
    for one in lanes:
        wait_until(one, 5.0)
        schedule.put(one, len(lanes))
    schedule.rebuild(lanes)
    assert [schedule.next() and schedule.pop().key for _ in lanes] == ["b", "a", "c"]
    assert schedule.next() == inf
