"""What raw events change in the world, and what of it is kept and saved. Every instant is given."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hooks.world import saved
from hooks.world.changes import all_containers
from hooks.world.model import Container, World
from hooks.world.raw_events import after_event
from tests.parts.values.world_events import after, happened

A, B, C = "a" * 64, "b" * 64, "c" * 64


def test_events_lead_through_a_container_s_life() -> None:
    world = after(happened("start", "web", A, 10), happened("unhealthy", "web", A, 20))
    assert (world.containers["web"].running, world.containers["web"].health) == (True, "unhealthy")
    world = after(happened("die", "web", A, 30, exit_code=137), world=world)
    web = world.containers["web"]
    assert (web.running, web.health, web.finished_at, web.exit_code) == (False, "", 30, 137)
    assert "web" not in after(happened("destroy", "web", A, 40), world=world).containers


def test_a_healthy_container_runs() -> None:
    assert after(happened("healthy", "web", A, 5)).containers["web"].running


@pytest.mark.parametrize("word", ["create", "oom", "kill", "exec_start", "top"])
def test_other_events_change_nothing(word: str) -> None:
    world = after(happened("start", "web", A, 10))
    assert after_event(world, happened(word, "web", A, 20)) is world


def test_past_events_sent_again_change_nothing() -> None:
    world = after(happened("start", "web", A, 10), happened("die", "web", A, 20), happened("start", "web", A, 30))
    for old in (happened("die", "web", A, 20), happened("unhealthy", "web", A, 15), happened("die", "web", B, 25)):
        assert after_event(world, old) is world
    dead = after(happened("die", "web", A, 40), world=world)
    assert after_event(dead, happened("start", "web", A, 30)) is dead


def test_the_end_of_the_old_container_does_not_touch_the_new_one_of_its_name() -> None:
    world = after(happened("start", "web", B, 30))
    assert after_event(world, happened("destroy", "web", A, 31)) is world
    assert after_event(world, happened("rename", "web.old", A, 32, old_name="web")) is world


def test_names_are_swapped_through_a_third_name() -> None:
    world = after(happened("start", "dep", A, 10), happened("start", "dep.recreate", B, 20))
    world = after(
        happened("rename", "dep.old", A, 30, old_name="dep"),
        happened("rename", "dep", B, 40, old_name="dep.recreate"), world=world,
    )  # fmt: skip
    assert {name: c.id for name, c in world.containers.items()} == {"dep.old": A, "dep": B}


def test_previous_ids_of_a_name_are_kept_the_latest_first_up_to_a_bound() -> None:
    world = after(happened("start", "vpn", A, 10), happened("die", "vpn", A, 20))
    assert (world.earlier, world.ids()) == ({}, {"vpn": (A,)})
    assert after(happened("destroy", "vpn", A, 21), world=world).ids() == {"vpn": (A,)}
    world = after(happened("destroy", "vpn", A, 21), happened("start", "vpn", B, 30), world=world)
    assert (world.earlier, world.ids()) == ({"vpn": (A,)}, {"vpn": (B, A)})
    world = after(happened("start", "vpn", C, 40), happened("start", "vpn", B, 50), world=world)
    assert world.earlier == {"vpn": (C, A)}, "the one that it has now is no earlier one"
    for number in range(20):
        world = after(happened("start", "vpn", f"{number:064d}", 60 + number), world=world)
    assert world.earlier["vpn"] == tuple(f"{number:064d}" for number in range(18, 10, -1))
    assert after(happened("die", "vpn", f"{19:064d}", 90), world=world).earlier == world.earlier
    for number in range(300):
        world = after(happened("start", f"c{number}", A, 1), happened("start", f"c{number}", B, 2), world=world)
    assert len(world.earlier) == 200


def test_an_id_that_only_a_resync_found_gone_is_kept_too() -> None:
    world = after(happened("start", "vpn", A, 10))
    found = {"vpn": Container("vpn", B, running=True, started_at=20)}
    assert all_containers(world, found)(world).earlier == {"vpn": (A,)}


def test_a_new_name_takes_over_no_ids() -> None:
    world = after(happened("start", "vpn", A, 10), happened("rename", "vpn.old", A, 20, old_name="vpn"))
    assert world.earlier == {}
    assert after(happened("start", "vpn", B, 30), world=world).earlier == {"vpn": (A,)}


def test_previous_ids_are_saved_and_loaded() -> None:
    world = after(happened("start", "vpn", A, 10), happened("start", "vpn", B, 20))
    kept = json.loads(json.dumps(saved.dump(world)))
    assert saved.load(kept, World()) == world
    del kept["earlier"]  # as a version before this one has written it
    assert saved.load(kept, World()) == replace(world, earlier={})


def test_free_names_are_kept_up_to_a_bound() -> None:
    world = World()
    for number in range(500):
        ident = f"{number:064d}"
        world = after(
            happened("start", f"c{number}", ident, 1), happened("destroy", f"c{number}", ident, 2), world=world
        )
    assert not world.containers
    assert len(world.former) == 200
    assert "c499" in world.former
