"""containers.rejoin on a real engine, at a later look: what was left alone, what others did, what was seen before."""

from __future__ import annotations

import os
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
import requests
from docker.errors import APIError

from handlers.containers import others_restarts
from handlers.containers.rejoin import Rejoin, RejoinArgs
from handlers.containers.restart import Restart, RestartArgs
from handlers.containers.restart_attempt import SETTLE_S
from handlers.containers.restart_budget import RestartBudget
from hooks.docker.container import DEFAULT_STOP_TIMEOUT_S
from hooks.events.catalogue import Event
from hooks.handler import Duration
from hooks.world.model import World
from tests.handlers.contract import Notes
from tests.parts.docker.dockerd import Dockerd
from tests.parts.docker.on_engine import composed, ends, inspected, namespace, now, state
from tests.parts.process.gluehook import until

pytestmark = pytest.mark.docker

REPORT, RECREATE = RejoinArgs("vpn"), RejoinArgs("vpn", "recreate", Duration(0.0))


def restart(engine: Dockerd, name: str, timeout_s: int = 0) -> None:
    with closing(engine.client()) as client:
        client.restart(name, timeout=timeout_s)


def test_one_that_was_paused_is_brought_in_when_it_is_unpaused(engine: Dockerd) -> None:
    engine.run("vpn")
    for name in ("paused", "runs"):
        engine.run(name, network="container:vpn")
    with closing(engine.client()) as client:
        client.pause("paused")
        restart(engine, "vpn")
        first, again = Rejoin().apply(REPORT, now(engine)), Rejoin().apply(REPORT, now(engine))
        assert (first.status, first.again) == ("changed", True), "the next resync looks again"
        assert again.status == "skipped"
        assert "container 'paused' is paused and stays so; it is checked again when that ends" in again.said
        client.unpause("paused")
    ctx = now(engine, event=Event("container.unpause", "paused", 1))
    assert Rejoin().apply(REPORT, ctx).said == "container 'paused' restarted, in the network of 'vpn'"
    assert namespace(engine, "paused") == namespace(engine, "vpn")
    assert not Rejoin().apply(REPORT, ctx).again


