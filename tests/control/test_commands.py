"""The commands of a running gluehook over its control socket: history, retry, run, pause, resume, explain."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hooks.control import history
from hooks.control.client import request
from hooks.control.commands import Commands
from hooks.control.server import FILE_NAME, Refused, Server
from hooks.events import signals
from hooks.handler import Context, GiveUp, Outcome, rejection_key
from hooks.journal.journal import Journal
from hooks.rules.table import Entry, Rule, Step
from hooks.runtime.handler_memory import Memory
from hooks.runtime.pauses import Pauses
from tests.parts.process.ordinary_user import ordinary_user, public_folder
from tests.parts.process.playing import WAIT_S, PlayArgs, Stage, changed, stage

RULE = Rule("port", (Entry("container.start"),), (Step("play.act"),))
OTHER = Rule("other", (Entry("container.die"),), (Step("play.act"),))


@dataclass
class Runner:
    """A dispatcher that runs on a state folder, with a control socket."""

    stage: Stage
    state: Path
    memory: Memory
    resynced: threading.Event = field(default_factory=threading.Event)

    def runs(self, **which: Any) -> list[dict[str, Any]]:
        self.catches_up()
        return request(self.state, "history", **which)[0]

    def catches_up(self) -> None:
        """Wait until what was told is in the journal."""
        self.stage.dispatcher.call(lambda: None)


@contextmanager
def runner(
    state: Path, *rules: Rule, act: Callable[[PlayArgs, Context], Outcome] = lambda *_: changed()
) -> Iterator[Runner]:
    journal = Journal(state)
    try:
        with stage(*(rules or (RULE, OTHER)), act=act, journal=journal) as s:
            it = Runner(s, state, Memory(state / "memory.json"))
            pauses = s.dispatcher.call(lambda: Pauses(s.dispatcher, journal, it.resynced.set))
            server = Server(
                state / FILE_NAME, Commands(s.dispatcher, journal, it.memory, pauses, s.world[0].state).verbs()
            )
            server.start()
            try:
                yield it
            finally:
                server.stop()
                pauses.close()
    finally:
        journal.close()


@contextmanager
def a_run_ends() -> Iterator[None]:
    """Wait at the end of the block for a run to end."""
    over = threading.Event()

    def listen(*_: object, **__: object) -> None:
        over.set()

    with signals.run_ended.connected_to(listen):
        yield
        assert over.wait(WAIT_S)


def run_once(it: Runner, kind: str = "container.start", subject: str = "gluetun") -> None:
    with a_run_ends():
        it.stage.post(kind, subject)
        it.stage.called()
    it.catches_up()


def test_history_is_the_chosen_runs_with_the_newest_first(tmp_path: Path) -> None:
    def act(args: PlayArgs, ctx: Context) -> Outcome:
        if ctx.event.subject == "bad":
            raise GiveUp("that is wrong")
        return changed("well done")

    with runner(tmp_path, act=act) as it:
        run_once(it)
        run_once(it, "container.die", "bad")
        run_once(it, "container.start", "bad")
        assert [run["id"] for run in it.runs()] == ["port/bad#3", "other/bad#2", "port/gluetun#1"]
        assert [run["id"] for run in it.runs(failed=True, rule="port")] == ["port/bad#3"]
        assert [run["id"] for run in it.runs(most=1)] == ["port/bad#3"]
        assert it.runs()[2]["said"] == "well done"
        for most in (0, 1001, "many"):
            with pytest.raises(Refused, match="ask for 1 to 1000"):
                it.runs(most=most)
    offline = history.read(tmp_path, failed=True, rule="", most=20)
    assert [run["id"] for run in offline] == ["port/bad#3", "other/bad#2"]
    before = sorted(tmp_path.glob("journal*")), (tmp_path / "journal.db").read_bytes()
    assert (sorted(tmp_path.glob("journal*")), (tmp_path / "journal.db").read_bytes()) == before


def test_a_folder_without_a_readable_journal_has_no_history(tmp_path: Path) -> None:
    with pytest.raises(history.NoJournal, match=r"there is no journal .*no gluehook is running"):
        history.read(tmp_path, failed=False, rule="", most=20)
    (tmp_path / "journal.db").write_bytes(b"something else" * 1000)
    with pytest.raises(history.NoJournal, match=r"cannot be read \(file is not a database\)"):
        history.read(tmp_path, failed=False, rule="", most=20)


def test_the_history_of_a_folder_that_cannot_be_written_is_read() -> None:
    with public_folder() as folder:
        state = folder / "state"
        with runner(state) as it:
            run_once(it)
        state.chmod(0o555)
        for file in state.iterdir():
            file.chmod(0o644)  # gluehook makes it for its owner only, whom nobody here can be
        with ordinary_user():
            (run,) = history.read(state, failed=False, rule="", most=20)
        state.chmod(0o755)
    assert run["id"] == "port/gluetun#1"


def test_a_retry_runs_the_rule_again_with_its_event_and_forgets_rejected_credentials(tmp_path: Path) -> None:
    locked = threading.Event()
    locked.set()

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        if locked.is_set():
            raise GiveUp("401")
        return changed()

    with runner(tmp_path, act=act) as it:
        it.memory.put(rejection_key("qbittorrent", "http://gluetun:8080"), {"hash": "0"})
        it.memory.put("restarts:gluetun", [1])
        run_once(it)
        locked.clear()
        with a_run_ends():
            _, said = request(tmp_path, "retry", run="port/gluetun#1")
            event = it.stage.called()[1].event
        assert (event.type, event.subject, event.origin) == ("container.start", "gluetun", "manual")
        assert said == (
            "port runs again for gluetun, with what led to port/gluetun#1; "
            "tried again: the credentials rejected by http://gluetun:8080"
        )
        assert it.memory.get(rejection_key("qbittorrent", "http://gluetun:8080")) is None
        assert it.memory.get("restarts:gluetun") == [1]
        runs = it.runs()
        assert [run["outcome"] for run in runs] == ["changed", "give_up"]
        assert runs[0]["event"] == runs[1]["event"]
        assert runs[0]["id"] != runs[1]["id"]
    journal = Journal(tmp_path)
    assert journal.unfinished() == []
    journal.close()


def test_a_run_that_cannot_be_retried_is_refused_with_the_runs_that_can(tmp_path: Path) -> None:
    go = threading.Event()

    def act(args: PlayArgs, ctx: Context) -> Outcome:
        if ctx.event.subject == "hangs":
            assert go.wait(WAIT_S)
        raise GiveUp("401")

    with runner(tmp_path, act=act) as it:
        with pytest.raises(Refused, match="there is no run 'port/gluetun#1'; none has failed"):
            request(tmp_path, "retry", run="port/gluetun#1")
        run_once(it)
        with pytest.raises(Refused, match="there is no run ''; these have failed: port/gluetun#1"):
            request(tmp_path, "retry")
        with pytest.raises(Refused, match=r"\(did you mean 'port/gluetun#1'\?\); these have failed: port/gluetun#1"):
            request(tmp_path, "retry", run="port/gluetum#1")
        it.stage.post("container.start", "hangs")
        running = it.stage.called()[1].run
        with pytest.raises(Refused, match=f"{running} runs now"):
            request(tmp_path, "retry", run=running)
        go.set()
    with runner(tmp_path, OTHER), pytest.raises(Refused, match="its rule port is not in force any more"):
        request(tmp_path, "retry", run="port/gluetun#1")


def test_no_run_starts_in_a_pause_and_the_states_are_read_at_its_end(tmp_path: Path) -> None:
    with runner(tmp_path) as it:
        said = request(tmp_path, "pause", rule="port", **{"for": "1h"})[1]
        assert said.startswith("paused for 1h: no run of port starts until 20")
        it.stage.post("container.start")
        run_once(it, "container.die")
        assert [run["rule"] for run in it.runs()] == ["other"]
        assert not it.resynced.is_set()
        with a_run_ends():
            said = request(tmp_path, "resume", rule="port")[1]
            it.stage.called()
        assert said == "the pause of port is over; the states are read again"
        assert it.resynced.is_set()


def test_a_pause_ends_by_itself(tmp_path: Path) -> None:
    with runner(tmp_path) as it:
        request(tmp_path, "pause", **{"for": "250ms"})
        it.stage.post("container.start")
        assert it.resynced.wait(WAIT_S)
        it.stage.called()
        assert request(tmp_path, "resume")[1] == "nothing is paused"


def test_a_pause_is_replaced_by_the_next_and_two_are_ended_at_once(tmp_path: Path) -> None:
    with runner(tmp_path) as it:
        request(tmp_path, "pause", **{"for": "500ms"})
        request(tmp_path, "pause", **{"for": "1h"})
        request(tmp_path, "pause", rule="port", **{"for": "1h"})
        assert request(tmp_path, "resume", rule="other")[1] == (
            "other is not paused by itself (still paused: all rules, port)"
        )
        assert not it.resynced.wait(0.7), "the pause that was replaced must not ring"
        assert request(tmp_path, "resume")[1] == "the pause of all rules, port is over; the states are read again"


def test_a_pause_survives_a_restart_and_one_that_is_over_does_not(tmp_path: Path) -> None:
    with runner(tmp_path) as it:
        request(tmp_path, "pause", rule="port", **{"for": "1h"})
        request(tmp_path, "pause", rule="other", **{"for": "1ms"})
        assert it.resynced.wait(WAIT_S)
    with runner(tmp_path) as it:
        it.stage.post("container.start")
        run_once(it, "container.die")
        assert [run["rule"] for run in it.runs()] == ["other"]
        with a_run_ends():
            request(tmp_path, "resume")
            it.stage.called()


def test_a_retry_of_a_paused_rule_says_when_it_will_be(tmp_path: Path) -> None:
    with runner(tmp_path) as it:
        run_once(it)
        request(tmp_path, "pause", **{"for": "1h"})
        assert ", after its pause, at 20" in request(tmp_path, "retry", run="port/gluetun#1")[1]
        assert it.stage.handlers["play.act"].calls.empty()


@pytest.mark.parametrize(
    ("rule", "for_", "says"),
    [
        ("prot", "1h", r"there is no rule 'prot' \(did you mean 'port'\?\); the rules are port, other"),
        ("port", "30", "--for: .*a unit is missing"), ("port", "0s", "no time is none"),
    ],
)  # fmt: skip
def test_a_pause_that_means_nothing_is_refused(tmp_path: Path, rule: str, for_: str, says: str) -> None:
    with runner(tmp_path), pytest.raises(Refused, match=says):
        request(tmp_path, "pause", rule=rule, **{"for": for_})


# -- run -------------------------------------------------------------------------------------------


def test_a_rule_runs_by_hand_with_an_event_or_with_that_of_its_last_run(tmp_path: Path) -> None:
    event = {"type": "container.start", "subject": "gluetun", "time": 1, "data": {"container": "gluetun"}}
    with runner(tmp_path / "state") as it:
        with pytest.raises(Refused, match="the journal has no run of port, so there is no event to run it with"):
            request(it.state, "run", rule="port")
        for given in ({"event": event}, {}):
            with a_run_ends():
                done = request(it.state, "run", rule="port", **given)[1]
            it.catches_up()
            assert done == "port runs by hand for gluetun, with container.start of gluetun"
        assert [run["id"] for run in it.runs()] == ["port/gluetun#2", "port/gluetun#1"]
        for wrong, why in (
            ({}, "no rule is named; the rules are port, other"), ({"rule": "prot"}, "there is no rule 'prot'"),
            ({"rule": "other", "event": event}, "other does not listen to this event"),
            ({"rule": "port", "event": {"type": "x"}}, "that is no event of a recording"),
        ):  # fmt: skip
            with pytest.raises(Refused, match=why):
                request(it.state, "run", **wrong)
        assert len(it.runs()) == 2


# -- explain ---------------------------------------------------------------------------------------


def test_explain_answers_for_each_rule_and_refuses_a_line_that_is_no_event(tmp_path: Path) -> None:
    event = {"type": "container.start", "subject": "gluetun", "time": 1, "data": {"container": "gluetun"}}
    with runner(tmp_path / "state") as it:
        told, done = request(it.state, "explain", event=event)
        assert [(one["rule"], one["runs"]) for one in told] == [("port", True), ("other", False)]
        assert done.startswith("answered by the gluehook that runs")
        assert it.runs() == []
        for wrong in ({"type": "no.such"}, {"Type": "container", "Action": "sneeze"}, None):
            with pytest.raises(Refused, match=r"that is no event|no name for this event"):
                request(it.state, "explain", event=wrong)
