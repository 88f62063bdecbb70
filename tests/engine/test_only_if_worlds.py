"""Random stories of a rule with conditions, beside a simple model that looks at every minute.

A failing story prints its seed; `SEED=… pytest tests/engine/test_only_if_worlds.py` tells it again.
"""

from __future__ import annotations

import os
import random

import pytest

from hooks.events.catalogue import Event
from hooks.rules.conditions import AnyHolds, Condition, ContainerIs, Negated, TimeIs
from hooks.rules.time_windows import Window
from tests.engine.test_only_if import RUNS, STOPPED, Server
from tests.whole.story import M, Story, container, event, forwarded, on, rule

SEED = int(os.environ.get("SEED") or 2026)
STORIES, STEPS = 40, 30
_DAY_M = 24 * 60


class Model:
    """What should run: a state waits until all conditions hold, the newest first; anything else is dropped."""

    def __init__(self, sonarr: bool, conditions: tuple[Condition, ...]) -> None:
        self.up, self.minute, self._conditions = sonarr, 0, conditions
        self._waits: dict[str, str] = {}  # topic -> what is told of its state, the newest at the end
        self.ran: list[tuple[int, str]] = []

    def until(self, minute: int) -> None:
        while self.minute < minute:
            self.minute += 1
            self.look()

    def look(self) -> None:
        if self._waits and self.holds():
            self._run(self._waits[next(reversed(self._waits))])

    def happens(self, told: str) -> None:
        if self.holds():
            self._run(told)

    def begins(self, topic: str, told: str) -> None:
        self.ends(topic)
        self._waits[topic] = told
        self.look()

    def ends(self, topic: str) -> None:
        self._waits.pop(topic, None)

    def holds(self) -> bool:
        return all(self._one(each) for each in self._conditions)

    def _one(self, condition: Condition) -> bool:
        match condition:
            case ContainerIs(_, standings):
                return ("running" if self.up else "stopped") in standings
            case TimeIs(window, _):
                day, minute = divmod(self.minute, _DAY_M)  # a story begins at midnight of a Friday
                start, end = int(window.start_s / M), int(window.end_s / M)
                began = day if start < end or minute >= start else day - 1
                inside = start <= minute < end if start < end else minute >= start or minute < end
                return inside and (4 + began) % 7 in window.days
            case Negated(inner):
                return not self._one(inner)
            case AnyHolds(several):
                return any(self._one(each) for each in several)
        raise AssertionError(condition)

    def _run(self, told: str) -> None:
        self.ran.append((self.minute, told))
        self._waits.clear()


def conditions(chance: random.Random, depth: int = 2) -> Condition:
    kind = chance.choice(["container", "time", *(["not", "any"] * bool(depth))])
    match kind:
        case "container":
            return ContainerIs("sonarr", (chance.choice(["running", "stopped"]),))
        case "time":
            start, end = chance.sample(range(0, _DAY_M, 30), 2)
            days = frozenset(chance.sample(range(7), chance.randint(2, 7)))
            return TimeIs(Window(start * 60, end * 60, days), f"{start}-{end}")
        case "not":
            return Negated(conditions(chance, depth - 1))
    return AnyHolds(tuple(conditions(chance, depth - 1) for _ in range(chance.randint(1, 3))))


@pytest.mark.parametrize("number", range(STORIES))
def test_a_rule_with_conditions_does_what_the_model_does(number: int) -> None:
    print(f"SEED={SEED}, story {number}")
    chance = random.Random(f"{SEED} {number}")
    only_if = tuple(conditions(chance) for _ in range(chance.randint(1, 2)))
    entries = (on("container.start", container="web"), on("port.forwarded"), on("timer.tick"))
    server = Server(sonarr=RUNS)
    story = Story(rule("r", *entries, key="all", only_if=only_if), facts=server)
    server.story, model = story, Model(True, only_if)
    for port in range(5000, 5000 + STEPS):
        minute = model.minute + chance.choice([0, 1, 7, 60, 300, 1000])
        story.until(minute * M)
        model.until(minute)
        step(chance.choice(["start", "die", "port", "cleared", "tick", "sonarr", "sonarr"]), port, story, server, model)
    model.until(model.minute + _DAY_M)
    story.until(model.minute * M)
    assert [(round(one.at / M), told(one.run.event)) for one in story.attempts] == model.ran


def step(what: str, port: int, story: Story, server: Server, model: Model) -> None:
    now = model.minute * M
    match what:
        case "start":
            story.at(now, container("start", "web"))
            model.begins("web", "start")
        case "die":
            story.at(now, container("die", "web"))
            model.ends("web")
        case "port":
            story.at(now, forwarded(port))
            model.begins("port", str(port))
        case "cleared":
            story.at(now, event("port.cleared", "gluetun", container="gluetun"))
            model.ends("port")
        case "tick":
            story.at(now, event("timer.tick", "5m", every="5m"))
            model.happens("tick")
        case _:
            model.up = not model.up
            server.containers["sonarr"] = RUNS if model.up else STOPPED
            story.at(now, container("start" if model.up else "die", "sonarr", id=str(port)))
            model.look()


def told(happened: Event) -> str:
    return str(happened.data.get("port") or happened.type.rpartition(".")[2])
