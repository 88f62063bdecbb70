"""A stop and a pause that come at a bad moment: nothing is lost, nothing starts, and it does not take for ever."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

from hooks.config.settings import Settings
from hooks.engine.engine import Engine
from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Outcome
from hooks.journal.journal import Journal
from hooks.journal.store import Store
from hooks.rules.placeholders import parse
from hooks.rules.table import Entry, Rule, Step, Table
from hooks.runtime.dispatcher import AT_A_TIME, STOP_WAIT_S, Dispatcher
from hooks.runtime.executor import Executor
from hooks.world.model import World
from tests.parts.process.gluehook import until
from tests.parts.process.playing import WAIT_S, Notes, Play, PlayArgs, changed, stage
from tests.parts.values.watched_store import Disk

RULE = Rule("act", (Entry("container.start"),), (Step("play.act", {"target": parse("${event.container}")}),))
CRY = Rule("cry", (Entry("run.failed"),), (Step("play.tell", {"target": "cry"}),))


def unsettled(journal: Journal) -> list[tuple[str, str]]:
    found = journal.unfinished()
    return [(left.rule, left.event.subject) for left in found]


def test_what_comes_while_it_stops_is_done_by_the_next_life(tmp_path: Path) -> None:
    journal, go = Journal(tmp_path), threading.Event()
    with stage(RULE, act=lambda *_: changed(str(go.wait(WAIT_S))), journal=journal) as s:
        s.post("container.start")
        s.called()
        s.dispatcher.stop()
        s.post("container.start", "late")
        go.set()
    assert s.dispatcher.caught_up, "Docker's cursor may only be kept when every event was taken in"
    assert unsettled(journal) == [("act", "late")]
    assert s.handlers["play.act"].calls.empty()
    journal.close()


def test_a_run_that_fails_while_it_stops_is_told_of_in_the_commit_that_ends_it(tmp_path: Path) -> None:
    disk, go = Disk(), threading.Event()
    journal = Journal(tmp_path, open_store=disk.open)
    commits: list[tuple[str | None, list[tuple[str, str]]]] = []

    def fail(args: PlayArgs, ctx: Context) -> Outcome:
        assert go.wait(WAIT_S)
        raise GiveUp("that is wrong")

    def committed(store: Store) -> None:
        outcomes = [run["outcome"] for run in store.history()]
        left = [(left.rule, left.event.subject) for left in store.unsettled()]
        commits.append((outcomes[0] if outcomes else None, left))

    disk.committed = committed
    with stage(RULE, CRY, act=fail, journal=journal) as s:
        s.post("container.start")
        s.called()
        s.dispatcher.stop()
        go.set()
    assert (None, [("act", "gluetun")]) in commits
    assert [left for outcome, left in commits if outcome == "give_up"] == [[("cry", "act")]]
    journal.close()


def test_a_stop_counts_from_when_it_was_asked_for_whatever_was_slow_since(tmp_path: Path) -> None:
    now, go, began = [0.0], threading.Event(), threading.Event()

    def hang(*_: object) -> Outcome:
        began.set()
        assert go.wait(WAIT_S)
        return changed()

    def context(event: Event, run: str, deadline: float) -> Context:
        return Context(event, run, Settings(), World(), Notes(), lambda _: None, lambda _: None,
                       lambda: 1.0, lambda _: None, lambda: 0.0)  # fmt: skip

    with closing(Journal(tmp_path)) as journal:
        executor = Executor({"play.act": Play(hang)}, Settings(), context, lambda: now[0], journal)
        dispatcher = Dispatcher(Engine(Table((RULE,))), executor, journal)
        loop = threading.Thread(target=dispatcher.run)
        loop.start()
        dispatcher.post(Event("container.start", "gluetun", 1, "docker", data={"container": "gluetun", "id": "1"}))
        assert began.wait(WAIT_S)
        dispatcher.stop()
        loop.join(WAIT_S)
        now[0] += STOP_WAIT_S  # a source took so long to stop
        dispatcher.stop()  # a second SIGTERM gives no more time
        dispatcher.drain()
        assert len(dispatcher.attempts()) == 1, "it was waited for"
        go.set()


def test_a_pause_holds_back_what_is_due_and_waits_for_a_free_hand() -> None:
    go, others = threading.Event(), [f"c{number}" for number in range(AT_A_TIME)]

    with stage(RULE, act=lambda *_: changed(str(go.wait(WAIT_S)))) as s:
        for name in (*others, "late"):  # as many as may begin at once, and one more
            s.post("container.start", name)
        for _ in others:
            s.called()
        engine = s.dispatcher.engine
        s.dispatcher.call(lambda: engine.pause("act", s.dispatcher.now() + 3600.0))
        go.set()
        until(lambda: not s.dispatcher.call(s.dispatcher.attempts), "what was at work does not end")
        assert s.handlers["play.act"].calls.empty()
        s.dispatcher.call(lambda: engine.unpause("act"))
        assert s.called()[0].target == "late"
