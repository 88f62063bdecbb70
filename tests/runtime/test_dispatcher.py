"""The dispatcher on real threads: runs, locks, time-outs. Time itself is tested in the engine."""

from __future__ import annotations

import queue
import threading
from typing import Any

import pytest

from hooks.engine.runs import Run
from hooks.events import signals
from hooks.handler import Context, Outcome
from hooks.rules.placeholders import parse
from hooks.rules.table import RetryPolicy, Step
from hooks.runtime.dispatcher import AT_A_TIME
from tests.parts.process.gluehook import until
from tests.parts.process.playing import WAIT_S, PlayArgs, changed, stage
from tests.runtime.ended import ended, rule


def test_an_event_becomes_a_run_and_an_outcome() -> None:
    with ended() as heard, stage(rule()) as s:
        s.post("container.start")
        _, ctx = s.called()
        run, result = heard.get(timeout=WAIT_S)
    assert ctx.event.subject == "gluetun"
    assert (run.id, result.kind, result.said) == ("r/gluetun#1", "changed", "done")


def test_a_handler_that_raises_is_tried_again_and_hurts_nobody_else() -> None:
    def act(args: PlayArgs, ctx: Context) -> Outcome:
        if args.target == "bad":
            raise RuntimeError("boom")
        return changed()

    bad = rule("bad", Step("play.act", {"target": "bad"}), retry=RetryPolicy(2, 0.001, 0.001))
    with ended() as heard, stage(bad, rule("good"), act=act) as s:
        s.post("container.start")
        results = [heard.get(timeout=WAIT_S) for _ in range(3)]
    by_rule = {(run.rule.name, run.attempt): result for run, result in results}
    assert by_rule["good", 1].kind == "changed"
    assert by_rule["bad", 2].kind == "retry"
    assert "play.act broke: RuntimeError: boom" in by_rule["bad", 2].said


def test_a_handler_that_hangs_keeps_its_lock_and_shows_as_overdue() -> None:
    let_go, overdue = threading.Event(), threading.Event()

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        if ctx.run.startswith("hangs"):
            let_go.wait(WAIT_S)
        return changed()

    def hear(_: object, run: Run, after_s: float) -> None:
        overdue.set()

    hangs = rule("hangs", timeout_s=0.01)
    beside = rule("beside", Step("play.act", {"target": "a"}), on="container.die")
    elsewhere = rule("elsewhere", Step("play.act", {"target": "b"}), on="container.die")
    with signals.run_overdue.connected_to(hear), ended() as heard, stage(hangs, beside, elsewhere, act=act) as s:
        s.post("container.start")
        s.called()
        assert overdue.wait(WAIT_S)
        s.post("container.die")
        assert heard.get(timeout=WAIT_S)[0].rule.name == "elsewhere"

        def working() -> dict[str, tuple[bool, tuple[str, ...]]]:
            return {a.run.rule.name: (a.overdue, a.waits_for) for a in s.dispatcher.attempts()}

        # "elsewhere" may have ended before the thread of "beside" asks for the lock
        until(lambda: working() == {"hangs": (True, ()), "beside": (False, ("a",))}, "it does not wait for the lock")
        let_go.set()
        # the lock is free before the end of the first is reported, so either report may come first
        assert sorted(heard.get(timeout=WAIT_S)[0].rule.name for _ in range(2)) == ["beside", "hangs"]


def test_two_runs_never_touch_the_same_target_at_once() -> None:
    inside: list[str] = []
    most = [0]

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        inside.append(ctx.run)
        most[0] = max(most[0], len(inside))
        inside.remove(ctx.run)
        return changed()

    # each pair shares one target, named in another order
    rules = [rule(f"r{i}", Step("play.act", {"target": "a+b" if i % 2 else "b+a"})) for i in range(40)]
    with ended() as heard, stage(*rules, act=act) as s:
        s.post("container.start")
        assert {heard.get(timeout=WAIT_S)[1].kind for _ in rules} == {"changed"}
    assert most == [1]


def test_what_happens_to_a_held_container_is_our_own_doing() -> None:
    seen: queue.Queue[Any] = queue.Queue()
    done = threading.Event()

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        assert done.wait(WAIT_S)
        return changed()

    def hear(_: object, event: Any) -> None:
        seen.put(event)

    touches = rule("touches", Step("play.act", {"target": "container:gluetun"}), on="container.die")
    with signals.event_seen.connected_to(hear), stage(touches, act=act) as s:
        s.post("container.die")
        s.called()
        s.post("container.start")
        s.post("container.start", "other")
        events = [seen.get(timeout=WAIT_S) for _ in range(3)]
        done.set()
    assert [e.cause for e in events] == [None, "touches/gluetun#1", None]


def test_stop_waits_for_what_runs_and_starts_nothing_new() -> None:
    go, working = threading.Event(), threading.Event()

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        working.set()
        assert go.wait(WAIT_S)
        return changed()

    with ended() as heard, stage(rule(), rule("late", on="container.die"), act=act) as s:
        s.post("container.start")
        assert working.wait(WAIT_S)
        s.dispatcher.stop()
        s.post("container.die")
        go.set()
        assert heard.get(timeout=WAIT_S)[1].kind == "changed"
    assert heard.empty()


def test_a_listener_that_raises_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: object, **__: Any) -> None:
        raise ValueError("listener")

    with signals.run_started.connected_to(broken), ended() as heard, stage(rule()) as s:
        s.post("container.start")
        assert heard.get(timeout=WAIT_S)[1].kind == "changed"
    assert "ValueError: listener" in capsys.readouterr().err


def test_a_burst_of_one_rule_neither_makes_threads_without_end_nor_delays_the_others() -> None:
    go = threading.Semaphore(0)

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        assert go.acquire(timeout=WAIT_S)
        return changed()

    steps = (Step("play.act", {"target": parse("${event.container}")}),)
    with ended() as heard, stage(rule("many", *steps), rule("one", *steps, on="container.die"), act=act) as s:
        for number in range(40):
            s.post("container.start", f"c{number}")
        for _ in range(AT_A_TIME):
            s.called()
        s.post("container.die")
        go.release()
        heard.get(timeout=WAIT_S)
        begun = []
        for _ in range(2):
            begun.append(s.called()[1].run.partition("/")[0])
            go.release()
        assert "one" in begun
        for _ in range(40):
            go.release()
        assert [heard.get(timeout=WAIT_S)[1].kind for _ in range(40)] == ["changed"] * 40


def test_handlers_that_hang_keep_nobody_from_beginning() -> None:
    let_go = threading.Event()

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        if args.target != "free":
            let_go.wait(WAIT_S)
        return changed()

    hangs = rule("hangs", Step("play.act", {"target": parse("${event.container}")}))
    free = rule("free", Step("play.act", {"target": "free"}), on="container.die")
    with ended() as heard, stage(hangs, free, act=act) as s:
        for number in range(AT_A_TIME):
            s.post("container.start", f"c{number}")
            s.called()
        s.post("container.die")
        assert heard.get(timeout=WAIT_S)[0].rule.name == "free"
        let_go.set()
