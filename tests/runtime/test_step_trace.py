"""What a trace keeps of steps: what handlers saw, masked and bounded, times, target locks, `${state.…}`; and when."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from hooks.engine.runs import Result
from hooks.events import signals
from hooks.handler import Context, Outcome, Retry
from hooks.journal import trace_rows
from hooks.journal.journal import Journal
from hooks.journal.store import Store
from hooks.rules.placeholders import parse
from hooks.rules.table import Entry, RetryPolicy, Rule, Step
from hooks.runtime.step_trace import LINE_CHARS, MOST_SAW
from hooks.world.model import PortFile, World
from tests.parts.process.playing import WAIT_S, PlayArgs, changed, stage
from tests.parts.values.watched_store import Disk

START = (Entry("container.start"),)
SECRET = "pia-s3cret-word"


def after_a_run(folder: Path, *steps: Step, act: Any, expected: int = 1, **more: Any) -> Journal:
    """The journal after `expected` attempts of a rule with these steps."""
    ended = threading.Semaphore(0)

    def listen(*_: object, **__: object) -> None:
        ended.release()

    journal = Journal(folder)
    rule = Rule("r", START, steps or (Step("play.act"),), **more)
    with (
        signals.run_ended.connected_to(listen),
        stage(rule, act=act, journal=journal, secrets={"PASSWORD": SECRET}) as s,
    ):
        s.world[0] = World(file=PortFile((51413, 7)))
        s.post("container.start", "web")
        for _ in range(expected):
            assert ended.acquire(timeout=WAIT_S)
    return journal


def steps_after(folder: Path, *steps: Step, act: Any, **more: Any) -> list[dict[str, Any]]:
    journal = after_a_run(folder, *steps, act=act, **more)
    (run,) = journal.history() or []
    journal.close()
    found: list[dict[str, Any]] = run["steps"]
    return found


@pytest.mark.parametrize(
    ("noted", "kept"),
    [
        ([], None),
        (["listen_port is 6881"], ["listen_port is 6881"]),
        ([f"it answers {SECRET}\nand\x1b[31m more"], ["it answers *** and�[31m more"]),
        (["word " * 100], [("word " * 100)[:LINE_CHARS].rpartition(" ")[0] + " …"]),
        ([f"{'x' * (LINE_CHARS - 8)} {SECRET}"], [f"{'x' * (LINE_CHARS - 8)} ***"]),
        (["n"] * (MOST_SAW + 5), ["n"] * MOST_SAW),
        ([51413, None], ["51413", "None"]),
    ],
    ids=["nothing", "a line", "masked", "cut", "masked before it is cut", "bounded", "no text"],
)  # fmt: skip
def test_what_a_handler_saw_is_kept_on_one_line_without_secrets(tmp_path: Path, noted: Any, kept: Any) -> None:
    def act(_: PlayArgs, ctx: Context) -> Outcome:
        for each in noted:
            ctx.saw(each)
        return changed()

    (step,) = steps_after(tmp_path, act=act)
    assert step.get("saw") == kept
    # a busy machine may let it wait for its locks, which the tests of locks are about
    assert set(step) - {"saw", "waited_s"} == {"use", "status", "said", "at", "took_s"}


def test_a_step_keeps_its_number_and_what_the_state_was(tmp_path: Path) -> None:
    steps = (
        Step("play.act", {"text": parse("${state.ports.1}")}),
        Step("play.tell", {"text": "told"}, when_changed=True),
        Step("play.act", {"text": parse("port ${state.port}")}),
    )
    found = steps_after(tmp_path, *steps, act=lambda *_: Outcome("unchanged", "fine"))
    assert [(step.get("number"), step.get("state")) for step in found] == [
        (None, {"ports": [51413, 7]}), (3, {"port": 51413}),
    ]  # fmt: skip


def test_an_attempt_that_failed_is_kept_with_what_its_step_saw(tmp_path: Path) -> None:
    def act(args: PlayArgs, ctx: Context) -> Outcome:
        ctx.saw(f"{args.text} is down")
        if args.text == "two":
            raise Retry(f"no answer from {SECRET}")
        return changed(f"{args.text} done")

    steps = [Step("play.act", {"text": text}) for text in ("one", "two")]
    journal = after_a_run(tmp_path, *steps, act=act, expected=2, retry=RetryPolicy(2, 0.01, 0.01))
    journal.close()
    store = Store(tmp_path / "journal.db", read_only=True)
    (run,) = store.history()
    first, second = trace_rows.attempts_of(store, run["id"])
    store.close()
    assert [(one.attempt, one.outcome, one.said) for one in (first, second)] == [
        (1, "retry", "no answer from ***"), (2, "retry", "no answer from ***"),
    ]  # fmt: skip
    assert first.began <= first.ended <= (first.again or 0.0) <= second.began
    assert second.again is None
    for one in (first, second):
        assert one.step
        assert (one.step["number"], one.step["use"], one.step["saw"]) == (2, "play.act", ["two is down"])
    assert [(step["said"], step["saw"]) for step in run["steps"]] == [("one done", ["one is down"])]


def test_what_a_trace_needs_is_in_no_commit_before_an_attempt_begins(tmp_path: Path) -> None:
    """An event that supersedes a retry makes a decision in the same turn in which the next attempt begins."""
    at_commit: list[tuple[int, int]] = []

    def rows(store: Store) -> None:
        (begun,), (decided,) = (store.select(f"select count(*) from {table}")[0] for table in ("runs", "decisions"))
        at_commit.append((begun, decided))

    disk, ended = Disk(committed=rows), threading.Semaphore(0)

    def act(_: PlayArgs, ctx: Context) -> Outcome:
        if ctx.event.subject == "web" and ctx.run.endswith("#1"):
            raise Retry("later")
        return changed()

    def listen(_: object, result: Result, **__: object) -> None:
        ended.release()

    journal = Journal(tmp_path, open_store=disk.open)
    rule = Rule("r", START, (Step("play.act"),), key="one", retry=RetryPolicy(2, 60.0, 60.0))
    with signals.run_ended.connected_to(listen), stage(rule, act=act, journal=journal) as s:
        s.post("container.start", "web")
        assert ended.acquire(timeout=WAIT_S)
        s.post("container.start", "web")
        assert ended.acquire(timeout=WAIT_S)
    journal.close()
    begins = next(place for place, (begun, _) in enumerate(at_commit) if begun == 2)
    assert at_commit[begins] == (2, 0), "the decision would have delayed the attempt"
    assert at_commit[-1] == (2, 1)
