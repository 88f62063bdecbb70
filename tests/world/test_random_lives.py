"""Random lives of containers: events and inspects lead to the same world."""

from __future__ import annotations

import random
from dataclasses import replace

from hooks.events.catalogue import Event
from hooks.world.changes import all_containers
from hooks.world.differences import diff
from hooks.world.model import Container, World
from tests.parts.values.world_events import after, happened

A, B, C = "a" * 64, "b" * 64, "c" * 64


def _lives(dice: random.Random, length: int) -> tuple[list[Event], dict[str, Container]]:
    """Events as an engine could tell them, and what an inspect would show at their end."""
    events: list[Event] = []
    truth: dict[str, Container] = {}
    while len(events) < length:
        name, at = dice.choice("xyz"), len(events) + 1
        there = truth.get(name)
        if there is None:
            there = Container(name, f"{at:064d}", running=True, started_at=at)
            word = "start"
        elif there.running:
            word = dice.choice(["die", "healthy", "unhealthy"])
            running = word != "die"
            there = replace(there, running=running, health=word if running else "", finished_at=0 if running else at)
        elif dice.random() < 0.5:
            word, there = "start", replace(there, running=True, started_at=at)
        else:
            word = "destroy"
        truth[name] = there
        if word == "destroy":
            del truth[name]
        events.append(happened(word, name, there.id, at, exit_code=0))
    return events, truth


def _core(world: World) -> dict[str, tuple[str, bool, str]]:
    return {name: (c.id, c.running, c.health) for name, c in world.containers.items()}


def test_random_lives_end_the_same_by_events_by_inspects_and_by_both() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for _ in range(300):
        events, truth = _lives(dice, dice.randrange(1, 40))
        by_events = after(*events)
        assert _core(by_events) == _core(World(containers=truth))
        seen_until = dice.randrange(len(events) + 1)
        early = after(*events[:seen_until])
        looked = all_containers(early, truth)(early)
        assert _core(looked) == _core(by_events)
        # after a reconnect Docker tells some of the past again, behind the look that already knows its end
        again = after(*events[dice.randrange(len(events) + 1) :], world=looked)
        assert _core(again) == _core(by_events)
        assert diff(again, all_containers(again, truth)(again), "resync", 99) == []
