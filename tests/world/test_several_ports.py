"""The ports of several gluetuns: each has events of its own, and a reading stays with its gluetun."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hooks.events.catalogue import Event
from hooks.world import saved
from hooks.world.changes import addresses_of, all_containers, port_file_read
from hooks.world.differences import lasts
from hooks.world.model import Container, PortFile, World
from hooks.world.names import Names
from hooks.world.tracker import Tracker

IMAGE = "qmcgaw/gluetun"
A, B = "a" * 64, "b" * 64


class Two:
    """A tracker that knows two gluetuns, and what it posts."""

    def __init__(self, world: World | None = None) -> None:
        self.events: list[Event] = []
        self.tracker = Tracker(world or World(), self.events.append, lambda: 1_000)
        if world is None:
            for name, ident in (("vpn-a", A), ("vpn-b", B)):
                self.happens("start", name, ident, 10)
            self.tracker.update(lambda world: world.with_forwarders("vpn-a", ["vpn-b"]))
            self.take()

    def happens(self, action: str, name: str, ident: str, at: int) -> list[tuple[Any, ...]]:
        """An event of Docker's."""
        data = {"container": name, "id": ident, "image": IMAGE}
        self.tracker.apply(Event(f"container.{action}", name, at, "docker", data=data))
        return self.take()

    def file(self, port: int, gluetun: str = "", mtime: int = 50) -> list[tuple[Any, ...]]:
        """A gluetun's port file holds this port, 0 for none."""
        reading = PortFile((port,) if port else (), "", f"{mtime}", mtime)
        self.tracker.update(port_file_read(reading, 60, gluetun), "live")
        return self.take()

    def take(self) -> list[tuple[Any, ...]]:
        """Type, subject and port of what was posted about ports since the last call."""
        told, self.events[:] = list(self.events), []
        return [(one.type, one.subject, one.data.get("port")) for one in told if one.type.startswith("port.")]


def test_each_has_its_own_port() -> None:
    two = Two()
    assert two.file(5001) == [("port.forwarded", "vpn-a", 5001)]
    assert two.file(5002, "vpn-b") == [("port.forwarded", "vpn-b", 5002)]
    assert two.file(0, mtime=51) == [("port.cleared", "vpn-a", None)]
    assert two.file(5003, "vpn-b", 52) == [("port.forwarded", "vpn-b", 5003), ("port.changed", "vpn-b", 5003)]
    assert two.file(5003, "vpn-b", 53) == [("port.forwarded", "vpn-b", 5003)]
    assert two.file(1, "vpn-c") == [], "its port is read no more"
    two.tracker.resync()
    assert two.take() == [("port.cleared", "vpn-a", None), ("port.forwarded", "vpn-b", 5003)]
    world = two.tracker.world
    assert world.seen_from("vpn-b").state() == {"port": 5003, "ports": [5003]}
    assert world.state() == {"port": None, "ports": []}
    for name, kind, expected in (("vpn-a", "cleared", True), ("vpn-b", "cleared", False), ("vpn-b", "forwarded", True),
                                 ("vpn-c", "cleared", False)):  # fmt: skip
        assert lasts(world, Event(f"port.{kind}", name, 1)) == expected


def test_a_port_ends_with_its_own_gluetun() -> None:
    two = Two()
    two.file(5001), two.file(5002, "vpn-b")
    assert two.happens("die", "vpn-b", B, 60) == []
    assert two.tracker.world.seen_from("vpn-b").port is None
    assert two.tracker.world.port is not None
    assert two.happens("start", "vpn-b", B, 70) == [("port.cleared", "vpn-b", None)]
    two.happens("die", "vpn-b", B, 80), two.happens("destroy", "vpn-b", B, 81)
    two.tracker.resync()
    assert two.take() == [("port.forwarded", "vpn-a", 5001)]


def test_a_reading_stays_with_its_gluetun_when_another_becomes_the_main_one() -> None:
    two = Two()
    two.file(5001), two.file(5002, "vpn-b")
    two.happens("die", "vpn-a", A, 60), two.happens("destroy", "vpn-a", A, 61)
    assert two.tracker.world.gluetun == "vpn-a", "it may come back"
    two.tracker.update(lambda world: world.with_forwarders("vpn-b", []))
    assert (two.take(), two.tracker.world.port and two.tracker.world.port.ports) == ([], (5002,))
    assert two.tracker.world.main == "", "there is only one"
    two.happens("start", "vpn-a", A, 90)
    two.tracker.update(lambda world: world.with_forwarders("vpn-b", ["vpn-a"]))
    assert two.take() == []
    assert two.file(5009, "vpn-a", 95) == [("port.forwarded", "vpn-a", 5009)]


def test_a_new_process_knows_the_last_port_of_each() -> None:
    two = Two()
    two.file(5001), two.file(5002, "vpn-b")
    again = Two(saved.load(saved.dump(two.tracker.world), World()))
    assert again.tracker.world.forwarders == ("vpn-a", "vpn-b")
    assert again.file(5007, "vpn-b", 90) == [("port.forwarded", "vpn-b", 5007), ("port.changed", "vpn-b", 5007)]


