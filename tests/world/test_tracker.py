"""What the tracker posts: what follows from an event, a difference, and every state at a resync."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hooks.events.catalogue import Event
from hooks.world.changes import addresses_of, all_containers, some_containers
from hooks.world.differences import diff, lasts
from hooks.world.model import Container, PortFile, World
from hooks.world.tracker import Tracker
from tests.parts.values.world_events import Posted, after, happened

A, B, C = "a" * 64, "b" * 64, "c" * 64


def test_a_re_creation_as_compose_does_it() -> None:
    posted = Posted()
    posted.apply(happened("start", "dns", A, 10), happened("die", "dns", A, 20), happened("destroy", "dns", A, 21))
    assert posted.apply(happened("start", "dns", B, 30)) == ["container.start", "container.recreated"]
    assert posted.events[-1].data["old_id"] == A
    assert posted.apply(happened("die", "dns", B, 40), happened("start", "dns", B, 50))[-1] == "container.start"


def test_a_re_creation_by_renaming() -> None:
    posted = Posted()
    posted.apply(happened("start", "dep", A, 10), happened("start", "dep.recreate", B, 20))
    assert posted.apply(happened("rename", "dep.old", A, 30, old_name="dep")) == ["container.rename"]
    assert posted.apply(happened("rename", "dep", B, 40, old_name="dep.recreate")) == [
        "container.rename",
        "container.recreated",
    ]


def test_an_address_is_compared_with_the_last_known_one() -> None:
    posted = Posted()
    posted.apply(happened("start", "dns", A, 10))
    assert posted.update(addresses_of(Container("dns", A, addresses={"lan": "10.0.0.2"}))) == []
    posted.apply(happened("die", "dns", A, 20))
    assert posted.update(addresses_of(Container("dns", A))) == [], "stopped: it has none"
    assert posted.apply(happened("start", "dns", A, 30)) == ["container.start"]
    assert posted.update(addresses_of(Container("dns", A, addresses={"lan": "10.0.0.3"}))) == ["container.ip_changed"]
    assert posted.events[-1].data | {"labels": 0} == {
        "container": "dns", "id": A, "image": "", "labels": 0, "network": "lan", "ip": "10.0.0.3", "old_ip": "10.0.0.2",
    }  # fmt: skip
    assert posted.update(addresses_of(Container("dns", B, addresses={"lan": "10.0.0.4"}))) == [], "another's"


def test_an_event_that_changes_nothing_is_posted_alone() -> None:
    posted = Posted(World(containers={f"c{n}": Container(f"c{n}", A) for n in range(3)}))
    before = posted.tracker.world
    assert posted.apply(happened("oom", "c1", A, 5)) == ["container.oom"]
    assert posted.tracker.world is before


def test_a_resync_posts_every_state_once() -> None:
    posted = Posted()
    found = {"web": Container("web", A, running=True, health="unhealthy", started_at=7), "off": Container("off", B)}
    assert posted.resync(all_containers(World(), found)) == ["container.start", "container.unhealthy"]
    assert [event.time for event in posted.events] == [7, 7]
    assert posted.resync(all_containers(posted.tracker.world, found)) == ["container.start", "container.unhealthy"]
    assert {event.origin for event in posted.events} == {"resync"}


def test_a_resync_posts_what_ended_meanwhile() -> None:
    posted = Posted(after(happened("start", "web", A, 10), happened("start", "dns", B, 10)))
    dead = Container("web", A, running=False, finished_at=15, exit_code=3)
    assert posted.resync(all_containers(posted.tracker.world, {"web": dead})) == ["container.die", "container.destroy"]
    assert (posted.events[0].time, posted.events[0].data["exit_code"]) == (15, 3)


def test_a_missed_restart_is_found_by_an_inspect() -> None:
    posted = Posted(after(happened("start", "vpn", A, 10), happened("healthy", "vpn", A, 11)))
    same = posted.tracker.world.containers["vpn"]
    assert posted.update(some_containers(posted.tracker.world, {"vpn": same})) == []
    again = replace(same, started_at=50)
    assert posted.update(some_containers(posted.tracker.world, {"vpn": again})) == [
        "container.start",
        "container.healthy",
    ]


def test_an_event_during_an_inspect_is_newer_than_the_inspect() -> None:
    posted = Posted(after(happened("start", "vpn", A, 10), happened("start", "web", B, 10)))
    before = posted.tracker.world
    posted.apply(happened("unhealthy", "vpn", A, 20), happened("start", "new", C, 21))
    found = {"vpn": replace(before.containers["vpn"], health="healthy")}
    assert posted.update(all_containers(before, found)) == ["container.destroy"], "web is gone; vpn and new are newer"
    assert posted.tracker.world.containers["vpn"].health == "unhealthy"
    assert posted.update(some_containers(before, {"vpn": None})) == []


def test_whether_a_state_lasts_is_asked_by_the_event_that_began_it() -> None:
    bad, good = happened("unhealthy", "vpn", A, 20), happened("healthy", "vpn", A, 30)
    world = after(happened("start", "vpn", A, 10), bad)
    assert lasts(world, bad)
    assert not lasts(world, good)
    assert not lasts(World(), bad)
    assert lasts(World(), happened("die", "vpn", A, 5))
    reached = Event("port.closed", "qbittorrent", 5, "qbittorrent", data={"container": "qbittorrent"})
    assert lasts(world, reached), "it is about a client, and is polled"


REMEMBERED = World(file=PortFile((42020,), "", "5", 5))  # as a previous run of gluehook read it


def test_a_remembered_port_is_no_state_before_it_is_read() -> None:
    posted = Posted(REMEMBERED)
    assert posted.resync(lambda world: world) == []
    assert posted.tracker.port_is_remembered
    assert posted.file(mtime=6) == ["port.cleared"], "the file is empty now, and that is said once"
    assert not posted.tracker.port_is_remembered


def test_a_remembered_port_that_is_still_there_is_posted_when_it_has_been_read() -> None:
    posted = Posted(REMEMBERED)
    posted.resync(lambda world: world)
    posted.tracker.port_was_read()
    posted.tracker.port_was_read()
    assert [(event.type, event.origin) for event in posted.events] == [("port.forwarded", "resync")]
    assert posted.resync(lambda world: world) == ["port.forwarded"]


def test_without_a_resync_meanwhile_a_port_that_is_the_same_is_no_event() -> None:
    posted = Posted(REMEMBERED)
    posted.tracker.port_was_read()
    assert posted.events == []


def test_until_all_is_read_no_port_is_said_to_be_missing_and_then_it_is_once() -> None:
    events: list[Event] = []
    tracker = Tracker(World(), events.append, lambda: 1, settled=False)
    tracker.update(lambda world: world.with_port_file(PortFile((), "", "1", 1), 1))
    tracker.resync()
    assert events == []
    tracker.settle(tells=True)
    assert [event.type for event in events] == ["port.cleared"]
    tracker.update(lambda world: world.with_port_file(PortFile((5,), "", "2", 2), 2), "live")
    tracker.update(lambda world: world.with_port_file(PortFile((), "", "3", 3), 3), "live")
    assert [event.type for event in events] == ["port.cleared", "port.forwarded", "port.cleared"]


def test_a_port_that_is_there_is_posted_before_all_is_read() -> None:
    events: list[Event] = []
    tracker = Tracker(World(), events.append, lambda: 1, settled=False)
    tracker.update(lambda world: world.with_port_file(PortFile((5,), "", "1", 1), 1))
    assert [event.type for event in events] == ["port.forwarded"]
    tracker.settle(tells=True)
    assert len(events) == 1


def test_a_pause_that_only_a_reading_shows_is_an_event() -> None:
    runs = Container("web", A, running=True, started_at=5)
    paused, restarted = replace(runs, paused=True), replace(runs, paused=True, started_at=9)
    worlds = [World().with_container(one) for one in (runs, paused, runs, restarted)]
    found = [[event.type for event in diff(*pair, "resync", 10)] for pair in pairwise(worlds)]
    assert found == [["container.pause"], ["container.unpause"], ["container.start"]]
