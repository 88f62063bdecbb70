"""Runs a `[[test]]` on a clock that jumps, and compares its runs with the expected ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from typing import Any, NamedTuple

from hooks.events.catalogue import CATALOGUE, Event
from hooks.events.cron import event_of, next_at
from hooks.events.wall_clock import local_instant
from hooks.rules.facts import Standing
from hooks.rules.rule_tests import Expected, RuleTest
from hooks.rules.subscriptions import Subscriptions
from hooks.rules.table import Table
from hooks.workbench.decisions import Decision, PerformedStep
from hooks.workbench.event_words import make_event
from hooks.workbench.recording import TimedEvent
from hooks.workbench.replay import Replay, turns
from hooks.workbench.zones import zone_info
from hooks.world.names import NO_NAMES, Names


class ActualRun(NamedTuple):
    """A run that started. `steps` are those that it performs; a run in which none had anything to do has none."""

    at_s: float
    rule: str
    steps: Sequence[PerformedStep]


@dataclass(frozen=True, slots=True)
class RuleTestResult:
    """The result of a test: expected runs that are missing, runs that were not expected, and every decision."""

    rule_test: RuleTest
    missing: tuple[Expected, ...]
    surplus: tuple[ActualRun, ...]
    ran: tuple[ActualRun, ...]
    turns: tuple[Sequence[Decision], ...]

    @property
    def passed(self) -> bool:
        """Whether every expected run started, and no other."""
        return not self.missing and not self.surplus


def run_rule_test(table: Table, rule_test: RuleTest, names: Names = NO_NAMES) -> RuleTestResult:
    """Run one test. `names`: what settings call containers."""
    rules = tuple(replace(rule, enabled=rule.enabled or rule.name in rule_test.enable) for rule in table.rules)
    table = replace(table, rules=rules) if rule_test.enable else table
    began = rule_test.began_ns
    replay = Replay(
        table, assume=rule_test.outcomes, names=names, began=began, zone=rule_test.zone, knows_all=True
    )  # fmt: skip
    replay.begin_with(_world(rule_test))
    end_ns = _wall(began, rule_test.until_s)
    given, due = _seen(rule_test, names.first("gluetun")), _due(replay.table, rule_test, end_ns)
    decisions = tuple(turns(replay, merge(given, due, key=lambda one: one.at), lambda: end_ns))
    ran = tuple(_ran(decision, began) for turn in decisions for decision in turn if decision.kind == "runs")
    missing, surplus = _compare(rule_test.expected, ran)
    return RuleTestResult(rule_test, missing, surplus, ran, decisions)


def since_begin(at: int, began: int) -> float:
    """The seconds of a test that an instant is at; both in ns since the Unix epoch."""
    return round((at - began) / 1e9, 3)


def _wall(began: int, at_s: float) -> int:
    return began + round(at_s * 1e9)


_LED_TO: Mapping[Standing, tuple[str, ...]] = {
    "running": ("start",), "stopped": ("start", "die"), "paused": ("start", "pause"), "healthy": ("start", "healthy"),
    "unhealthy": ("start", "unhealthy"), "absent": ("destroy",),
}  # fmt: skip


def _world(rule_test: RuleTest) -> Iterator[Event]:
    """Events that make the containers what they are when the test begins."""
    for one in rule_test.world:
        fields = {"container": one.container, **({"role": one.role} if one.role else {})}
        for word in _LED_TO[one.standing]:
            yield make_event(CATALOGUE[f"container.{word}"], fields, rule_test.began_ns, "")


def _seen(rule_test: RuleTest, gluetun: str) -> Iterator[TimedEvent]:
    for number, given in enumerate(sorted(rule_test.given, key=lambda one: one.at_s)):
        at = _wall(rule_test.began_ns, given.at_s)
        fields: Mapping[str, Any] = given.fields
        if given.event == "port.forwarded":
            fields = {"generation": str(number), **fields}  # each writing of the file is a new one
        if given.event == "timer.cron":
            fields = {"due": local_instant(at / 1e9, zone_info(rule_test.zone)), **fields}
        yield TimedEvent(at, make_event(CATALOGUE[given.event], fields, at, gluetun))


def _due(table: Table, rule_test: RuleTest, end: int) -> Iterator[TimedEvent]:
    """The events of the schedules that rules name, from the begin of the test on, if the file says when that is."""
    schedules = sorted(Subscriptions(table).schedules) if rule_test.has_start else []
    zone, began = zone_info(rule_test.zone), rule_test.began_ns / 1e9
    following = {text: next_at(text, began - 1e-3, zone) for text in schedules}
    while left := {text: at for text, at in following.items() if at is not None and at * 1e9 <= end}:
        text = min(left, key=lambda one: (left[one], one))
        event = event_of(text, left[text], zone)
        yield TimedEvent(event.time, event)
        following[text] = next_at(text, left[text], zone)


def _ran(decision: Decision, began: int) -> ActualRun:
    return ActualRun(since_begin(decision.at, began), decision.rule, decision.steps)


# -- expected against got ------------------------------------------------------------------------


@dataclass(slots=True)
class _OpenRun:
    """A run, and those of its steps that no expectation has matched yet."""

    run: ActualRun
    steps: list[PerformedStep]
    taken: bool = False  # as a whole

    def take(self, one: Expected) -> bool:
        """Whether the run or one of its steps is the expected one; then it is taken."""
        if (self.run.at_s, self.run.rule) != (one.at_s, one.rule) or self.taken:
            return False
        if not one.use:
            self.taken, self.steps = True, []
            return True
        step = next((step for step in self.steps if _is(step, one)), None)
        if step:
            self.steps.remove(step)
        return step is not None


def _is(step: PerformedStep, one: Expected) -> bool:
    nothing = object()
    return step.use == one.use and all(step.args.get(name, nothing) == value for name, value in one.args.items())


def _compare(
    expected: Sequence[Expected], ran: Sequence[ActualRun]
) -> tuple[tuple[Expected, ...], tuple[ActualRun, ...]]:
    """The expected runs that are missing, and the actual ones that were not expected."""
    left = [_OpenRun(run, list(run.steps)) for run in ran]
    # an expectation with more arguments is matched first
    order = sorted(expected, key=lambda one: (not one.use, -len(one.args)))
    missing = [one for one in order if not any(run.take(one) for run in left)]
    surplus = (run.run._replace(steps=tuple(run.steps)) for run in left if run.steps)
    return tuple(sorted(missing, key=lambda one: one.at_s)), tuple(surplus)