def test_one_that_a_table_names_has_its_port_before_docker_shows_it_and_not_after_it_is_gone() -> None:
    two = Two(World(Names(tables={"vpn-a": "gluetun", "vpn-b": "gluetun"})))
    two.tracker.update(lambda world: world.with_forwarders("vpn-a", ["vpn-b"]))
    assert two.file(5002, "vpn-b") == [("port.forwarded", "vpn-b", 5002)]
    for name, ident in (("vpn-a", A), ("vpn-b", B)):
        two.happens("start", name, ident, 20)
    assert two.happens("destroy", "vpn-b", B, 60) == [], "an event of its own says that"
    assert two.tracker.world.seen_from("vpn-b").port is None


def test_nothing_is_missed_of_one_that_docker_has_never_shown() -> None:
    two = Two(World(Names(tables={"vpn-a": "gluetun", "vpn-b": "gluetun"})))
    two.tracker.update(lambda world: world.with_forwarders("vpn-a", ["vpn-b"]))
    without_docker = two.file(0, "vpn-b", 20)
    assert without_docker == [("port.cleared", "vpn-b", None)], "it may be there"
    two.tracker.update(all_containers(World(), {}))
    two.tracker.resync()
    assert two.take() == [], "nothing is healed that does not exist"
    assert two.file(0, mtime=30) == [], "neither is a main one"
    assert two.happens("start", "vpn-b", B, 40) == [("port.cleared", "vpn-b", None)], "now it is there"


def test_one_of_another_engine_shows_by_its_port_that_it_is_there() -> None:
    two = Two(World(Names(tables={"vpn-a": "gluetun", "vpn-b": "gluetun"})))
    two.tracker.update(lambda world: world.with_forwarders("vpn-a", ["vpn-b"]))
    two.tracker.update(all_containers(World(), {}))
    assert two.file(5002, "vpn-b") == [("port.forwarded", "vpn-b", 5002)]
    assert two.file(0, "vpn-b", 51) == [("port.cleared", "vpn-b", None)]


def test_a_rename_of_the_main_one_gives_no_other_gluetun_its_port() -> None:
    two = Two()
    two.file(5001)
    two.file(5002, "vpn-b")
    renamed = {"container": "vpn-x", "id": A, "image": IMAGE, "old_name": "vpn-a"}
    two.tracker.apply(Event("container.rename", "vpn-x", 70, "docker", data=renamed))
    told = two.take()
    assert ("port.forwarded", "vpn-b", 5001) not in told
    assert ("port.changed", "vpn-b", 5001) not in told
    assert two.tracker.world.seen_from("vpn-b").state()["port"] == 5002


def test_a_main_one_that_goes_gives_no_other_gluetun_its_port() -> None:
    two = Two(World(Names(tables={"vpn-a": "gluetun", "vpn-b": "gluetun"})))
    two.tracker.update(lambda world: world.with_forwarders("vpn-a", ["vpn-b"]))
    for name, ident in (("vpn-a", A), ("vpn-b", B)):
        two.happens("start", name, ident, 10)
    two.file(5001)
    two.file(5002, "vpn-b")
    assert [event for event in two.happens("destroy", "vpn-a", A, 60) if event[1] == "vpn-b"] == []
    assert two.tracker.world.seen_from("vpn-b").state()["port"] == 5002


def test_where_the_owner_has_turned_it_off_no_port_is_missing() -> None:
    for name, gluetun in (("vpn-a", ""), ("vpn-b", "vpn-b")):
        two = Two()
        off = replace(two.tracker.world.containers[name], forwards_no_port=True, web_port=8000)
        two.tracker.update(addresses_of(off))
        assert two.file(0, gluetun) == []
        two.tracker.resync()
        assert two.take() == []
        assert not lasts(two.tracker.world, Event("port.cleared", name, 1))
        assert two.file(5001, gluetun, 51) == [("port.forwarded", name, 5001)], "another way of its owner's"
        two.happens("healthy", "other", "c" * 64, 60)
        two.tracker.update(lambda world: world.with_container(replace(world.containers["other"], health="unhealthy")))
        assert two.take() == [], "it is no event again"


def test_it_is_off_until_the_container_is_another() -> None:
    two = Two()
    two.tracker.update(addresses_of(replace(two.tracker.world.containers["vpn-a"], forwards_no_port=True, web_port=1)))
    two.file(0)
    two.happens("die", "vpn-a", A, 60)
    assert two.happens("start", "vpn-a", A, 61) == []
    two.happens("die", "vpn-a", A, 62)
    assert two.happens("start", "vpn-a", "c" * 64, 63) == [("port.cleared", "vpn-a", None)]


def test_the_file_of_a_gluetun_that_a_table_names_is_not_that_of_another_which_docker_then_shows() -> None:
    two = Two(World(Names(tables={"vpn-b": "gluetun"})))
    assert two.file(5002) == [("port.forwarded", "vpn-b", 5002)], "as long as no other is known"
    seen = {"gluetun": Container("gluetun", A, IMAGE, running=True, started_at=10)}  # vpn-b is not there yet
    two.tracker.resync(all_containers(two.tracker.world, seen))
    assert [one for one in two.take() if one[0] == "port.forwarded"] == []
    two.tracker.update(lambda world: world.with_forwarders("gluetun", ["vpn-b"]))
    two.take()
    assert two.file(5001) == [("port.forwarded", "gluetun", 5001)]
    assert two.file(5002, "vpn-b") == [("port.forwarded", "vpn-b", 5002)]
