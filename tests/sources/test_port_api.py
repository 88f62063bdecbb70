"""The port from gluetun's control server: when it is asked, what its answers mean."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from hooks.sources.port_api import PortApi
from hooks.sources.port_apis import PortApis
from hooks.world.changes import addresses_of
from hooks.world.model import PortFile, World
from hooks.world.tracker import Tracker
from tests.handlers.contract import Clock
from tests.sources.port_api_story import LATE, REFUSED, B, Refusal, Story, ports


def test_the_same_events_as_from_the_file(story: Callable[..., Story]) -> None:
    it = story()
    it.turn(ports())
    assert it.types() == ["port.cleared"]
    it.turn(ports(5000), 1)
    (event,) = it.posted
    assert (event.type, event.source, event.data["port"]) == ("port.forwarded", "api:gluetun", 5000)
    it.turn(ports(5000), 5)
    it.posted.remove(event)
    assert it.types() == []
    it.turn(ports(5001, 5002), 5)
    assert it.types() == ["port.forwarded", "port.changed"]
    it.turn(ports(), 5)
    assert it.types() == ["port.cleared"]
    it.turn(ports(5001, 5002), 5)
    assert it.types() == ["port.forwarded"]


def test_another_tunnel_is_another_generation_also_with_the_same_port(story: Callable[..., Story]) -> None:
    it = story()
    seen = []
    for answer in (ports(5000), ports(5000), ports(5000, tunnel="t2"), ports(), ports(5000, tunnel="t2")):
        it.turn(answer, 5)
        seen.append(it.tracker.world.port.generation if it.tracker.world.port else "")
    assert seen[0] == seen[1]
    assert len(set(seen)) == 4
    it.now += 1
    it.container("die")
    assert it.tracker.world.port is None
    it.now += 2
    it.container("start")
    it.turn(ports(5000, tunnel="t2"), 1)
    assert it.tracker.world.port
    assert it.tracker.world.port.generation not in seen


def test_it_asks_each_second_until_there_is_a_port_then_each_five(story: Callable[..., Story]) -> None:
    it = story()
    assert it.turn(ports()) == 1
    assert it.turn(ports(), 30) == 1
    assert it.turn(ports(5000), 1) == 5
    assert it.turn(ports(), 600) == 1, "it was lost"
    assert it.turn(ports(), 61) == 5
    assert it.turn(ports(), 700) == 30, "this gluetun may forward none"
    it.container("healthy")
    it.tracker.resync()
    assert it.turn(ports()) == 30, "Podman reports each check, and a resync what is known"
    it.container("start", B)
    assert it.turn(ports()) == 1


def test_nothing_is_asked_while_gluetun_does_not_run(story: Callable[..., Story]) -> None:
    it = story()
    it.container("die")
    assert it.turn() is None
    it.container("destroy")
    assert it.turn() is None
    assert it.asked == 0
    it.container("start", B)
    assert it.turn() == 1
    assert it.asked == 1
    it.api.set(listened=False)
    assert it.turn() is None
    assert story("file").turn() is None


@pytest.mark.parametrize("mode", ["auto", "api"])
def test_nothing_is_asked_of_a_gluetun_that_forwards_no_port(mode: str, story: Callable[..., Story]) -> None:
    it = story(mode)
    it.container("start")
    off = replace(it.tracker.world.containers["gluetun"], forwards_no_port=True, web_port=8000)
    it.tracker.update(addresses_of(off))
    assert it.turn() is None
    it.tracker.resync()
    assert (it.asked, it.types()) == (0, [])
    it.container("start", B)  # re-created with port forwarding
    assert it.turn(ports(5001)) == 5
    assert it.types() == ["port.forwarded"]


def test_an_answer_that_is_held_is_asked_for_less_and_less(
    story: Callable[..., Story], problems: list[str]
) -> None:  # fmt: skip
    it = story()
    it.turn(ports(5000))
    assert [it.turn(LATE, 5) for _ in range(4)] == [2, 4, 8, 15]
    assert it.types() == ["port.forwarded"], "it is as long as a command takes"
    assert it.turn(ports(5000), 15) == 5
    assert it.types() == problems == []


def test_it_waits_as_long_as_an_answer_asks_for_unless_gluetun_restarts(story: Callable[..., Story]) -> None:
    s = story("api")
    s.container("start")
    for after, pause_s in ((300.0, 300.0), (0.5, 0.5), (0.0, 1.0), (None, 1.0)):
        assert s.turn(Refusal("429", after=after)) == pause_s
    s.turn(Refusal("429", after=300.0))
    s.container("die")
    s.container("start")
    assert s.turn(ports(5001)) == 5


def test_a_server_that_is_away_loses_the_source_once_and_restores_it(story: Callable[..., Story]) -> None:
    it = story()
    it.turn(ports(5000))
    away = Refusal("gluetun at http://gluetun:8000 refuses the connection")
    for _ in range(5):
        it.turn(away, 5)
    assert it.types() == ["port.forwarded", "source.lost"]
    assert it.api.health()["reason"] == away.said
    assert not it.api.poll_now()
    it.turn(ports(5000), 5)
    assert it.types() == ["source.restored"]
    assert it.api.health()["connected"]
    it.turn(REFUSED, 5)
    assert it.types() == ["source.lost"], "a person must do something"
    assert it.turn(REFUSED, 5) == 60
    it.container("die")
    it.turn()
    assert it.types() == ["source.restored"]


def test_the_server_comes_up_after_its_container(story: Callable[..., Story]) -> None:
    it = story()
    assert [it.turn(Refusal("refused"), 1) for _ in range(10)] == [1] * 10
    it.turn(ports(5000), 1)
    assert it.types() == ["port.forwarded"]


def test_a_remembered_port_counts_when_it_was_read_again(story: Callable[..., Story]) -> None:
    first = story()
    first.turn(ports(5000))
    for answer, types in (
        (ports(5000), ["port.forwarded"]), (ports(5001), ["port.forwarded", "port.changed"]),
        (ports(), ["port.cleared"]),
    ):  # fmt: skip
        again = story(world=first.tracker.world, runs=False)
        again.tracker.resync()
        assert "port.forwarded" not in again.types()
        again.now += 5
        again.turn(answer)
        assert again.types() == types


def test_without_docker_gluetun_is_asked(story: Callable[..., Story]) -> None:
    it = story(runs=False)
    it.turn(ports(5000))
    assert it.types() == ["port.forwarded"]
    assert it.tracker.world.file == replace(it.tracker.world.file or PortFile(), ports=(5000,), source="api:gluetun")


def test_there_is_a_thread_only_while_there_is_something_to_do(story: Callable[..., Story]) -> None:
    it = story("auto")
    it.now += 3
    it.write("5000")
    it.answer = ports(5000)
    it.api.start()
    assert it.ended(), "it waits virtually, compares and ends"
    assert it.asked == 1
    it.tracker.resync()
    assert it.ended()
    assert it.asked == 2
    it.api.stop()
    it.api.hurry()
    assert it.ended()


def test_several_that_hang_end_together() -> None:
    asked, go_on = threading.Semaphore(0), threading.Event()

    def hang() -> PortFile:
        asked.release()
        go_on.wait(20)
        return ports()

    tracker, clock = Tracker(World(), lambda _: None, lambda: 1), Clock(0.0)
    every = PortApis(
        lambda name, file: PortApi(tracker, lambda _: None, hang, "api", file, gluetun=name), "", clock=clock.now
    )  # fmt: skip
    every.follow("", {"second": "", "third": ""})
    every.set(listened=True)
    every.start()
    assert asked.acquire(timeout=10)
    joins = [one.thread.join for one in every._all()]
    for one in every._all():
        one.thread.join = clock.wait  # type: ignore[assignment, method-assign]
    every.stop()
    assert clock.waited_s == [2.0, 0.0, 0.0]
    go_on.set()
    for join in joins:
        join(10)
