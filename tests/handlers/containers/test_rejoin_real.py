"""containers.rejoin on a real engine: who gets into the new namespace, who is left alone, who is only told of."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from docker.errors import APIError

from handlers.containers.rejoin import Rejoin, RejoinArgs
from handlers.containers.restart_budget import RestartBudget
from hooks.handler import Duration, Retry
from hooks.world.model import Container, World
from tests.handlers.contract import Notes
from tests.parts.docker.dockerd import Dockerd
from tests.parts.docker.on_engine import composed, ends, inspected, namespace, now, state

pytestmark = pytest.mark.docker

REPORT, RECREATE = RejoinArgs("vpn"), RejoinArgs("vpn", "recreate", Duration(0.0))


def restart(engine: Dockerd, *names: str) -> None:
    with closing(engine.client()) as client:
        for name in names:
            client.restart(name, timeout=0)


def recreate_vpn(engine: Dockerd, **config: Any) -> World:
    """Another container of that name; what gluehook then remembers of the one before."""
    old = inspected(engine, "vpn")["Id"]
    engine.remove("vpn")
    engine.run("vpn", **config)
    return World(earlier={"vpn": (old,)})


def rejoins(engine: Dockerd, args: RejoinArgs = REPORT, **more: Any) -> tuple[str, str]:
    return ends(Rejoin(), args, now(engine, **more))


def names(engine: Dockerd) -> set[str]:
    with closing(engine.client()) as client:
        return {one["Names"][0].lstrip("/") for one in client.containers(all=True)}


def test_after_a_restart_everyone_follows_and_the_second_look_finds_all_well(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("dep", network="container:vpn")
    engine.run("nested", network="container:dep")
    engine.run("other")
    restart(engine, "vpn")
    other, ctx = state(engine, "other"), now(engine)
    assert Rejoin().plan(REPORT, ctx) == "containers 'dep' and 'nested' would be restarted"
    assert namespace(engine, "dep") != namespace(engine, "vpn")
    done = "containers 'dep' and 'nested' restarted, in the network of 'vpn'"
    assert ends(Rejoin(), REPORT, ctx) == ("changed", done)
    assert {namespace(engine, name) for name in ("dep", "nested")} == {namespace(engine, "vpn")}
    assert state(engine, "nested")["StartedAt"] > state(engine, "dep")["StartedAt"], "or it were in the old one"
    assert state(engine, "other") == other
    assert rejoins(engine) == ("unchanged", "every container in the network of 'vpn' is attached to it")
    assert Rejoin().plan(REPORT, now(engine)) is None


def test_what_the_owner_stopped_or_paused_is_left_so(engine: Dockerd) -> None:
    engine.run("vpn")
    for name in ("stopped", "paused"):
        engine.run(name, network="container:vpn")
    with closing(engine.client()) as client:
        client.stop("stopped")
        client.pause("paused")
        restart(engine, "vpn")
        status, said = rejoins(engine)
    assert status == "skipped", "so that it is checked again"
    assert "container 'stopped' does not run and stays stopped" in said
    assert "container 'paused' is paused and stays so; it is checked again when that ends" in said
    assert not state(engine, "stopped")["Running"]


def test_a_stranded_one_is_started_though_it_does_not_run(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("dep", network="container:vpn")
    with closing(engine.client()) as client:
        client.stop("vpn")
        with pytest.raises(APIError, match="cannot join network"):
            client.restart("dep", timeout=0)  # as a program would that does not look first
        assert rejoins(engine)[0] == "skipped", "its parent does not run"
        assert not state(engine, "dep")["Running"]
        client.start("vpn")
    assert rejoins(engine) == ("changed", "container 'dep' started, in the network of 'vpn'")
    assert namespace(engine, "dep") == namespace(engine, "vpn")


def test_nobody_is_touched_before_the_parent_is_healthy(engine: Dockerd) -> None:
    engine.run("vpn", healthcheck=engine.health())
    engine.run("dep", network="container:vpn")
    restart(engine, "vpn")
    before = state(engine, "dep")["StartedAt"]
    word, said = rejoins(engine)
    assert (word, state(engine, "dep")["StartedAt"]) == ("Retry", before)
    assert "container 'vpn', whose network others share, is " in said


def test_after_a_recreation_others_are_given_time_and_then_the_owner_is_told_how(engine: Dockerd) -> None:
    engine.run("vpn")
    for name in ("torrents", "indexer"):
        engine.run(name, network="container:vpn", labels=composed(name, "vpn"))
    engine.run("byhand", network="container:vpn")
    before = state(engine, "torrents")["StartedAt"]
    memory, world = Notes(), recreate_vpn(engine)
    ctx = now(engine, memory=memory, world=world)
    with pytest.raises(Retry) as end:
        Rejoin().apply(REPORT, ctx)
    assert end.value.after == pytest.approx(60, abs=1)
    assert "Compose, or the tool that did it, has 60 s for that" in end.value.said
    later = replace(ctx, now=lambda: ctx.now() + 61)
    word, said = ends(Rejoin(), REPORT, later)
    assert word == "GiveUp"
    assert "run: docker compose -f /srv/compose.yaml -p home up -d --force-recreate indexer torrents" in said
    assert "run container 'byhand' again as at first, with --network container:vpn" in said
    assert state(engine, "torrents")["StartedAt"] == before


def test_what_compose_repairs_meanwhile_is_left_to_it(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("dep", network="container:vpn")
    memory, world = Notes(), recreate_vpn(engine)
    ctx = now(engine, memory=memory, world=world)
    assert ends(Rejoin(), replace(RECREATE, grace=Duration(60.0)), ctx)[0] == "Retry"
    engine.remove("dep")
    ident = engine.run("dep", network="container:vpn")
    later = replace(ctx, now=lambda: ctx.now() + 61)
    assert ends(Rejoin(), replace(RECREATE, grace=Duration(60.0)), later)[0] == "unchanged"
    assert inspected(engine, "dep")["Id"] == ident


def test_with_leave_to_do_so_they_are_recreated_in_order(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("dep", network="container:vpn")
    engine.run("nested", network="container:dep")
    world = recreate_vpn(engine)
    ctx = now(engine, world=world)
    assert Rejoin().plan(RECREATE, ctx) == "containers 'dep' and 'nested' would be re-created"
    done = "containers 'dep' and 'nested' re-created, in the network of 'vpn'"
    assert ends(Rejoin(), RECREATE, ctx) == ("changed", done)
    assert {namespace(engine, name) for name in ("dep", "nested")} == {namespace(engine, "vpn")}
    assert names(engine) == {"vpn", "dep", "nested"}
    assert rejoins(engine, RECREATE, world=world)[0] == "unchanged"


def test_a_crash_after_the_recreation_of_the_parent_is_no_stop_of_the_owners(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("dep", network="container:vpn")
    world = recreate_vpn(engine)
    with closing(engine.client()) as client, pytest.raises(APIError, match="No such container"):
        client.restart("dep", timeout=0)
    assert rejoins(engine, RECREATE, world=world)[0] == "changed"
    assert namespace(engine, "dep") == namespace(engine, "vpn")


def test_by_composes_labels_where_no_id_is_remembered(engine: Dockerd) -> None:
    engine.run("vpn", labels=composed("tunnel"))
    engine.run("composed", network="container:vpn", labels=composed("composed", "tunnel"))
    engine.run("byhand", network="container:vpn")  # the id that both name was vpn's, as the other's labels tell
    recreate_vpn(engine, labels=composed("tunnel"))
    engine.run("stranger")
    engine.run("lost", network="container:stranger")
    engine.remove("stranger")
    status, said = rejoins(engine, RECREATE)
    assert (status, said.partition("; ")[0]) == (
        "changed", "containers 'byhand' and 'composed' re-created, in the network of 'vpn'",
    )  # fmt: skip
    assert "container 'lost' joins a container that no longer exists, and it is not known which one that was" in said
    assert {namespace(engine, name) for name in ("byhand", "composed")} == {namespace(engine, "vpn")}


def test_whom_the_parent_has_only_lent_its_name_is_not_its_own(engine: Dockerd) -> None:
    old = engine.run("vpn")
    engine.run("dep", network="container:vpn")
    with closing(engine.client()) as client:
        client.rename("vpn", "spare")
    engine.run("vpn")
    assert rejoins(engine, RECREATE, world=World(earlier={"vpn": (old,)}))[0] == "unchanged"
    assert namespace(engine, "dep") == namespace(engine, "spare")


def test_one_that_goes_when_it_stops_is_restarted_and_never_recreated(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("dep", network="container:vpn", host={"auto_remove": True})
    restart(engine, "vpn")
    # only planned: Docker 20.10 may remove one that is restarted, or never end its removal (moby restores AutoRemove
    # before its exit is handled); test_dependents.py applies it to an engine that does not
    assert Rejoin().plan(REPORT, now(engine)) == "container 'dep' would be restarted"
    word, said = rejoins(engine, RECREATE, world=recreate_vpn(engine))
    assert (word, "run container 'dep' again as at first" in said) == ("GiveUp", True), said
    assert state(engine, "dep")["Running"]


def test_gluehook_itself_and_a_swarms_tasks_are_left_to_others(engine: Dockerd) -> None:
    engine.run("vpn")
    own_id = engine.run("gluehook", network="container:vpn")
    engine.run("task", network="container:vpn", labels={"com.docker.swarm.task.id": "1"})
    before = {name: state(engine, name) for name in ("gluehook", "task")}
    restart(engine, "vpn")
    word, said = rejoins(engine, own_id=own_id)
    assert (word, "run: docker restart gluehook" in said) == ("GiveUp", True), said
    assert "container 'task' is a task of a swarm" in said
    assert {name: state(engine, name) for name in before} == before


def test_nobody_is_restarted_to_death(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("dep", network="container:vpn")
    memory = Notes()
    ctx = now(engine, memory=memory)
    for _ in range(5):
        RestartBudget("dep", ctx).spend()
    restart(engine, "vpn")
    first, again = ends(Rejoin(), REPORT, ctx), ends(Rejoin(), REPORT, ctx)
    assert (first[0], again[0]) == ("skipped", "skipped")
    assert "was restarted 5 times within an hour" in first[1]
    assert "still out of restarts" in again[1]
    fresh = now(engine)
    assert ends(Rejoin(), REPORT, fresh)[0] == "changed"
    assert len(RestartBudget("dep", fresh).spent) == 1


def test_a_parent_in_anothers_network_is_refused_with_the_one_that_is_meant(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("dep", network="container:vpn")
    engine.run("nested", network="container:dep")
    word, said = rejoins(engine, RejoinArgs("nested"))
    assert (word, said) == (
        "GiveUp", "container 'nested' has no network of its own, it joins that of 'vpn'; name that in `of`",
    )  # fmt: skip


def test_a_circle_is_told(engine: Dockerd) -> None:
    with closing(engine.client()) as client:
        for name, other in (("one", "two"), ("two", "three"), ("three", "one")):
            host = client.create_host_config(network_mode=f"container:{other}")
            client.create_container("busybox-gluehook", "sleep 9", name=name, host_config=host)
    word, said = rejoins(engine, RejoinArgs("one"))
    assert (word, "containers 'one', 'two', 'three' join each other's network in a circle" in said) == (
        "GiveUp",
        True,
    ), said


def test_a_parent_that_is_being_recreated_is_waited_for(engine: Dockerd) -> None:
    old = engine.run("vpn")
    engine.run("dep", network="container:vpn")
    engine.remove("vpn")
    said = "container 'vpn' is gone; the containers that share its network are handled when it is back"
    world = World(containers={"vpn": Container("vpn", old)})
    assert rejoins(engine, world=world) == ("skipped", said)


def test_an_unknown_parent_is_named(engine: Dockerd) -> None:
    word, said = rejoins(engine, RejoinArgs("nobody"))
    assert (word, "Docker knows no container 'nobody'" in said) == ("GiveUp", True), said


def test_what_an_earlier_attempt_of_the_run_did_is_told_at_its_end(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("gone", network="container:vpn")
    world, memory = recreate_vpn(engine), Notes()
    engine.run("here", network="container:vpn")
    restart(engine, "vpn")
    ctx = now(engine, memory=memory, world=world)
    assert ends(Rejoin(), replace(RECREATE, grace=Duration(60.0)), ctx)[0] == "Retry"
    engine.remove("gone")
    done = ("changed", "container 'here' restarted, in the network of 'vpn'")
    assert ends(Rejoin(), RECREATE, ctx) == done
    assert ends(Rejoin(), RECREATE, replace(ctx, run="run-2"))[0] == "unchanged"


def test_a_member_of_anothers_network_has_none_of_its_own(engine: Dockerd) -> None:
    """Why a re-creation need not carry over addresses and aliases: there can be none."""
    engine.run("vpn")
    engine.run("dep", network="container:vpn")
    assert inspected(engine, "dep")["NetworkSettings"]["Networks"] == {}
    with closing(engine.client()) as client:
        network = client.create_network("lan")
        try:
            with pytest.raises(APIError, match="cannot be connected to any other network"):
                client.connect_container_to_network("dep", "lan")
        finally:
            client.remove_network(network["Id"])
