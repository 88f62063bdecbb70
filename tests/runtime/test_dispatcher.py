"""The shell on real threads: runs, locks, time-outs, steps. Time itself is tested in the engine."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from hooks.config.settings import Settings
from hooks.engine.runs import Result, Run
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Outcome, Retry
from hooks.rules.placeholders import parse
from hooks.rules.table import Entry, RetryPolicy, Rule, Step
from hooks.runtime.dispatcher import AT_A_TIME
from hooks.world.model import PortFile, World
from tests.parts.process.playing import WAIT_S, PlayArgs, changed, stage


def rule(name: str = "r", *steps: Step, on: str = "container.start", **more: Any) -> Rule:
    return Rule(name, (Entry(on),), steps or (Step("play.act", reconciles=True),), **more)


@contextmanager
def ended() -> Iterator[queue.Queue[tuple[Run, Result]]]:
    """Hear of every attempt that ends."""
    heard: queue.Queue[tuple[Run, Result]] = queue.Queue()

    def listen(_: object, run: Run, result: Result, **__: Any) -> None:
        heard.put((run, result))

    with signals.run_ended.connected_to(listen):
        yield heard


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
        working = {a.run.rule.name: (a.overdue, a.waits_for) for a in s.dispatcher.attempts()}
        assert working == {"hangs": (True, ()), "beside": (False, ("a",))}
        let_go.set()
        assert [heard.get(timeout=WAIT_S)[0].rule.name for _ in range(2)] == ["hangs", "beside"]


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


def test_steps_run_in_order_and_a_retry_resumes_at_the_failed_one() -> None:
    failed: list[str] = []

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        if args.text == "two" and not failed:
            failed.append("once")
            raise Retry("not yet", after=0.001)
        return changed(f"{args.text} done")

    steps = [Step("play.act", {"text": text}) for text in ("one", "two", "three")]
    with ended() as heard, stage(rule("r", *steps), act=act) as s:
        s.post("container.start")
        first, second = heard.get(timeout=WAIT_S), heard.get(timeout=WAIT_S)
        called = [s.called()[0].text for _ in range(4)]
    assert called == ["one", "two", "two", "three"]
    assert (first[1].kind, first[1].step, first[1].changed) == ("retry", 1, True)
    assert (second[0].attempt, second[0].id, second[1].said) == (2, first[0].id, "two done; three done")


@pytest.mark.parametrize(("status", "told"), [("changed", 2), ("unchanged", 1)])
def test_when_changed_runs_only_after_a_change(status: Any, told: int) -> None:
    def act(args: PlayArgs, ctx: Context) -> Outcome:
        return Outcome(status, "so be it")

    steps = (Step("play.act"), Step("play.tell", {"text": parse("${run.said}")}, when_changed=True))
    with ended() as heard, stage(rule("r", *steps), act=act) as s:
        s.post("container.start")
        result = heard.get(timeout=WAIT_S)[1]
        texts = [q.calls.get_nowait()[0].text for q in s.handlers.values() if not q.calls.empty()]
    assert result.kind == status
    assert texts == ["", "so be it"][:told]


def test_give_up_ends_the_run_at_once() -> None:
    def act(args: PlayArgs, ctx: Context) -> Outcome:
        raise GiveUp("the password is wrong")

    with ended() as heard, stage(rule("r", Step("play.act"), Step("play.tell")), act=act) as s:
        s.post("container.start")
        result = heard.get(timeout=WAIT_S)[1]
        assert s.handlers["play.tell"].calls.empty()
    assert (result.kind, result.step, result.handler) == ("give_up", 0, "play.act")


def test_placeholders_are_read_when_the_step_runs_and_an_empty_one_skips_it() -> None:
    steps = (
        Step("play.act", {"text": parse("${state.port}")}),
        Step("play.act", {"text": parse("${event.exit_code}")}),
        Step("play.act", {"text": [parse("${event.container} as ${event.labels.who.is}")]}),
    )
    with ended() as heard, stage(rule("r", *steps)) as s:
        s.world[0] = World(file=PortFile((5000, 5001), "", "g", 1))
        s.post("container.start", labels={"who.is": "me"})
        result = heard.get(timeout=WAIT_S)[1]
        assert [s.called()[0].text for _ in range(2)] == [5000, ["gluetun as me"]]
    assert "play.act has nothing to do: ${event.exit_code} is empty" in result.said


def test_no_secret_is_in_an_outcome() -> None:
    def act(args: PlayArgs, ctx: Context) -> Outcome:
        return changed(f"sent {args.text}")

    step = Step("play.act", {"text": parse("${secret:TOKEN}")})
    with ended() as heard, stage(rule("r", step), secrets={"TOKEN": "hunter22"}, act=act) as s:
        s.post("container.start")
        assert heard.get(timeout=WAIT_S)[1].said == "sent ***"
        assert s.called()[0].text == "hunter22"


@pytest.mark.parametrize(("text", "kind"), [("", "changed"), ("fine", "unchanged")])
def test_a_dry_run_plans_and_does_nothing(text: str, kind: str) -> None:
    with (
        ended() as heard,
        stage(rule("r", Step("play.act", {"text": text})), settings=Settings(gluehook_dry_run=True)) as s,
    ):
        s.post("container.start")
        result = heard.get(timeout=WAIT_S)[1]
        assert s.handlers["play.act"].calls.empty()
    assert result.kind == kind
    assert result.said.startswith("dry run")


@pytest.mark.parametrize(("answer", "kind"), [(True, "changed"), (False, "skipped"), (None, "skipped")])
def test_the_world_is_asked_again_before_a_due_for_run(answer: bool | None, kind: str) -> None:
    asked: list[str] = []

    def lasts(states: Sequence[Event]) -> bool | None:
        asked.extend(event.type for event in states)
        return answer

    with ended() as heard, stage(rule(on="container.unhealthy", for_s=0.001), lasts=lasts) as s:
        s.post("container.unhealthy")
        assert heard.get(timeout=WAIT_S)[1].kind == kind
    assert asked == ["container.unhealthy"]


def test_a_resync_tells_nobody_what_did_not_change() -> None:
    steps = (Step("play.act", reconciles=True), Step("play.tell"))

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        return Outcome("unchanged", "all is well")

    with ended() as heard, stage(rule("r", *steps), act=act) as s:
        s.dispatcher.post(_resync())
        heard.get(timeout=WAIT_S)
        assert s.called()
        assert s.handlers["play.tell"].calls.empty()


def _resync() -> Event:
    return Event("container.start", "gluetun", 1, "docker", "resync", {"container": "gluetun", "id": "1"})


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
    begun: list[str] = []

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        begun.append(ctx.run.partition("/")[0])
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
        for _ in range(2):
            s.called()
            go.release()
        assert "one" in begun[: AT_A_TIME + 2]
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