def test_one_that_waits_for_another_is_brought_in_when_that_runs(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("dep", network="container:vpn")
    engine.run("nested", network="container:dep")
    with closing(engine.client()) as client:
        client.stop("dep")
        restart(engine, "vpn")
        outcome = Rejoin().apply(REPORT, now(engine))
        assert (outcome.status, "container 'nested' waits for 'dep', which does not run" in outcome.said) == (
            "skipped", True,
        )  # fmt: skip
        client.start("dep")
    assert Rejoin().apply(REPORT, now(engine)).said == "container 'nested' restarted, in the network of 'vpn'"


def test_what_happens_elsewhere_waits_for_no_parent_that_is_not_ready(engine: Dockerd) -> None:
    engine.run("vpn", healthcheck=engine.health())
    engine.run("dep", network="container:vpn")
    ctx = now(engine, event=Event("container.unpause", "dep", 1))
    assert ends(Rejoin(), REPORT, ctx)[0] == "skipped"
    own = replace(ctx, event=Event("container.unpause", "vpn", 1))
    assert ends(Rejoin(), REPORT, own)[0] == "Retry"


@pytest.mark.parametrize("condition", ["service_healthy:true", "service_started:true"])
def test_what_compose_restarts_at_the_same_time_is_restarted_once(engine: Dockerd, condition: str) -> None:
    engine.run("vpn", labels=composed("vpn"))
    labels = {**composed("dep"), "com.docker.compose.depends_on": f"db:service_started:false,vpn:{condition}"}
    engine.run("dep", network="container:vpn", labels=labels)
    restart(engine, "vpn")
    waits: list[float] = []

    def compose_restarts_it(wait_s: float) -> None:
        waits.append(wait_s)
        restart(engine, "dep")

    ctx = replace(now(engine), wait=compose_restarts_it)
    assert ends(Rejoin(), REPORT, ctx) == (
        "unchanged", "container 'dep' has been started meanwhile; it is left as it is",
    )  # fmt: skip
    assert (waits, RestartBudget("dep", ctx).spent) == ([0.3], [])
    assert namespace(engine, "dep") == namespace(engine, "vpn")


def test_one_that_compose_is_stopping_is_left_to_it_however_long_that_takes(engine: Dockerd) -> None:
    slow = "trap 'while [ ! -e /go ]; do sleep 0.1; done; exit' TERM; touch /ready; while :; do sleep 0.1; done"
    engine.run("vpn", labels=composed("vpn"))
    engine.run("dep", ["sh", "-c", slow], network="container:vpn", labels=composed("dep", "vpn"), stop_signal="TERM")
    until(lambda: engine.shell("dep", "test -e /ready") == 0, "it does not begin")
    restart(engine, "vpn")
    with closing(engine.client()) as client, ThreadPoolExecutor(1) as compose:
        signals = client.events(filters={"container": "dep", "event": "kill"}, decode=True)
        restarts: list[Future[None]] = []

        def compose_stops_it(_: float) -> None:
            restarts.append(compose.submit(restart, engine, "dep", 60))
            next(signals)

        try:
            assert ends(Rejoin(), REPORT, replace(now(engine), wait=compose_stops_it)) == (
                "Retry",
                "container 'dep' is being stopped by Compose or by somebody else; it is checked again",
            )
            assert len(restarts) == 1, "one look was enough"
        finally:
            engine.shell("dep", "touch /go")
            signals.close()
        restarts[0].result(30)
    assert ends(Rejoin(), REPORT, now(engine))[0] == "unchanged"
    assert namespace(engine, "dep") == namespace(engine, "vpn")


def test_after_a_crash_of_the_parent_nobody_is_waited_for(engine: Dockerd) -> None:
    engine.run("vpn", "sh -c 'trap exit TERM; sleep 1000 & wait'", labels=composed("vpn"),
               host={"restart_policy": {"Name": "always"}}, stop_signal="TERM")  # fmt: skip
    engine.run("dep", network="container:vpn", labels=composed("dep", "vpn"))
    before = state(engine, "vpn")["StartedAt"]
    os.kill(int(state(engine, "vpn")["Pid"]), signal.SIGKILL)
    until(lambda: state(engine, "vpn")["Running"] and state(engine, "vpn")["StartedAt"] != before, "it is not back")
    waits: list[float] = []
    ctx = replace(now(engine), wait=waits.append)
    assert ends(Rejoin(), REPORT, ctx) == ("changed", "container 'dep' restarted, in the network of 'vpn'")
    assert waits == [SETTLE_S]


def test_after_a_restart_by_gluehook_itself_nobody_is_waited_for(engine: Dockerd) -> None:
    engine.run("vpn", labels=composed("vpn"))
    engine.run("dep", network="container:vpn", labels=composed("dep", "vpn"))
    memory, waits = Notes(), list[float]()
    assert ends(Restart(), RestartArgs("vpn"), now(engine, memory=memory))[0] == "changed"
    assert ends(Rejoin(), REPORT, replace(now(engine, memory=memory), wait=waits.append))[0] == "changed"
    assert waits == [SETTLE_S]


def test_one_that_its_owner_stops_meanwhile_is_not_started_again(engine: Dockerd) -> None:
    engine.run("vpn", labels=composed("vpn"))
    engine.run("dep", network="container:vpn", labels=composed("dep", "vpn"))
    restart(engine, "vpn")
    with closing(engine.client()) as client:
        ctx = replace(now(engine), wait=lambda _: client.stop("dep"))
        assert ends(Rejoin(), REPORT, ctx)[0] == "Retry"
    assert ends(Rejoin(), REPORT, now(engine)) == (
        "unchanged", "container 'dep' does not run and stays stopped",
    )  # fmt: skip


def test_one_that_took_a_signal_long_ago_and_runs_on_is_restarted(
    engine: Dockerd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(others_restarts, "_KILLED_AFTER_S", -DEFAULT_STOP_TIMEOUT_S)  # as if that time were over
    engine.run("vpn", labels=composed("vpn"))
    engine.run("dep", network="container:vpn", labels=composed("dep", "vpn"))
    with closing(engine.client()) as client:
        client.kill("dep", "HUP")
    restart(engine, "vpn")
    assert ends(Rejoin(), REPORT, now(engine)) == ("changed", "container 'dep' restarted, in the network of 'vpn'")


def test_one_that_compose_does_not_restart_by_itself_is_restarted(engine: Dockerd) -> None:
    engine.run("vpn", labels=composed("vpn"))
    engine.run("dep", network="container:vpn", labels=composed("dep", "vpn"))
    restart(engine, "vpn")
    assert ends(Rejoin(), REPORT, now(engine)) == ("changed", "container 'dep' restarted, in the network of 'vpn'")


def clock_set_back(monkeypatch: pytest.MonkeyPatch, **seconds: int) -> None:
    """Let an inspect show starts of these containers so many seconds later than they were."""
    from hooks.docker import container

    real = container.inspected

    def shown(raw: dict[str, Any]) -> container.InspectedContainer:
        seen = real(raw)
        return replace(seen, started_at=seen.started_at + seconds.get(seen.name, 0) * 10**9)

    monkeypatch.setattr("handlers.shared.docker.inspected", shown)


def test_a_parent_that_started_before_the_clock_was_set_back_costs_one_restart(
    engine: Dockerd, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.run("vpn")
    engine.run("dep", network="container:vpn")
    clock_set_back(monkeypatch, vpn=7200)
    memory = Notes()
    assert ends(Rejoin(), REPORT, now(engine, memory=memory))[0] == "changed", "the times say so"
    started = state(engine, "dep")["StartedAt"]
    for _ in "123":
        assert ends(Rejoin(), REPORT, now(engine, memory=memory))[0] == "unchanged"
    assert state(engine, "dep")["StartedAt"] == started


def test_a_parent_that_restarts_after_the_clock_was_set_back_is_followed(
    engine: Dockerd, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.run("vpn")
    engine.run("dep", network="container:vpn")
    clock_set_back(monkeypatch, dep=7200)
    memory = Notes()
    assert ends(Rejoin(), REPORT, now(engine, memory=memory))[0] == "unchanged"
    restart(engine, "vpn")
    assert ends(Rejoin(), REPORT, now(engine, memory=memory))[0] == "changed"
    assert namespace(engine, "dep") == namespace(engine, "vpn")
    assert ends(Rejoin(), REPORT, now(engine, memory=memory))[0] == "unchanged"


def test_a_recreation_after_the_clock_was_set_back_is_done_once(
    engine: Dockerd, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = engine.run("vpn")
    engine.run("dep", network="container:vpn")
    engine.run("nested", network="container:dep")
    engine.remove("vpn")
    engine.run("vpn")
    clock_set_back(monkeypatch, vpn=7200)
    memory, world = Notes(), World(earlier={"vpn": (old,)})
    assert ends(Rejoin(), RECREATE, now(engine, memory=memory, world=world))[0] == "changed"
    ident = inspected(engine, "dep")["Id"]
    assert ends(Rejoin(), RECREATE, now(engine, memory=memory, world=world))[0] == "unchanged"
    assert inspected(engine, "dep")["Id"] == ident


def test_health_warns_while_containers_are_known_to_be_cut_off(engine: Dockerd) -> None:
    old = engine.run("vpn")
    engine.run("dep", network="container:vpn", labels=composed("dep", "vpn"))
    engine.remove("vpn")
    engine.run("vpn")
    memory, world = Notes(), World(earlier={"vpn": (old,)})
    now_and = {"memory": memory, "world": world}
    assert ends(Rejoin(), RejoinArgs("vpn"), now(engine, **now_and))[0] == "Retry"
    assert "warning:containers.rejoin:vpn" not in memory.values, "Compose may be about to do it"
    word, said = ends(Rejoin(), RejoinArgs("vpn", grace=Duration(0.0)), now(engine, **now_and))
    assert (word, memory.values["warning:containers.rejoin:vpn"]) == ("GiveUp", said)
    engine.remove("dep")
    engine.run("dep", network="container:vpn", labels=composed("dep", "vpn"))
    assert ends(Rejoin(), REPORT, now(engine, **now_and))[0] == "unchanged"
    assert "warning:containers.rejoin:vpn" not in memory.values


def test_what_docker_refuses_to_recreate_comes_with_the_command(engine: Dockerd) -> None:
    old = engine.run("vpn")
    labels = {**composed("dep", "vpn"), "com.docker.compose.version": "2.40.3"}
    engine.run("dep", network="container:vpn", labels=labels)
    engine.run("byhand", network="container:vpn")
    engine.remove("vpn")
    engine.run("vpn")
    ctx = now(engine, world=World(earlier={"vpn": (old,)}))

    def refuses(timeout_s: float) -> Any:
        client = ctx.docker(timeout_s)
        client.create_container_from_config = _refuse
        return client

    word, said = ends(Rejoin(), RECREATE, replace(ctx, docker=refuses))
    assert word == "GiveUp"
    assert (
        "cannot re-create container 'dep': Docker refuses it with 400: no; "
        "run: docker compose -f /srv/compose.yaml -p home up -d dep"
    ) in said
    assert "run container 'byhand' again as at first, with --network container:vpn" in said
    assert state(engine, "dep")["Running"]


def _refuse(*_: Any) -> None:
    answer = requests.Response()
    answer.status_code = 400
    raise APIError("no", response=answer, explanation="no")
