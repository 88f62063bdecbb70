"""containers.* on a real engine: what is restarted, what is spared, and what a command inside says."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace

import pytest

from handlers.containers.exec import Exec, ExecArgs
from handlers.containers.restart import Restart, RestartArgs
from handlers.containers.start import Start, StartArgs
from hooks.handler import Duration
from hooks.world.model import Container, World
from tests.handlers.contract import Notes
from tests.parts.docker.dockerd import Dockerd
from tests.parts.docker.on_engine import composed, ends, now, state
from tests.parts.process.gluehook import until

pytestmark = pytest.mark.docker


def until_it_ends(engine: Dockerd, name: str) -> None:
    with closing(engine.client()) as client:
        client.wait(name, timeout=10)


def test_a_running_container_is_restarted_once_for_one_event(engine: Dockerd) -> None:
    engine.run("box")
    before, ctx = state(engine, "box")["StartedAt"], now(engine)
    assert Restart().plan(RestartArgs("box"), ctx) == "container 'box' would be restarted"
    assert state(engine, "box")["StartedAt"] == before
    assert ends(Restart(), RestartArgs("box"), ctx) == ("changed", "container 'box' restarted")
    after = state(engine, "box")["StartedAt"]
    assert after > before
    status, said = ends(Restart(), RestartArgs("box"), ctx)
    assert (status, state(engine, "box")["StartedAt"]) == ("skipped", after), said
    assert "has started since the event" in said


def test_what_the_owner_stopped_stays_stopped(engine: Dockerd) -> None:
    engine.run("box")
    with closing(engine.client()) as client:
        client.stop("box")
    status, said = ends(Restart(), RestartArgs("box"), now(engine))
    assert (status, state(engine, "box")["Running"]) == ("skipped", False)
    assert "does not run" in said


def test_start_starts_what_does_not_run_and_leaves_alone_what_does(engine: Dockerd) -> None:
    engine.run("box")
    with closing(engine.client()) as client:
        client.stop("box")
    ctx = now(engine)
    assert ends(Start(), StartArgs("box"), ctx) == ("changed", "container 'box' started")
    assert state(engine, "box")["Running"]
    assert ends(Start(), StartArgs("box"), ctx)[0] == "unchanged"
    with closing(engine.client()) as client:
        client.stop("box")  # after the event: the owner's last word
    assert ends(Start(), StartArgs("box"), ctx)[0] == "skipped"
    assert not state(engine, "box")["Running"]


def test_a_container_that_ignores_its_stop_is_killed_after_the_stop_time_out(engine: Dockerd) -> None:
    ignores = "sh -c 'trap \"\" TERM; while :; do sleep 1; done'"
    engine.run("stubborn", ignores, stop_signal="TERM", stop_timeout=600)  # longer than the attempt may take
    began_s = time.monotonic()
    try:
        assert ends(Restart(), RestartArgs("stubborn", Duration(1.0)), now(engine))[0] == "changed"
        assert time.monotonic() - began_s > 0.9
    finally:
        with closing(engine.client()) as client:
            client.kill("stubborn")  # Podman removes what runs only after its own time-out


def test_a_dependent_is_left_alone_until_its_parent_is_healthy(engine: Dockerd) -> None:
    engine.run("vpn", healthcheck=engine.health())
    engine.run("dep", network="container:vpn")
    before = state(engine, "dep")["StartedAt"]
    word, said = ends(Restart(), RestartArgs("dep"), now(engine))
    assert (word, state(engine, "dep")["StartedAt"]) == ("Retry", before)
    assert "joins the network of 'vpn'" in said
    with closing(engine.client()) as client:
        client.stop("vpn")
    assert ends(Restart(), RestartArgs("dep"), now(engine))[0] == "skipped"
    assert (state(engine, "dep")["Running"], state(engine, "dep")["StartedAt"]) == (True, before)


def test_a_dependent_follows_its_parent_into_the_new_namespace(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("dep", network="container:vpn")
    with closing(engine.client()) as client:
        client.restart("vpn", timeout=0)
    assert ends(Restart(), RestartArgs("dep"), now(engine))[0] == "changed"
    assert state(engine, "dep")["Running"]


def test_a_dependent_whose_parent_was_recreated_needs_compose(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("dep", network="container:vpn", labels=composed("torrents"))
    before = state(engine, "dep")["StartedAt"]
    engine.remove("vpn")
    engine.run("vpn")
    word, said = ends(Restart(), RestartArgs("dep"), now(engine))
    assert (word, state(engine, "dep")["StartedAt"]) == ("GiveUp", before)
    assert "docker compose -f /srv/compose.yaml -p home up -d --force-recreate torrents" in said


def test_a_stranded_dependent_is_no_stopped_one(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("dep", network="container:vpn")
    with closing(engine.client()) as client:
        client.stop("vpn")
        with pytest.raises(Exception, match="cannot join network"):
            client.restart("dep", timeout=0)  # as a tool that does not look first would do
        assert not state(engine, "dep")["Running"]
        assert ends(Restart(), RestartArgs("dep"), now(engine))[0] == "skipped"  # the parent does not run
        client.start("vpn")
    assert ends(Restart(), RestartArgs("dep"), now(engine))[0] == "changed"
    assert state(engine, "dep")["Running"]


def test_what_crashed_after_our_restart_is_tried_again_and_not_taken_for_stopped(engine: Dockerd) -> None:
    engine.run("box", "sh -c 'test -e /go && exit 3; touch /go; sleep 1000'")
    until(lambda: engine.shell("box", "test -e /go") == 0, "it does not begin")
    ctx = replace(now(engine), wait=lambda _: until_it_ends(engine, "box"))
    word, said = ends(Restart(), RestartArgs("box"), ctx)
    assert (word, "exit code 3" in said) == ("Retry", True), said
    again, said = ends(Restart(), RestartArgs("box"), ctx)
    assert (again, "exit code 3" in said) == ("Retry", True), said


def test_one_container_is_restarted_five_times_an_hour_at_most(engine: Dockerd) -> None:
    engine.run("box")
    memory = Notes()
    assert [ends(Restart(), RestartArgs("box"), now(engine, memory=memory))[0] for _ in range(5)] == ["changed"] * 5
    before = state(engine, "box")["StartedAt"]
    first = ends(Restart(), RestartArgs("box"), now(engine, memory=memory))
    again = ends(Restart(), RestartArgs("box"), now(engine, memory=memory))
    assert (first[0], again[0], state(engine, "box")["StartedAt"]) == ("skipped", "skipped", before)
    assert "was restarted 5 times within an hour" in first[1]
    assert "still out of restarts" in again[1]
    assert len(again[1]) < len(first[1])
    later = replace(now(engine, memory=memory), now=lambda: time.time() + 3601)
    assert ends(Restart(), RestartArgs("box"), later)[0] == "changed"


def test_our_own_container_is_refused(engine: Dockerd) -> None:
    own_id = engine.run("gluehook")
    before = state(engine, "gluehook")["StartedAt"]
    for handler, args in (
        (Restart(), RestartArgs("gluehook")),
        (Start(), StartArgs("gluehook")),
        (Exec(), ExecArgs("gluehook", ["true"])),
    ):
        word, said = ends(handler, args, now(engine, own_id=own_id))
        assert (word, "gluehook runs in" in said) == ("GiveUp", True), said
    assert state(engine, "gluehook")["StartedAt"] == before


def test_an_unknown_name_is_named_with_the_one_that_was_meant(engine: Dockerd) -> None:
    world = World(containers={"gluetun": Container("gluetun", "1")})
    word, said = ends(Restart(), RestartArgs("glutun"), now(engine, world=world))
    assert (word, "'glutun'" in said, "did you mean 'gluetun'?" in said) == ("GiveUp", True, True)


def test_a_command_inside_is_judged_by_its_exit_code(engine: Dockerd) -> None:
    engine.run("box")
    ctx = now(engine)
    say = ["sh", "-c", 'echo first; echo "$GREETING from $(id -u) in $PWD"']
    done = ends(Exec(), ExecArgs("box", say, "7", "/tmp", {"GREETING": "hello"}), ctx)
    assert done == ("changed", "'sh' in container 'box' done; it said: hello from 7 in /tmp")
    word, said = ends(Exec(), ExecArgs("box", ["sh", "-c", "echo broken >&2; exit 4"]), ctx)
    assert (word, said) == ("Retry", "'sh' in container 'box' ended with exit code 4; it said: broken")
    assert ends(Exec(), ExecArgs("box", ["no-such-program"]), ctx)[0] == "GiveUp"


def test_what_a_quick_command_says_is_never_lost(engine: Dockerd) -> None:
    engine.run("box")
    ctx = now(engine)
    said = [ends(Exec(), ExecArgs("box", ["echo", f"line {n}"]), ctx)[1] for n in range(12)]
    assert said == [f"'echo' in container 'box' done; it said: line {n}" for n in range(12)]


@pytest.mark.parametrize("command", [["sleep", "30"], ["yes", "on and on"]], ids=["silent", "chatty"])
def test_a_command_that_takes_too_long_is_let_go(engine: Dockerd, command: list[str]) -> None:
    engine.run("box")
    began_s = time.monotonic()
    word, said = ends(Exec(), ExecArgs("box", command), now(engine, timeout_s=2.0))
    assert (word, "may still run inside" in said) == ("Retry", True), said
    assert time.monotonic() - began_s > 1.9


def test_nothing_is_run_in_a_container_that_does_not_run(engine: Dockerd) -> None:
    engine.run("box")
    with closing(engine.client()) as client:
        client.stop("box")
    assert Exec().plan(ExecArgs("box", ["true"]), now(engine)) is None
    assert ends(Exec(), ExecArgs("box", ["true"]), now(engine))[0] == "skipped"
