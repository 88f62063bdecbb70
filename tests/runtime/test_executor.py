"""The executor through a dispatcher: steps, placeholders, secrets, dry runs, and the reading before a `for` run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from hooks.config.secrets import Secrets, Sources
from hooks.config.settings import Settings
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Outcome, Retry
from hooks.rules.placeholders import parse
from hooks.rules.table import Step
from hooks.world.model import PortFile, World
from tests.parts.process.playing import WAIT_S, PlayArgs, changed, stage
from tests.runtime.ended import ended, rule


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


@pytest.mark.parametrize(
    "said", ["no answer; it is tried again", "no answer; it is tried again in 9 s, as it asks", "no answer"]
)
def test_a_result_does_not_promise_another_try(said: str) -> None:
    def act(args: PlayArgs, ctx: Context) -> Outcome:
        raise Retry(said)

    with ended() as heard, stage(rule("r", Step("play.act")), act=act) as s:
        s.post("container.start")
        assert heard.get(timeout=WAIT_S)[1].said == "no answer"


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


@pytest.mark.parametrize(
    ("secret", "text", "given"),
    [
        ("Hunter-Zwei", "x ${secret:TOKEN | upper}", "x HUNTER-ZWEI"),
        ("Hunter-Zwei", "${secret:TOKEN | lower}", "hunter-zwei"),
        ('grü"ße\\', "${secret:TOKEN | json}", '"grü\\"ße\\\\"'),
        ('grü"ße\\', "${secret:TOKEN | upper | json}", '"GRÜ\\"SSE\\\\"'),
        ("first line\nsecond line", "${secret:TOKEN | upper}", "FIRST LINE\nSECOND LINE"),
    ],
)
def test_what_a_filter_makes_of_a_secret_is_hidden_too(secret: str, text: str, given: str) -> None:
    def act(args: PlayArgs, ctx: Context) -> Outcome:
        ctx.saw(f"saw {args.text}")
        return changed(f"sent {args.text} as {json.dumps(args.text)} and {args.text.splitlines()[-1]}")

    secrets = Secrets(Sources({"TOKEN": secret}))
    step = Step("play.act", {"text": parse(text)})
    traced: list[dict[str, Any]] = []

    def note(_: object, **step: Any) -> None:
        traced.append({name: value for name, value in step.items() if name != "run"})

    with ended() as heard, signals.step_done.connected_to(note), stage(rule("r", step), real=secrets, act=act) as s:
        s.post("container.start")
        said = heard.get(timeout=WAIT_S)[1].said
        assert s.called()[0].text == given
        assert len(traced) == 1
    for shown in (said, str(traced)):
        assert "***" in shown
        assert not [word for word in ("HUNTER", "hunter", "gr", "GR", "SSE", "LINE", "line") if word in shown]


def test_the_labels_as_a_whole_are_given_without_what_looks_secret() -> None:
    step = Step("play.act", {"text": parse("${event.labels | json} ${event.labels.db.password}")})
    with stage(rule("r", step)) as s:
        s.post("container.start", labels={"db.password": "hunter22", "a": "b"})
        assert s.called()[0].text == '{"db.password": "***", "a": "b"} hunter22'


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
