"""The verbs `follow` and `snapshot` of a whole gluehook, over its real control socket."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hooks.control.client import request
from hooks.control.items import KINDS
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Outcome, Retry
from tests.parts.process import running as lives
from tests.parts.process.gluehook import until
from tests.parts.process.playing import PlayArgs, changed
from tests.parts.process.running import WAIT_S, Running
from tests.parts.process.told import Told, told

started = lives.started  # a fixture
Start = Callable[..., Running]

RULES = """version = 1
[[rule]]
name = "act"
on = [{ event = "container.start", container = "web" }, { event = "container.oom", container = "web" }]
retry = { attempts = 2, first = "1ms", max = "1ms" }
do = [{ use = "play.act", target = "one" }, { use = "play.act", target = "two" }]

[[rule]]
name = "late"
on = { event = "container.unhealthy", container = "web" }
for = "1h"
do = "play.act"
"""


def state_of(running: Running) -> Path:
    return Path(running.settings.gluehook_state)


def post(running: Running, kind: str, **data: object) -> None:
    data = {"container": "web", "id": "1", **data}
    running.app.inbox.put(Event(kind, "web", time.time_ns(), "play", data=data))


def receivers() -> dict[str, int]:
    """How many receivers each signal has."""
    return {name: len(one.receivers) for name, one in vars(signals).items() if hasattr(one, "receivers")}


def test_a_follower_is_told_an_event_its_decision_the_run_and_each_step(started: Start) -> None:
    def act(args: PlayArgs, ctx: Context) -> Outcome:
        ctx.saw(f"{args.target} is open")
        return changed(f"done to {args.target}")

    running = started(act, RULES)
    running.hears("ready")
    with told(state_of(running)) as follower:
        post(running, "container.start", labels={"com.example.token": "tell nobody"}, more="not in the catalogue")
        event = follower.next("event")["event"]
        items = [follower.next() for _ in range(5)]
    assert (event["type"], event["subject"], event["origin"]) == ("container.start", "web", "live")
    assert event["data"] == {"container": "web", "id": "1", "labels": {"com.example.token": "***"}}
    ident = event["id"]
    run = items[1]["run"]
    assert [{**item, "at": 0, "took_s": 0} for item in items] == [
        {"kind": "decision", "at": 0, "rule": "act", "key": "web", "event": ident, "type": "container.start",
         "subject": "web", "decision": "accepted", "why": "", "took_s": 0},
        {"kind": "run_started", "at": 0, "run": run, "rule": "act", "key": "web", "event": ident, "attempt": 1,
         "attempts": 2, "took_s": 0},
        {"kind": "step", "at": 0, "run": run, "number": 1, "use": "play.act", "status": "changed",
         "said": "done to one", "saw": ["one is open"], "took_s": 0},
        {"kind": "step", "at": 0, "run": run, "number": 2, "use": "play.act", "status": "changed",
         "said": "done to two", "saw": ["two is open"], "took_s": 0},
        {"kind": "run_ended", "at": 0, "run": run, "rule": "act", "key": "web", "event": ident, "attempt": 1,
         "outcome": "changed", "said": "done to one; done to two", "took_s": 0, "next": None},
    ]  # fmt: skip
    assert all(abs(item["at"] - time.time()) < WAIT_S for item in items)
    assert 0 <= items[1]["at"] - event["time"] / 1e9 < WAIT_S


def test_failures_say_what_comes_next_and_the_engine_s_own_events_are_told(started: Start) -> None:
    answers = iter([Retry("not yet"), GiveUp("never")])

    def fails(_: PlayArgs, __: Context) -> Outcome:
        raise next(answers)

    running = started(fails, RULES)
    running.hears("ready")
    with told(state_of(running), "run_ended", "event", "step") as follower:
        post(running, "container.oom")
        step = follower.next("step")
        assert (step["number"], step["use"], step["status"], step["said"]) == (1, "play.act", "retry", "not yet")
        first, second = follower.next("run_ended"), follower.next("run_ended")
        assert (first["outcome"], first["said"], first["next"], first["wait_s"]) == (
            "retry",
            "not yet",
            "retries",
            0.001,
        )
        assert (second["outcome"], second["said"], second["next"], second["attempt"]) == (
            "give_up",
            "never",
            "failed",
            2,
        )
        event = follower.next("event")["event"]
        assert (event["type"], event["data"]["said"], event["data"]["run"]) == ("run.failed", "never", second["run"])


def test_only_the_kinds_that_were_asked_for_are_told(started: Start) -> None:
    running = started(text=RULES)
    running.hears("ready")
    with told(state_of(running), "command", "stopping") as follower, told(state_of(running), "step") as other:
        post(running, "container.start")
        assert other.next()["kind"] == "step"
        request(state_of(running), "pause", rule="act", **{"for": "1h"})
        item = follower.next()
        assert item["kind"] == "command"
        assert item["said"].startswith("paused for 1h: no run of act starts until")
    wrong = Told(state_of(running), ["sneeze"])
    assert wrong.until_end() == []
    assert wrong.ended == f"there is no kind 'sneeze'; the kinds are {', '.join(KINDS)}"


def test_signals_have_no_receiver_of_ours_while_nobody_follows(started: Start) -> None:
    running = started(text=RULES)
    running.hears("ready")
    before = receivers()
    assert before["accepted"] == before["step_done"] == 0
    with told(state_of(running)), told(state_of(running)):
        assert receivers()["accepted"] == receivers()["step_done"] == 1, "two followers share it"
    post(running, "container.start")  # a thread learns that its follower is gone when it has something to write
    until(lambda: receivers() == before, "a receiver is left", WAIT_S)


def test_a_stop_is_told_with_the_runs_that_end_in_it_and_ends_the_following(started: Start) -> None:
    go_on = threading.Event()

    def slowly(_: PlayArgs, __: Context) -> Outcome:
        assert go_on.wait(WAIT_S)
        return changed("done in the end")

    running = started(slowly, RULES)
    running.hears("ready")
    with told(state_of(running)) as follower:
        post(running, "container.start")
        running.calls.get(timeout=WAIT_S)
        running.app.stop()
        assert follower.next("stopping")["said"].startswith("gluehook stops: nothing new begins, and act may end")
        go_on.set()
        assert follower.next("run_ended")["outcome"] == "changed"
        follower.until_end()
        assert follower.ended == ""


def test_what_changes_sources_rules_and_troubles_is_told(started: Start) -> None:
    running = started(text=RULES)
    running.hears("ready")
    with told(state_of(running), "source", "rules", "problem") as follower:
        signals.emit(signals.source_lost, name="docker", reason="it is away")
        lost = follower.next("source", is_up=False)
        assert (lost["name"], lost["said"]) == ("docker", "it is away")
        signals.emit(signals.source_restored, name="docker")
        follower.next("source", name="docker", is_up=True, said="")
        signals.emit(signals.problem, said="half of it broke", error=ValueError("secret"))
        assert follower.next("problem").keys() == {"kind", "at", "said"}
        signals.emit(signals.rules_loaded, table=running.app.reload.table, change="changed: act")
        rules = follower.next("rules")
        assert (rules["file"], rules["rules"], rules["said"]) == (running.settings.gluehook_rules, 2, "changed: act")
        assert rules["fingerprint"] == running.app.reload.fingerprint != ""


def test_the_snapshot_is_what_the_runner_knows(started: Start) -> None:
    go_on = threading.Event()
    running = started(lambda *_: changed(str(go_on.wait(WAIT_S))), RULES)
    running.hears("ready")
    try:
        post(running, "container.start")
        running.calls.get(timeout=WAIT_S)
        post(running, "container.oom")
        post(running, "container.unhealthy")
        state = state_of(running)
        request(state, "pause", rule="late", **{"for": "2h"})
        until(lambda: len(snapshot(state)["waits"]) == 2, "nothing waits", WAIT_S)
        seen, now = snapshot(state), time.time()
    finally:
        go_on.set()
    assert (seen["version"], seen["dry_run"], seen["rules_file"]) == ("1.2.3", False, running.settings.gluehook_rules)
    assert seen["fingerprint"] == running.app.reload.fingerprint
    assert seen["began"] < seen["time"] <= now
    pause = seen["rules"][1]["paused_until"]
    assert seen["rules"] == [
        {"name": "act", "enabled": True, "dry_run": False, "paused_until": None, "waits": False},
        {"name": "late", "enabled": True, "dry_run": False, "paused_until": pause, "waits": True},
    ]
    assert abs(pause - now - 7200) < WAIT_S
    assert seen["pauses"] == [{"rule": "late", "until": pause}]
    ((run,), waits) = seen["running"], {wait["rule"]: wait for wait in seen["waits"]}
    assert (run["rule"], run["key"], run["attempt"], run["overdue"]) == ("act", "web", 1, False)
    assert abs(run["began"] - now) < WAIT_S
    assert (waits["act"]["why"], waits["act"]["until"], waits["late"]["why"]) == ("running", None, "pause")
    assert abs(waits["late"]["until"] - pause) < 1
    assert seen["sources"].keys() == {"docker", "files"}
    assert seen["sources"]["files"]["is_up"] is True
    assert seen["journal"]["problem"] == ""
    assert seen["journal"]["bytes"] > 0
    (pair,) = seen["pairs"]
    assert pair["gluetun"] == "gluetun"
    assert (pair["clients"][0]["name"], pair["clients"][0]["connection"]) == ("qbittorrent", "unknown")


def snapshot(state: Path) -> dict[str, Any]:
    (item,), _ = request(state, "snapshot")
    return item
