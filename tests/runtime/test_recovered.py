"""`rule.recovered` over restarts of gluehook, changes of the rules, pauses and retries by hand, on a real journal."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handlers import HANDLERS
from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Outcome
from hooks.rules.table import Table
from hooks.rules_file import reader
from tests.parts.values.night import BEGAN, Night

RULES = """
version = 1
[[rule]]
name = "heal"
on   = "container.unhealthy"
limit = { runs = 3, per = "1h" }
do   = { use = "command.run", command = ["heal"] }
[[rule]]
name = "patient"
on   = "container.unhealthy"
for  = "1m"
do   = { use = "command.run", command = ["patient"] }
[[rule]]
name = "join"
on   = "container.start"
do   = { use = "command.run", command = ["join"] }
[[rule]]
name = "well"
on   = "rule.recovered"
key  = "${event.rule} ${event.key}"
mode = "queued"
do   = { use = "webhook.post", url = "http://127.0.0.1:9/${event.rule}" }
"""
OTHERS = RULES.replace('name = "heal"', 'name = "heal"\ncooldown = "1s"').replace(
    'name = "join"', 'name = "join"\ncooldown = "1s"'
)
ACTS = ["unhealthy", "healthy", "start", "die"] * 4 + ["restart", "reload", "by hand", "pause"]
TABLES = [reader.read(text, "/config/rules.toml", HANDLERS) for text in (RULES, OTHERS)]


class Worlds:
    """Processes of gluehook, one after the other, on one journal; what they did stands in `told`."""

    def __init__(self, folder: Path, exits: ExitStack) -> None:
        self._folder, self._exits = folder, exits
        self.fails, self.rules = False, 0
        self.told: list[tuple[str, str, str, str]] = []  # "ran" or "well", rule, key, what was wrong
        self.health: dict[str, str] = {}
        self.night = self._begin(BEGAN)

    def restart(self) -> None:
        now = self.night.now
        self.night.close()
        self.night = self._begin(now + 1)
        for name, kind in self.health.items():  # as a resync finds it
            self.feed(kind, name)

    def reload(self) -> None:
        self.rules = 1 - self.rules
        table = TABLES[self.rules]
        assert isinstance(table, Table)
        self.night.dispatcher.engine.adopt(table, self.night.now)
        for name, kind in self.health.items():
            self.feed(kind, name)

    def feed(self, kind: str, name: str, **data: Any) -> None:
        self.night.event(f"container.{kind}", name, id=name, role="", gluetun="", **data)

    def happens(self, kind: str, name: str) -> None:
        if kind in ("die", "start"):
            self.health.pop(name, None)
        elif kind in ("healthy", "unhealthy"):
            self.health[name] = kind
        self.feed(kind, name)

    def by_hand(self, rule: str, name: str) -> None:
        kind = "container.start" if rule == "join" else "container.unhealthy"
        event = Event(kind, name, round(self.night.now * 1e9), "docker", "live", {"container": name, "id": name})
        self.night.dispatcher.engine.run_manually(rule, name, replace(event, origin="manual"), self.night.now)

    def later(self, seconds: float) -> None:
        self.night.until(self.night.now - BEGAN + seconds)

    def _begin(self, now: float) -> Night:
        text = (RULES, OTHERS)[self.rules]
        night = Night(self._folder, {"command.run": self._run, "webhook.post": self._well}, text)
        night.now = now
        self._exits.callback(night.close)
        return night

    def _run(self, night: Night, args: Any, ctx: Context) -> Outcome:
        rule = args.command[0]
        is_bad = rule != "join" and self.health.get(ctx.event.subject) == "unhealthy"
        wrong = "unhealthy" if is_bad else "failed" if self.fails else ""
        self.told.append(("ran", rule, ctx.event.subject, wrong))
        if self.fails:
            raise GiveUp("it does not work")
        return Outcome("changed", "done")

    def _well(self, night: Night, args: Any, ctx: Context) -> Outcome:
        self.told.append(("well", str(ctx.event.data["rule"]), str(ctx.event.data["key"]), ""))
        return Outcome("changed", "sent")

    def wells(self) -> list[str]:
        return [rule for what, rule, *_ in self.told if what == "well"]


def _sick_then_well(worlds: Worlds) -> None:
    worlds.happens("unhealthy", "a")
    worlds.later(90)
    worlds.happens("healthy", "a")


def _anew(worlds: Worlds) -> None:
    worlds.happens("die", "a")
    worlds.happens("start", "a")


def _fails(worlds: Worlds) -> None:
    worlds.fails = True
    _anew(worlds)
    worlds.later(5)
    worlds.fails = False


@pytest.mark.parametrize(("story", "expected"), [
    ([_sick_then_well], ["heal", "patient"]),
    ([_sick_then_well, Worlds.restart], ["heal", "patient"]),
    ([_sick_then_well, Worlds.reload, Worlds.restart], ["heal", "patient"]),
    ([_fails, _anew], ["join"]),
    ([_fails, Worlds.restart, _anew], ["join"]),
    ([_fails, Worlds.reload, _anew], ["join"]),
    ([_fails, Worlds.restart, _anew, Worlds.restart, _anew], ["join"]),
], ids=lambda value: ", ".join(getattr(one, "__name__", "") for one in value).replace("_", " "))  # fmt: skip
def test_each_trouble_recovers_once(
    tmp_path: Path, story: list[Callable[[Worlds], None]], expected: list[str]
) -> None:  # fmt: skip
    with ExitStack() as exits:
        worlds = Worlds(tmp_path, exits)
        for happen in story:
            happen(worlds)
        worlds.later(60)
        assert worlds.wells() == expected


@pytest.mark.parametrize(
    "seed", [*(random.randrange(10**6) for _ in range(3)), 7], ids=["random 1", "random 2", "random 3", "7"]
)
def test_in_random_worlds_nothing_recovers_without_a_trouble_or_twice(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    print(f"seed {seed}")
    with ExitStack() as exits:
        worlds = Worlds(tmp_path, exits)
        for _ in range(120):
            name = chance.choice("ab")
            worlds.fails = chance.random() < 0.4
            act = chance.choice(ACTS)
            if act == "restart":
                worlds.restart()
            elif act == "reload":
                worlds.reload()
            elif act == "by hand":
                worlds.by_hand(chance.choice(["heal", "patient", "join"]), name)
            elif act == "pause":
                worlds.night.dispatcher.engine.pause(chance.choice(["heal", "patient", "join"]), worlds.night.now + 30)
            else:
                worlds.happens(act, name)
            worlds.later(chance.choice([0, 1, 20, 100]))
        _settle(worlds)
        _check(worlds.told)


def _settle(worlds: Worlds) -> None:
    """All is well in the end, and every pause and window is over."""
    worlds.fails = False
    worlds.later(4000)
    for name in "ab":
        for kind in ("die", "start", "healthy"):
            worlds.happens(kind, name)
    worlds.later(4000)


def _check(told: list[tuple[str, str, str, str]]) -> None:
    """A trouble begins with a run about a bad state, or with one that failed; it ends with one `well`."""
    open_: dict[tuple[str, str], str] = {}
    for what, rule, key, wrong in told:
        if what == "well":
            assert open_.pop((rule, key), ""), f"{rule} of {key} recovered, and nothing was wrong"
        elif wrong:
            open_[rule, key] = max(wrong, open_.get((rule, key), ""))
    # a run by hand of what was well may have failed: only the next run would show that it works
    left = [lane for lane, wrong in open_.items() if lane[0] == "join" or wrong == "unhealthy"]
    assert not left, f"{left} have not recovered"
