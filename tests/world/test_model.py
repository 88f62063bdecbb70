"""What is believed, and the events that each change of it means. All instants are given; none is taken."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hooks.events.catalogue import Event
from hooks.world import saved as remembered
from hooks.world.changes import addresses_of, all_containers, some_containers
from hooks.world.model import Container, PortFile, World, after_event, diff, lasts, present
from hooks.world.tracker import Tracker

A, B, C = "a" * 64, "b" * 64, "c" * 64


def happened(word: str, name: str, ident: str, at: int, **data: Any) -> Event:
    return Event(f"container.{word}", name, at, "docker", data={"container": name, "id": ident, **data})


def after(*events: Event, world: World | None = None) -> World:
    world = world or World()
    for event in events:
        world = after_event(world, event)
    return world


class Told:
    """A tracker and what it posted."""

    def __init__(self, world: World | None = None) -> None:
        self.events: list[Event] = []
        self.tracker = Tracker(world or World(), self.events.append, lambda: 1_000)

    def tell(self, *events: Event) -> list[str]:
        return self._new(lambda: [self.tracker.apply(event) for event in events])

    def look(self, change: Callable[[World], World]) -> list[str]:
        return self._new(lambda: self.tracker.update(change))

    def resync(self, change: Callable[[World], World]) -> list[str]:
        return self._new(lambda: self.tracker.resync(change))

    def file(self, *ports: int, mtime: int, reason: str = "") -> list[str]:
        file = PortFile(ports, reason, str(mtime), mtime)
        return self._new(lambda: self.tracker.update(lambda world: replace(world, file=file), "live"))

    def _new(self, act: Callable[[], object]) -> list[str]:
        before = len(self.events)
        act()
        return [event.type for event in self.events[before:]]


# -- following raw events ------------------------------------------------------------------


def test_a_life() -> None:
    world = after(happened("start", "web", A, 10), happened("unhealthy", "web", A, 20))
    assert (world.containers["web"].running, world.containers["web"].health) == (True, "unhealthy")
    world = after(happened("die", "web", A, 30, exit_code=137), world=world)
    web = world.containers["web"]
    assert (web.running, web.health, web.finished_at, web.exit_code) == (False, "", 30, 137)
    assert "web" not in after(happened("destroy", "web", A, 40), world=world).containers


def test_who_is_healthy_runs() -> None:
    assert after(happened("healthy", "web", A, 5)).containers["web"].running


@pytest.mark.parametrize("word", ["create", "oom", "kill", "exec_start", "pause", "top"])
def test_other_events_change_nothing(word: str) -> None:
    world = after(happened("start", "web", A, 10))
    assert after_event(world, happened(word, "web", A, 20)) is world


def test_the_past_told_again_changes_nothing() -> None:
    world = after(happened("start", "web", A, 10), happened("die", "web", A, 20), happened("start", "web", A, 30))
    for old in (happened("die", "web", A, 20), happened("unhealthy", "web", A, 15), happened("die", "web", B, 25)):
        assert after_event(world, old) is world
    dead = after(happened("die", "web", A, 40), world=world)
    assert after_event(dead, happened("start", "web", A, 30)) is dead


def test_the_end_of_the_old_one_does_not_touch_the_new_one_of_the_name() -> None:
    world = after(happened("start", "web", B, 30))
    assert after_event(world, happened("destroy", "web", A, 31)) is world
    assert after_event(world, happened("rename", "web.old", A, 32, old_name="web")) is world


def test_names_swapped_through_a_third() -> None:
    world = after(happened("start", "dep", A, 10), happened("start", "dep.recreate", B, 20))
    world = after(
        happened("rename", "dep.old", A, 30, old_name="dep"),
        happened("rename", "dep", B, 40, old_name="dep.recreate"), world=world,
    )  # fmt: skip
    assert {name: c.id for name, c in world.containers.items()} == {"dep.old": A, "dep": B}


def test_the_ids_that_a_name_had_are_remembered_the_latest_first_and_not_for_ever() -> None:
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


def test_an_id_that_only_a_look_has_seen_go_is_remembered_too() -> None:
    world = after(happened("start", "vpn", A, 10))
    found = {"vpn": Container("vpn", B, running=True, started_at=20)}
    assert all_containers(world, found)(world).earlier == {"vpn": (A,)}


def test_a_new_name_takes_over_no_ids() -> None:
    world = after(happened("start", "vpn", A, 10), happened("rename", "vpn.old", A, 20, old_name="vpn"))
    assert world.earlier == {}
    assert after(happened("start", "vpn", B, 30), world=world).earlier == {"vpn": (A,)}


def test_the_ids_outlive_gluehook() -> None:
    world = after(happened("start", "vpn", A, 10), happened("start", "vpn", B, 20))
    saved = json.loads(json.dumps(remembered.dump(world)))
    assert remembered.load(saved, World()) == world
    del saved["earlier"]  # as a version before this one has written it
    assert remembered.load(saved, World()) == replace(world, earlier={})


def test_names_that_were_left_are_remembered_but_not_for_ever() -> None:
    world = World()
    for number in range(500):
        ident = f"{number:064d}"
        world = after(
            happened("start", f"c{number}", ident, 1), happened("destroy", f"c{number}", ident, 2), world=world
        )
    assert not world.containers
    assert len(world.former) == 200
    assert "c499" in world.former


# -- what follows from them ------------------------------------------------------------------


def test_recreated_the_way_compose_does_it() -> None:
    told = Told()
    told.tell(happened("start", "dns", A, 10), happened("die", "dns", A, 20), happened("destroy", "dns", A, 21))
    assert told.tell(happened("start", "dns", B, 30)) == ["container.start", "container.recreated"]
    assert told.events[-1].data["old_id"] == A
    assert told.tell(happened("die", "dns", B, 40), happened("start", "dns", B, 50))[-1] == "container.start"


def test_recreated_by_renaming() -> None:
    told = Told()
    told.tell(happened("start", "dep", A, 10), happened("start", "dep.recreate", B, 20))
    assert told.tell(happened("rename", "dep.old", A, 30, old_name="dep")) == ["container.rename"]
    assert told.tell(happened("rename", "dep", B, 40, old_name="dep.recreate")) == [
        "container.rename",
        "container.recreated",
    ]


def test_an_address_is_compared_with_the_last_known_one() -> None:
    told = Told()
    told.tell(happened("start", "dns", A, 10))
    assert told.look(addresses_of(Container("dns", A, addresses={"lan": "10.0.0.2"}))) == []
    told.tell(happened("die", "dns", A, 20))
    assert told.look(addresses_of(Container("dns", A))) == [], "stopped: it has none"
    assert told.tell(happened("start", "dns", A, 30)) == ["container.start"]
    assert told.look(addresses_of(Container("dns", A, addresses={"lan": "10.0.0.3"}))) == ["container.ip_changed"]
    assert told.events[-1].data | {"labels": 0} == {
        "container": "dns", "id": A, "image": "", "labels": 0, "network": "lan", "ip": "10.0.0.3", "old_ip": "10.0.0.2",
    }  # fmt: skip
    assert told.look(addresses_of(Container("dns", B, addresses={"lan": "10.0.0.4"}))) == [], "another's"


def test_what_costs_nothing_is_posted_alone() -> None:
    told = Told(World(containers={f"c{n}": Container(f"c{n}", A) for n in range(3)}))
    before = told.tracker.world
    assert told.tell(happened("oom", "c1", A, 5)) == ["container.oom"]
    assert told.tracker.world is before


# -- looking -----------------------------------------------------------------------------------


def test_a_resync_tells_every_state_and_each_once() -> None:
    told = Told()
    found = {"web": Container("web", A, running=True, health="unhealthy", started_at=7), "off": Container("off", B)}
    assert told.resync(all_containers(World(), found)) == ["container.start", "container.unhealthy"]
    assert [event.time for event in told.events] == [7, 7]
    assert told.resync(all_containers(told.tracker.world, found)) == ["container.start", "container.unhealthy"]
    assert {event.origin for event in told.events} == {"resync"}


def test_a_resync_tells_what_ended_meanwhile() -> None:
    told = Told(after(happened("start", "web", A, 10), happened("start", "dns", B, 10)))
    dead = Container("web", A, running=False, finished_at=15, exit_code=3)
    assert told.resync(all_containers(told.tracker.world, {"web": dead})) == ["container.die", "container.destroy"]
    assert (told.events[0].time, told.events[0].data["exit_code"]) == (15, 3)


def test_a_restart_that_nobody_saw_is_told_by_a_look() -> None:
    told = Told(after(happened("start", "vpn", A, 10), happened("healthy", "vpn", A, 11)))
    same = told.tracker.world.containers["vpn"]
    assert told.look(some_containers(told.tracker.world, {"vpn": same})) == []
    again = replace(same, started_at=50)
    assert told.look(some_containers(told.tracker.world, {"vpn": again})) == ["container.start", "container.healthy"]


def test_what_an_event_told_during_a_look_is_newer_than_the_look() -> None:
    told = Told(after(happened("start", "vpn", A, 10), happened("start", "web", B, 10)))
    before = told.tracker.world
    told.tell(happened("unhealthy", "vpn", A, 20), happened("start", "new", C, 21))
    found = {"vpn": replace(before.containers["vpn"], health="healthy")}
    assert told.look(all_containers(before, found)) == ["container.destroy"], "web is gone; vpn and new are newer"
    assert told.tracker.world.containers["vpn"].health == "unhealthy"
    assert told.look(some_containers(before, {"vpn": None})) == []


def test_a_state_is_asked_for_by_the_event_that_began_it() -> None:
    bad, good = happened("unhealthy", "vpn", A, 20), happened("healthy", "vpn", A, 30)
    world = after(happened("start", "vpn", A, 10), bad)
    assert lasts(world, bad)
    assert not lasts(world, good)
    assert not lasts(World(), bad)
    assert lasts(World(), happened("die", "vpn", A, 5))


# -- gluetun's port ------------------------------------------------------------------------------


def test_the_port_is_told_whenever_it_is_written() -> None:
    told = Told(after(happened("start", "gluetun", A, 10)))
    assert told.file(5000, mtime=20) == ["port.forwarded"]
    assert told.file(5000, mtime=20) == []
    assert told.file(5000, mtime=30) == ["port.forwarded"]
    assert told.events[-1].data["old_port"] == 5000
    assert told.file(mtime=40) == ["port.cleared"]
    assert told.file(mtime=50) == []
    assert told.file(mtime=60, reason="it is text") == ["port.invalid"]


def test_the_port_holds_only_while_gluetun_runs() -> None:
    told = Told(after(happened("start", "gluetun", A, 10)))
    told.file(5000, mtime=20)
    assert told.tracker.world.state() == {"port": 5000, "ports": [5000]}
    assert told.tell(happened("die", "gluetun", A, 30)) == ["container.die"]
    assert told.tracker.world.state() == {"port": None, "ports": []}
    assert "port.forwarded" not in [event.type for event in present(told.tracker.world, 35)]
    assert told.tell(happened("start", "gluetun", A, 40)) == ["container.start", "port.cleared"]
    assert told.file(5001, mtime=50) == ["port.forwarded"]


def test_a_port_written_while_docker_is_away_is_believed() -> None:
    told = Told(after(happened("start", "gluetun", A, 10), happened("die", "gluetun", A, 30)))
    assert told.file(5000, mtime=20) == [], "left over"
    assert told.file(5001, mtime=40) == ["port.forwarded"], "somebody has written it, so gluetun is back"


def test_without_docker_the_file_alone_counts() -> None:
    told = Told()
    assert told.file(5000, mtime=20) == ["port.forwarded"]
    assert told.file(mtime=21) == ["port.cleared"]


# -- random lives ------------------------------------------------------------------------------------


def _lives(dice: random.Random, length: int) -> tuple[list[Event], dict[str, Container]]:
    """Events as an engine could tell them, and what an inspect would show at their end."""
    events: list[Event] = []
    truth: dict[str, Container] = {}
    while len(events) < length:
        name, at = dice.choice("xyz"), len(events) + 1
        there = truth.get(name)
        if there is None:
            there = Container(name, f"{at:064d}", running=True, started_at=at)
            word = "start"
        elif there.running:
            word = dice.choice(["die", "healthy", "unhealthy"])
            running = word != "die"
            there = replace(there, running=running, health=word if running else "", finished_at=0 if running else at)
        elif dice.random() < 0.5:
            word, there = "start", replace(there, running=True, started_at=at)
        else:
            word = "destroy"
        truth[name] = there
        if word == "destroy":
            del truth[name]
        events.append(happened(word, name, there.id, at, exit_code=0))
    return events, truth


def _core(world: World) -> dict[str, tuple[str, bool, str]]:
    return {name: (c.id, c.running, c.health) for name, c in world.containers.items()}


def test_random_lives_end_the_same_by_events_by_a_look_and_by_both() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for _ in range(300):
        events, truth = _lives(dice, dice.randrange(1, 40))
        by_events = after(*events)
        assert _core(by_events) == _core(World(containers=truth))
        seen_until = dice.randrange(len(events) + 1)
        early = after(*events[:seen_until])
        looked = all_containers(early, truth)(early)
        assert _core(looked) == _core(by_events)
        # after a reconnect Docker tells some of the past again, behind the look that already knows its end
        again = after(*events[dice.randrange(len(events) + 1) :], world=looked)
        assert _core(again) == _core(by_events)
        assert diff(again, all_containers(again, truth)(again), "resync", 99) == []
