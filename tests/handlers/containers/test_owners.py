"""`of = "*"`: whose networks it is about, and how the outcomes of several become one."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from handlers.containers.owners import every, owners
from handlers.containers.rejoin import Rejoin, RejoinArgs
from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.handler import GiveUp, Outcome, Retry
from hooks.world.model import Container, World
from tests.handlers.contract import context

A, B = "a" * 64, "b" * 64
TICK = Event("timer.tick", "5m", 1, "timer", data={"every": "5m"})


def world(*modes: str) -> World:
    """Two that may own a network, and one container for each of these network modes."""
    made = World(earlier={"vpn-b": ("c" * 64,)})
    for one in (Container("vpn-a", A, network_mode="lan"), Container("vpn-b", B, network_mode="lan")):
        made = made.with_container(one)
    made = made.with_container(Container("vpn-d", "d" * 64)).without_container("vpn-d")
    for number, mode in enumerate(modes):
        made = made.with_container(Container(f"web-{number}", f"{number}" * 64, network_mode=mode))
    return made


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ((), []), (("lan", "host"), []), ((f"container:{A}",), ["vpn-a"]), (("container:vpn-b",), ["vpn-b"]),
        ((f"container:{A}", f"container:{A}", f"container:{'c' * 64}"), ["vpn-a", "vpn-b"]), (("container:gone",), []),
        # a container that joins another's network owns none
        ((f"container:{A}", "container:web-0"), ["vpn-a"]), (("container:web-1", f"container:{B}"), ["vpn-b"]),
        ((f"container:{A}", f"container:{'0' * 64}", f"container:{'1' * 64}"), ["vpn-a"]),
        (("container:web-1", "container:web-0"), ["web-0", "web-1"]),
        (("container:gone", "container:web-0"), ["web-0"]),
        # one that is gone is known by the name that it had
        ((f"container:{'d' * 64}", f"container:{A}"), ["vpn-a", "vpn-d"]), (("container:vpn-d",), ["vpn-d"]),
    ],
)  # fmt: skip
def test_every_owner_of_a_shared_network_is_found(modes: tuple[str, ...], expected: list[str]) -> None:
    assert owners(context(event=TICK, world=world(*modes))) == expected


def test_an_event_of_a_container_is_about_that_one_alone() -> None:
    event = Event("container.healthy", "vpn-b", 1, "docker", data={"container": "vpn-b", "id": B})
    assert owners(context(event=event, world=world(f"container:{A}", f"container:{B}"))) == ["vpn-b"]
    assert Rejoin().targets(RejoinArgs("*"), Settings()) == (), "each is locked when its turn comes"


def test_an_event_of_a_container_that_joins_another_is_about_the_owner_of_that_network() -> None:
    here = world(f"container:{A}", "container:web-0", "container:gone")
    for name, owner in (("web-0", "vpn-a"), ("web-1", "vpn-a"), ("web-2", "web-2"), ("new", "new")):
        assert owners(context(event=Event("container.healthy", name, 1, "docker"), world=here)) == [owner]


def test_one_that_takes_its_time_delays_none() -> None:
    other_is_done = threading.Event()

    def apply(name: str) -> Outcome:
        if name == "a":
            assert other_is_done.wait(5), "b has to wait for a"
        else:
            other_is_done.set()
        return Outcome("changed", f"{name} is changed")

    assert every(["a", "b"], apply, context()).said == "a is changed; b is changed"


def outcome(**ends: Any) -> Outcome:
    """The one outcome of these by name: a status, or what is raised."""

    def apply(name: str) -> Outcome:
        if isinstance(ends[name], Exception):
            raise ends[name]
        return Outcome(ends[name], f"{name} is {ends[name]}")

    return every(list(ends), apply, context())


def test_the_failure_of_one_stops_no_other() -> None:
    assert outcome() == Outcome("unchanged", "no container shares the network of another")
    assert outcome(a="unchanged", b="changed") == Outcome("changed", "a is unchanged; b is changed")
    assert outcome(a="unchanged", b="skipped").status == "skipped"
    with pytest.raises(Retry, match="b is changed; a hangs; c must be re-created") as later:
        outcome(a=Retry("a hangs", after=3.0), b="changed", c=GiveUp("c must be re-created"))
    assert later.value.after == 3.0
    with pytest.raises(GiveUp, match="b is changed; a must be re-created"):
        outcome(a=GiveUp("a must be re-created"), b="changed")
