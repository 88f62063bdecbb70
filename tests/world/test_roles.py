"""Roles: which program a container is, whatever it is called, in the world and in each of its events."""

from __future__ import annotations

from typing import Any

import pytest

from hooks.events.catalogue import Event
from hooks.world import saved
from hooks.world.changes import all_containers
from hooks.world.event_roles import with_role
from hooks.world.model import Container, PortFile, World
from hooks.world.names import Names
from hooks.world.tracker import Tracker

A, B, C = "a" * 64, "b" * 64, "c" * 64
GLUETUN, QBIT = "qmcgaw/gluetun:v3.41.3", "lscr.io/linuxserver/qbittorrent:5.1.4"
SERVICE = "com.docker.compose.service"


def happened(action: str, name: str, ident: str, at: int = 10, **data: Any) -> Event:
    """An event of Docker's."""
    return Event(f"container.{action}", name, at, "docker", data={"container": name, "id": ident, **data})


class Posted:
    """A tracker, and what it posts."""

    def __init__(self, world: World) -> None:
        self.events: list[Event] = []
        self.tracker = Tracker(world, self.events.append, lambda: 1_000)

    def take(self) -> list[tuple[str, str, Any, Any]]:
        """Type, subject, role and gluetun of what was posted since the last call."""
        said, self.events[:] = list(self.events), []
        return [(one.type, one.subject, one.data.get("role"), one.data.get("gluetun")) for one in said]


@pytest.mark.parametrize(
    ("names", "container", "expected"),
    [
        (Names(), Container("media-gluetun-1", A, "ghcr.io/qdm12/gluetun:latest"), ("gluetun", "image")),
        (Names(), Container("tor", A, "binhex/arch-qbittorrentvpn"), ("qbittorrent", "image")),
        (Names(), Container("tor", A, "lscr.io/linuxserver/transmission:4.0.6"), ("transmission", "image")),
        (Names(), Container("tor", A, "localhost:5000/x/deluge@sha256:00"), ("deluge", "image")),
        (Names(), Container("dns", A, "adguard/adguardhome"), ("adguard", "image")),
        (Names(), Container("sync", A, "linuxserver/adguardhome-sync"), ("", "")),
        (Names(), Container("metrics", A, "caseyscarborough/qbittorrent-exporter"), ("", "")),
        (Names(), Container("gluetun", A, "sha256:" + "0" * 64), ("gluetun", "name")),
        (Names(), Container("home-gluetun-1", A, "own/vpn", {SERVICE: "gluetun"}), ("gluetun", "name")),
        (Names(), Container("qbittorrent", A, GLUETUN), ("gluetun", "image")),
        (Names({"gluetun": "vpn"}), Container("vpn", A, "own/vpn"), ("gluetun", "setting")),
        (Names({"gluetun": "vpn"}), Container("vpn2", B, GLUETUN), ("", "")),
        (Names({"gluetun": "vpn"}), Container("gluetun", B, "own/vpn"), ("", "")),
        (Names(tables={"vpn": "gluetun"}), Container("vpn2", B, GLUETUN), ("gluetun", "image")),
        (Names({"gluetun": "vpn"}, {"vpn2": "gluetun"}), Container("vpn2", B, "own/vpn"), ("gluetun", "table")),
    ],
)
def test_what_a_container_is(names: Names, container: Container, expected: tuple[str, str]) -> None:
    assert names.role_of(container.name, container.image, container.service) == expected
    world = World(names).with_container(container)
    assert world.containers[container.name].role == expected[0]
    assert world.roles == ({expected[0]: (container.name,)} if expected[0] else {})
    again = saved.load(saved.dump(world), World(names))
    assert again.containers[container.name].role == expected[0]
    assert again.roles == world.roles


def test_every_way_of_an_event_has_the_role() -> None:
    posted = Posted(World())
    listed = {
        "media-gluetun-1": Container("media-gluetun-1", A, GLUETUN, running=True, started_at=1, health="healthy"),
        "tor": Container("tor", B, QBIT, running=True, started_at=1, network_mode=f"container:{A}"),
        "sonarr": Container("sonarr", C, "linuxserver/sonarr", running=True, network_mode=f"container:{A}"),
        "web": Container("web", "d" * 64, "nginx", running=True, started_at=1),
    }
    posted.tracker.resync(all_containers(World(), listed))
    vpn = "media-gluetun-1"
    resync = [
        ("container.start", vpn, "gluetun", vpn), ("container.healthy", vpn, "gluetun", vpn),
        ("container.start", "tor", "qbittorrent", vpn), ("container.start", "sonarr", None, vpn),
        ("container.start", "web", None, None),
    ]  # fmt: skip
    assert posted.take() == resync
    for event, role, gluetun in (
        (happened("die", "tor", B), "qbittorrent", vpn),
        (happened("oom", "sonarr", C), None, vpn),
        (happened("exec_die", "web", "d" * 64), None, None),
        (happened("start", "second", "e" * 64, image="transmission"), "transmission", vpn),
        (happened("destroy", "tor", B, image=QBIT), "qbittorrent", vpn),
        (happened("rename", "vpn", A, old_name=vpn, image=GLUETUN), "gluetun", "vpn"),
    ):
        posted.tracker.apply(event)
        assert posted.take() == [(event.type, event.subject, role, gluetun)]
    assert posted.tracker.world.gluetun == "vpn"


