"""When the loop has something to do again: an attempt that is late must not keep it awake."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import Any

from hooks.events import signals
from hooks.handler import Context, Outcome
from hooks.rules.table import Entry, Rule, Step
from tests.parts.process.gluehook import until
from tests.parts.process.playing import WAIT_S, PlayArgs, Stage, changed, stage

TIMEOUT_S = 0.05


class Hang:
    """A handler's work that hangs until it is released."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, _: PlayArgs, __: Context) -> Outcome:
        assert self.go.wait(WAIT_S)
        return changed()


def rule(name: str, on: str) -> Rule:
    return Rule(name, (Entry(on),), (Step("play.act", {"target": "one"}),), timeout_s=TIMEOUT_S)


def sleeps(s: Stage) -> bool:
    """Whether the loop may sleep now, and not only until a deadline that is over."""
    return s.dispatcher.call(lambda: s.dispatcher.deadline() > s.dispatcher.now())


def test_the_loop_sleeps_although_an_attempt_is_overdue() -> None:
    overdue, hang = threading.Event(), Hang()

    def hear(_: object, **__: Any) -> None:
        overdue.set()

    slow = rule("slow", "container.start")
    with signals.run_overdue.connected_to(hear), ExitStack() as stack:
        s = stack.enter_context(stage(slow, act=hang))
        stack.callback(hang.go.set)  # before the loop is told to stop
        s.post("container.start")
        assert overdue.wait(WAIT_S)
        assert sleeps(s)


def test_the_loop_sleeps_although_an_attempt_waits_for_a_lock_beyond_its_time_out() -> None:
    first, second = rule("first", "container.start"), rule("second", "container.die")
    hang = Hang()
    with ExitStack() as stack:
        s = stack.enter_context(stage(first, second, act=hang))
        stack.callback(hang.go.set)  # before the loop is told to stop
        s.post("container.start")
        s.called()
        s.post("container.die")
        attempts = s.dispatcher.attempts
        until(lambda: any(a.waits_for for a in attempts()), "the second does not wait for the lock")
        until(lambda: any(a.overdue for a in attempts()), "the first is not overdue")
        until(lambda: all(a.deadline < s.dispatcher.now() for a in attempts()), "the second is not late")
        assert sleeps(s)
