"""containers.*: what is said when Docker, or a proxy before it, says no; and the arithmetic of the restart budget."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from handlers.containers.exec import Exec, ExecArgs
from handlers.containers.restart import Restart, RestartArgs
from handlers.containers.restart_budget import RestartBudget
from handlers.containers.start import Start, StartArgs
from hooks.events.catalogue import Event
from hooks.events.jsonl import nanoseconds
from hooks.handler import Context, GiveUp, Handler, Retry
from tests.handlers.cases_general import AFTER, ID, OneContainer, docker_at, engine_of
from tests.handlers.contract import Clock, Notes, context

RESTART, START, EXEC = RestartArgs("box"), StartArgs("box"), ExecArgs("box", ["reload"])
STOPPED = {"running": False}


@contextmanager
def asked(one: OneContainer, folder: Path, **more: Any) -> Iterator[Context]:
    with engine_of(one, folder) as address:
        yield context(docker=docker_at(address), **more)


CALLS: dict[
    str, tuple[Handler[Any], Any, dict[str, Any], str]
] = {  # what is asked -> the handler, its arguments, the container's state, and the refused path's last word
    "restart": (Restart(), RESTART, {}, "restart"),
    "start": (Start(), START, STOPPED, "start"),
    "exec": (Exec(), EXEC, {}, "exec"),
    "inspect": (Restart(), RESTART, {}, "json"),
    "version": (Restart(), RESTART, {}, "version"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("status", "word", "text"),
    [
        (403, GiveUp, "the proxy before Docker's socket at"),
        (401, GiveUp, "(401): it lacks"),
        (405, GiveUp, "in its environment and recreate it, or, if it has a list of allowed paths, add"),
        (400, GiveUp, "Docker refuses it with 400: because"),
        (409, Retry, "Docker answered 409: because"),
        (500, Retry, "Docker answered 500: because"),
    ],
)
def test_each_refusal_has_its_word(
    tmp_path: Path, call: str, status: int, word: type[Retry | GiveUp], text: str
) -> None:
    handler, args, state, refused = CALLS[call]
    one = OneContainer(**state, refusals={refused: (status, "because of http://me:hunter2@host/")})
    with asked(one, tmp_path) as ctx, pytest.raises(word) as end:
        handler.apply(args, ctx)
    assert text in end.value.said
    assert "container 'box'" in end.value.said
    assert "hunter2" not in end.value.said


def test_a_container_that_vanishes_meanwhile_is_given_up(tmp_path: Path) -> None:
    one = OneContainer(refusals={"restart": (404, "No such container: box")})
    with asked(one, tmp_path) as ctx, pytest.raises(GiveUp, match="No such container"):
        Restart().apply(RESTART, ctx)


@pytest.mark.parametrize(
    "answer", ["[]", "{}", '{"State": 1}', '{"Id": "a", "Name": "/b", "State": {"Running": true}}']
)
def test_an_answer_that_is_no_containers_is_tried_again(tmp_path: Path, answer: str) -> None:
    one = OneContainer(raw=answer)
    with asked(one, tmp_path) as ctx, pytest.raises(Retry, match="is not one of a Docker engine"):
        Restart().apply(RESTART, ctx)


def test_a_restart_that_docker_only_claims_is_seen_through(tmp_path: Path) -> None:
    one = OneContainer(refusals={"restart": (204, "")})
    with asked(one, tmp_path) as ctx, pytest.raises(Retry, match="Docker shows no new start of it"):
        Restart().apply(RESTART, ctx)


def test_a_container_that_docker_is_restarting_is_not_stopped(tmp_path: Path) -> None:
    one = OneContainer(restarting=True)
    with asked(one, tmp_path) as ctx:
        started = Start().apply(START, ctx)
        assert (started.status, started.said) == ("unchanged", "container 'box' is restarting")
        assert one.writes == []
        assert Restart().apply(RESTART, ctx).status == "changed", "its owner did not stop it"


def test_a_command_in_a_container_that_docker_is_restarting_is_tried_again(tmp_path: Path) -> None:
    one = OneContainer(restarting=True, refusals={"exec": (409, "Container is restarting, wait until it runs")})
    with asked(one, tmp_path) as ctx, pytest.raises(Retry, match="is restarting, wait"):
        Exec().apply(EXEC, ctx)


@pytest.mark.parametrize("code", [None, 0, 137], ids=["Docker", "Podman", "Podman, of the command before"])
def test_the_exit_code_of_a_command_that_still_runs_is_none(tmp_path: Path, code: int | None) -> None:
    one = OneContainer(exit_code=code, command_runs=True)
    with asked(one, tmp_path, timeout_s=1.0) as ctx, pytest.raises(Retry, match="may still run inside"):
        Exec().apply(EXEC, ctx)


def test_a_socket_that_is_not_there_is_named(tmp_path: Path) -> None:
    ctx = context(docker=docker_at(f"unix://{tmp_path}/none.sock"))
    with pytest.raises(Retry, match=r"cannot start container 'box': .* \(No such file or directory\)"):
        Start().apply(START, ctx)


def test_a_retry_starts_what_our_own_restart_left_stopped(tmp_path: Path) -> None:
    one, memory, clock = OneContainer(refusals={"restart": (500, "port is taken")}), Notes(), Clock()
    with asked(one, tmp_path, memory=memory, clock=clock) as ctx:
        with pytest.raises(Retry):
            Restart().apply(RESTART, ctx)
        one.running, one.finished_at = False, AFTER  # it was stopped, and could not start
        assert Restart().apply(RESTART, ctx).status == "changed"
        one.running, one.finished_at = False, "2023-11-14T23:00:00Z"  # long after: the owner's doing
        assert Restart().apply(RESTART, ctx).status == "skipped"
    assert [path.rpartition("/")[2] for path in one.writes] == ["restart?t=10", "start"]


def test_a_rule_that_names_a_container_by_its_id_has_no_other_budget(tmp_path: Path) -> None:
    memory = Notes()
    with asked(OneContainer(), tmp_path, memory=memory) as ctx:
        Restart().apply(RestartArgs(ID), ctx)
    assert RestartBudget("box", ctx).spent == [ctx.event.time / 1e9]


def test_the_budget_is_a_sliding_hour_and_outlives_gluehook() -> None:
    memory, clock = Notes(), Clock(10_000.0)
    budget = RestartBudget("box", context(memory=memory, clock=clock))
    for minute in range(5):
        clock.now_s = 10_000.0 + 60 * minute
        assert budget.refusal() is None
        budget.spend()
    again = RestartBudget("box", context(memory=memory, clock=clock))
    assert "for 56 minutes" in str(again.refusal())
    again.report_refusal()
    assert "still out of restarts, for 56 more minutes" in str(again.refusal())
    assert RestartBudget("other", context(memory=memory, clock=clock)).refusal() is None
    clock.now_s = 10_000.0 + 3599
    assert again.refusal()
    clock.now_s = 10_000.0 + 3600
    assert again.refusal() is None
    again.spend()
    assert "was restarted 5 times" in str(again.refusal()), "the next exhaustion is told at length again"


def test_a_clock_that_was_set_back_frees_nothing() -> None:
    memory, clock = Notes(), Clock(10_000.0)
    budget = RestartBudget("box", context(memory=memory, clock=clock))
    for _ in range(5):
        budget.spend()
    clock.now_s -= 1800
    assert budget.refusal()
    clock.now_s -= 5000
    assert budget.refusal() is None, "a wrong clock must not freeze it for ever"


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2023-11-14T22:13:20.123456789Z", 1_700_000_000_123_456_789),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000_000_000),
        ("2023-11-14T23:13:20.5+01:00", 1_700_000_000_500_000_000),
        ("0001-01-01T00:00:00Z", 0),
        ("", 0),
        ("yesterday", 0),
    ],
)
def test_dockers_times(text: str, ns: int) -> None:
    assert nanoseconds(text) == ns


def test_the_restart_of_a_later_event_is_another_one(tmp_path: Path) -> None:
    with asked(OneContainer(started_at=AFTER), tmp_path) as ctx:
        assert Restart().apply(RESTART, ctx).status == "skipped"
    (tmp_path / "later").mkdir()
    with asked(OneContainer(started_at=AFTER), tmp_path / "later", event=Event("x", "box", nanoseconds(AFTER))) as ctx:
        assert Restart().plan(RESTART, ctx) == "container 'box' would be restarted"


# -- a clock that was set back -------------------------------------------------------------------------

FUTURE = "2023-11-15T00:13:20Z"  # two hours after the contract clock's first instant


@pytest.mark.parametrize(("handler", "args", "state"), [(Restart(), RESTART, {}), (Start(), START, STOPPED)])
def test_a_start_before_the_clock_was_set_back_is_not_one_since_the_event(
    tmp_path: Path, handler: Handler[Any], args: Any, state: dict[str, Any]
) -> None:
    one = OneContainer(started_at=FUTURE, finished_at=AFTER, **state)
    with asked(one, tmp_path) as ctx:
        assert handler.apply(args, ctx).status == "changed"


def test_what_our_restart_left_stopped_is_known_although_the_clock_was_set_back(tmp_path: Path) -> None:
    one = OneContainer(started_at=FUTURE, finished_at="2023-11-14T22:13:22Z", **STOPPED)
    clock = Clock(nanoseconds(AFTER) / 1e9)
    with asked(one, tmp_path, clock=clock) as ctx:
        assert Restart().apply(RESTART, ctx).status == "skipped", "its owner stopped it"
        RestartBudget("box", ctx).spend()
        assert Restart().apply(RESTART, ctx).status == "changed"


def test_an_engine_whose_clock_is_a_little_ahead_is_believed(tmp_path: Path) -> None:
    one = OneContainer(started_at="2023-11-14T22:14:00Z")  # 40 s ahead
    with asked(one, tmp_path) as ctx:
        assert "has started since the event" in Restart().apply(RESTART, ctx).said


@pytest.mark.parametrize(("after_s", "restarts"), [(0.9, True), (1.1, False)])
def test_a_line_that_a_container_writes_at_its_start_is_not_from_before_it(
    tmp_path: Path, after_s: float, *, restarts: bool
) -> None:
    written = nanoseconds(AFTER) - int(after_s * 1e9)
    with asked(OneContainer(started_at=AFTER), tmp_path) as ctx:
        ident = ctx.docker(5).inspect_container("box")["Id"]
    (tmp_path / "second").mkdir()
    line = Event("container.log", "box", written, "logs", data={"container": "box", "id": ident, "line": "fatal"})
    with asked(OneContainer(started_at=AFTER), tmp_path / "second", event=line) as ctx:
        assert bool(Restart().plan(RESTART, ctx)) is restarts
