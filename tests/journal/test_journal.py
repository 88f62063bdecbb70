"""A dispatcher with a journal, killed and begun again: what was unfinished is done, what was settled is not."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from hooks.engine.runs import Result, Run
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.handler import Context, Outcome, Retry
from hooks.journal.journal import Journal
from hooks.journal.records import Accepted, Saved
from hooks.journal.store import Store
from hooks.rules.table import Entry, Limit, RetryPolicy, Rule, Step
from tests.parts.process.gluehook import until
from tests.parts.process.playing import WAIT_S, PlayArgs, Stage, changed, stage
from tests.parts.process.stacks import calls_of
from tests.parts.values.watched_store import Disk


def rule(name: str = "r", *steps: Step, on: str = "container.start", **more: Any) -> Rule:
    return Rule(name, (Entry(on),), steps or (Step("play.act"),), **more)


@contextmanager
def life(folder: Path, *rules: Rule, act: Callable[[PlayArgs, Context], Outcome] = lambda *_: changed(),
         copy_to: Path | None = None) -> Iterator[tuple[Stage, queue.Queue[tuple[Run, Result]]]]:  # fmt: skip
    """One life of a dispatcher on this folder."""
    heard: queue.Queue[tuple[Run, Result]] = queue.Queue()

    def listen(_: object, run: Run, result: Result, **__: Any) -> None:
        heard.put((run, result))

    journal = Journal(folder)
    try:
        with signals.run_ended.connected_to(listen), stage(*rules, act=act, journal=journal) as s:
            yield s, heard
    finally:
        journal.close()


def killed(folder: Path, to: Path) -> Path:
    """The folder as `kill -9` at this instant would leave it for the next life."""
    to.mkdir()
    for file in folder.glob("journal.db*"):
        (to / file.name).write_bytes(file.read_bytes())
    return to


def test_what_ran_is_not_run_again(tmp_path: Path) -> None:
    with life(tmp_path / "a", rule()) as (s, heard):
        s.post("container.start")
        assert heard.get(timeout=WAIT_S)[1].kind == "changed"
    with life(tmp_path / "a", rule()) as (s, heard):
        s.post("container.start", "other")
        run = heard.get(timeout=WAIT_S)[0]
        assert (run.event.subject, run.id) == ("other", "r/other#2")


def test_a_run_cut_by_a_kill_goes_on_at_the_unfinished_step(tmp_path: Path) -> None:
    at_two, go = threading.Event(), threading.Event()

    def hang_at_two(args: PlayArgs, ctx: Context) -> Outcome:
        if args.text == "two":
            at_two.set()
            assert go.wait(WAIT_S)
        return changed(f"{args.text} done")

    steps = [Step("play.act", {"text": text}) for text in ("one", "two")]
    told = Step("play.tell", {"text": "three"}, when_changed=True)
    cut = rule("r", *steps, told)
    with life(tmp_path / "a", cut, act=hang_at_two) as (s, _):
        s.post("container.start")
        assert at_two.wait(WAIT_S)
        after = killed(tmp_path / "a", tmp_path / "b")
        go.set()
    with life(after, cut) as (s, heard):
        run, result = heard.get(timeout=WAIT_S)
        assert [s.called()[0].text, s.called("play.tell")[0].text] == ["two", "three"]
    assert (run.id, run.step, run.changed, run.event.origin) == ("r/gluetun#1", 1, True, "backlog")
    assert result.kind == "changed"


def test_what_was_accepted_and_waits_is_done_by_the_next_life_the_newest_alone(tmp_path: Path) -> None:
    go = threading.Event()

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        assert go.wait(WAIT_S)
        return changed()

    with life(tmp_path / "a", rule(), act=act) as (s, _):
        s.post("container.start", exit_code=1)
        s.called()
        for number in (2, 3):
            s.post("container.start", exit_code=number)
        after = killed_when(tmp_path / "a", tmp_path / "b", 3)
        go.set()
    with life(after, rule()) as (_, heard):
        run = heard.get(timeout=WAIT_S)[0]
        assert run.event.data["exit_code"] == 3
    with life(after, rule()) as (s, heard):
        s.post("container.start", "last")
        assert heard.get(timeout=WAIT_S)[0].event.subject == "last"
        assert heard.empty()


def test_every_queued_event_is_done_in_order(tmp_path: Path) -> None:
    go = threading.Event()

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        assert go.wait(WAIT_S)
        return changed()

    queued = rule(mode="queued")
    with life(tmp_path / "a", queued, act=act) as (s, _):
        for number in range(4):
            s.post("container.start", exit_code=number)
        after = killed_when(tmp_path / "a", tmp_path / "b", 4)
        go.set()
    with life(after, queued) as (_, heard):
        assert [heard.get(timeout=WAIT_S)[0].event.data["exit_code"] for _ in range(4)] == [0, 1, 2, 3]


def killed_when(folder: Path, to: Path, unsettled: int) -> Path:
    """As `killed`, once so many events stand unsettled in the journal."""
    found = -1
    for attempt in range(300):
        copy = killed(folder, to.with_name(f"{to.name}{attempt}"))
        # three files copied one after the other need not fit each other
        with suppress(sqlite3.Error), closing(Store(copy / "journal.db")) as store:
            found = len(store.unsettled())
        if found == unsettled:
            return copy
    raise AssertionError(f"{found} events stand unsettled, not {unsettled}")


def test_limits_and_cooldowns_outlive_a_restart(tmp_path: Path) -> None:
    limited = rule(on="container.oom", limit=Limit(1, 3600.0))
    cooled = rule("cooled", on="container.die", cooldown_s=3600.0)
    with life(tmp_path / "a", limited, cooled) as (s, heard):
        s.post("container.oom")
        s.post("container.die")
        assert {heard.get(timeout=WAIT_S)[0].rule.name for _ in range(2)} == {"r", "cooled"}
    with life(tmp_path / "a", limited, cooled, rule("free", on="container.oom")) as (s, heard):
        s.post("container.oom")
        s.post("container.die")
        s.post("container.oom", "other")
        names = [heard.get(timeout=WAIT_S)[0].id.partition("#")[0] for _ in range(3)]
        assert sorted(names) == ["free/gluetun", "free/other", "r/other"]
        assert heard.empty()


def test_troubles_that_are_over_stay_so_across_a_restart(tmp_path: Path) -> None:
    limited = rule(on="container.unhealthy", limit=Limit(1, 3600.0))
    with life(tmp_path / "a", limited, act=lambda *_: changed("restarted it")) as (s, heard):
        for _ in range(2):
            s.post("container.unhealthy")
            heard.get(timeout=WAIT_S)
            s.post("container.healthy")
    with life(tmp_path / "a", limited, act=lambda *_: changed("restarted it again")) as (s, heard):
        s.post("container.unhealthy")  # a third trouble
        assert heard.get(timeout=WAIT_S)[0].id == "r/gluetun#3"
    with life(tmp_path / "a", limited, rule("told", on="rule.exhausted")) as (s, heard):
        s.post("container.unhealthy")  # the same trouble still, with its one run spent
        run, _ = heard.get(timeout=WAIT_S)
        assert (run.rule.name, run.event.data["runs"], run.event.data["said"]) == ("told", 1, "restarted it again")
        s.post("container.healthy")  # the previous process's trouble is over for this one, too
        s.post("container.unhealthy")
        assert heard.get(timeout=WAIT_S)[0].rule.name == "r"


def test_a_failed_run_is_history_and_a_retry_is_one_run(tmp_path: Path) -> None:
    def act(args: PlayArgs, ctx: Context) -> Outcome:
        raise Retry("the target is away")

    with life(tmp_path / "a", rule(retry=RetryPolicy(3, 0.001, 0.001)), act=act) as (s, heard):
        s.post("container.start")
        assert [heard.get(timeout=WAIT_S)[0].attempt for _ in range(3)] == [1, 2, 3]
    journal = Journal(tmp_path / "a")
    (past,) = journal.history(failed=True) or []
    assert (past["id"], past["attempt"], past["outcome"], past["said"]) == (
        "r/gluetun#1",
        3,
        "retry",
        "the target is away",
    )
    assert journal.unfinished() == []
    journal.close()


def test_docker_telling_its_past_again_is_no_news(tmp_path: Path) -> None:
    old = Event("container.start", "gluetun", 1, "docker", data={"container": "gluetun", "id": "1"})
    with life(tmp_path / "a", rule()) as (s, heard):
        s.dispatcher.post(old)
        heard.get(timeout=WAIT_S)
    with life(tmp_path / "a", rule()) as (s, heard):
        s.dispatcher.post(old)
        s.post("container.start", "other")
        assert heard.get(timeout=WAIT_S)[0].event.subject == "other"
        assert heard.empty()


def test_a_rule_that_is_gone_leaves_nothing_behind(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a")
    event = Event("container.start", "gluetun", 1, "docker", data={"container": "gluetun", "id": "1"})
    journal.write([Accepted(event, (("gone", "gluetun"),))])
    journal.close()
    with life(tmp_path / "a", rule(on="container.die")) as (s, heard):
        s.post("container.die")
        heard.get(timeout=WAIT_S)
    journal = Journal(tmp_path / "a")
    assert journal.unfinished() == []
    journal.close()


def test_a_journal_that_comes_back_later_has_no_run_of_the_same_id(tmp_path: Path) -> None:
    with closing(Journal(tmp_path)) as journal:
        assert journal.last_number() == 0
    (tmp_path / "journal.db").rename(tmp_path / "away")
    (tmp_path / "journal.db").mkdir()
    with closing(Journal(tmp_path, now=lambda: 1_800_000_000.5)) as journal:
        assert journal.last_number() == 1_800_000_000


def test_what_a_call_saves_is_on_disk_only_after_what_was_accepted_before_it(tmp_path: Path) -> None:
    commits: list[tuple[Any, int]] = []
    disk = Disk(committed=lambda store: commits.append((store.get("cursor"), len(list(store.recorded())))))
    begun, go = threading.Event(), threading.Event()

    def hold() -> bool:
        begun.set()
        return go.wait(WAIT_S)

    with closing(Journal(tmp_path, open_store=disk.open)) as journal, stage(rule(), journal=journal) as s:
        busy = threading.Thread(target=s.dispatcher.call, args=(hold,))
        busy.start()
        assert begun.wait(WAIT_S)
        s.post("container.start")  # this and the call below are taken in within one turn
        saving = threading.Thread(target=s.dispatcher.call, args=(lambda: journal.save("cursor", 7),))
        saving.start()
        until(lambda: "result" in calls_of(saving), "the second call does not wait")
        go.set()
        busy.join(WAIT_S)
        saving.join(WAIT_S)
    assert next(events for cursor, events in commits if cursor == 7) == 1


def test_a_record_that_no_disk_can_hold_is_left_out_and_the_others_are_written(
    tmp_path: Path, problems: list[str]
) -> None:
    half = Event("container.start", "web", 1, "docker", data={"container": "web", "id": "\ud800"})
    good = Event("container.oom", "web", 2, "docker", data={"container": "web", "id": "1"})
    lane = (("r", "web"),)
    with closing(Journal(tmp_path)) as journal:
        assert journal.write([Saved("before", 1), Accepted(half, lane), Accepted(good, lane), Saved("after", 2)])
        assert [left.event for left in journal.unfinished()] == [good]
        assert (journal.load("before"), journal.load("after"), journal.problem) == (1, 2, "")
    (said,) = problems
    assert said.startswith("journal: Accepted cannot be written (")