def test_of_two_where_one_is_meant_the_usual_name_decides_and_else_both_have_the_role() -> None:
    image = "adguard/adguardhome"
    both = World().with_container(Container("adguardhome", A, image)).with_container(Container("replica", B, image))
    assert both.containers["replica"].role == "adguard"
    starts = [happened("start", name, ident, image=image) for name, ident in (("adguardhome", A), ("replica", B))]
    assert [with_role(both, one).data.get("role") for one in starts] == ["adguard", None]
    running = {
        name: Container(name, ident, image, running=True) for name, ident in (("adguardhome", A), ("replica", B))
    }
    posted = Posted(World())
    posted.tracker.resync(all_containers(World(), running))
    assert [one[1:3] for one in posted.take()] == [("adguardhome", "adguard"), ("replica", None)]
    odd = World().with_container(Container("dns", A, image)).with_container(Container("replica", B, image))
    assert with_role(odd, starts[1]).data["role"] == "adguard"
    alone = World().with_container(Container("replica", B, image))
    assert with_role(alone, starts[1]).data["role"] == "adguard"


def test_an_event_that_says_its_role_keeps_it() -> None:
    said = happened("start", "x", A, role="gluetun", gluetun="x")
    assert with_role(World(), said) is said
    assert with_role(World(), happened("start", "x", A, role="gluetun")).data["gluetun"] == "x"
    assert with_role(World(), happened("start", "deluge", A)).data["gluetun"] == "gluetun", "the usual name"


def test_of_two_gluetuns_a_client_belongs_to_the_one_whose_network_it_shares() -> None:
    world = World()
    for one in (Container("a", A, GLUETUN), Container("b", B, GLUETUN), Container("c", C, "deluge"),
                Container("d", "d", "deluge", network_mode=f"container:{B}"),
                Container("e", "e", "deluge", network_mode="container:a")):  # fmt: skip
        world = world.with_container(one)
    found = {name: with_role(world, happened("oom", name, world.containers[name].id)).data.get("gluetun")
             for name in world.containers}  # fmt: skip
    assert found == {"a": "a", "b": "b", "c": None, "d": "b", "e": "a"}


def test_the_port_follows_its_gluetun_to_another_name() -> None:
    posted = Posted(World())
    posted.tracker.update(lambda world: world.with_port_file(PortFile((5000,), "", "g", 50), 60))
    assert posted.take() == [("port.forwarded", "gluetun", None, "gluetun")], "Docker has not shown any yet"
    posted.tracker.apply(happened("start", "media-gluetun-1", A, image=GLUETUN))
    assert posted.take() == [
        ("container.start", "media-gluetun-1", "gluetun", "media-gluetun-1"),
        ("port.forwarded", "media-gluetun-1", None, "media-gluetun-1"),
    ]
    posted.tracker.apply(happened("rename", "vpn", A, 70, old_name="media-gluetun-1", image=GLUETUN))
    assert [one[:2] for one in posted.take()] == [("container.rename", "vpn"), ("port.forwarded", "vpn")]
    posted.tracker.apply(happened("die", "vpn", A, 80, image=GLUETUN))
    posted.tracker.apply(happened("destroy", "vpn", A, 81, image=GLUETUN))
    posted.take()
    assert (posted.tracker.world.gluetun, posted.tracker.world.port_of("vpn").is_expected) == ("vpn", False)
    posted.tracker.apply(happened("start", "vpn-new", B, 90, image=GLUETUN))
    assert [one[:2] for one in posted.take()] == [("container.start", "vpn-new"), ("port.cleared", "vpn-new")]


def test_a_re_creation_that_has_two_for_a_moment_is_no_other_gluetun() -> None:
    world = World().with_container(Container("media-gluetun-1", A, GLUETUN, running=True))
    world = world.with_container(Container(f"{B[:12]}_media-gluetun-1", B, GLUETUN))
    assert world.gluetun == "media-gluetun-1"
    assert world.with_container(Container("gluetun", C, GLUETUN)).gluetun == "gluetun", "the usual name counts more"


def test_other_names_give_other_roles_and_no_events_but_the_ports() -> None:
    world = World().with_container(Container("vpn", A, "own/vpn", running=True, started_at=1))
    posted = Posted(world.with_port_file(PortFile((5000,), "", "g", 50), 60))
    posted.tracker.name(Names({"gluetun": "vpn"}))
    assert posted.take() == [("port.forwarded", "vpn", None, "vpn")]
    assert posted.tracker.world.containers["vpn"].role == "gluetun"
