"""The port from the control server or from the file: which of the two counts where gluehook decides that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hooks.events.catalogue import Event
from hooks.sources.followed import FollowedPort
from hooks.world.model import Container, PortFile, World
from hooks.world.tracker import Tracker
from tests.sources.port_api_story import REFUSED, Story, ports


def test_auto_takes_the_file_and_sleeps(story: Callable[..., Story]) -> None:
    it = story("auto")
    it.now += 3
    it.write("5000")
    assert it.turn(ports(5000)) == 10
    assert it.asked == 0
    assert it.turn(later_s=10) is None, "there is nothing more to do, so the thread ends"
    assert it.asked == 1
    it.container("healthy")
    assert it.turn(later_s=300) is None
    assert it.asked == 1
    it.tracker.resync()
    assert it.turn() is None
    assert it.asked == 2, "a resync compares"
    assert set(it.types()) == {"port.forwarded"}


@pytest.mark.parametrize("file", [None, "", "4000"])
def test_auto_asks_where_gluetun_has_not_written_the_file_since_its_start(
    file: str | None, story: Callable[..., Story]
) -> None:
    it = story("auto", runs=False)
    if file is not None:
        it.write(file)
    it.now += 60
    it.container("start")
    it.posted.clear()
    it.turn(ports(5000), 2)
    assert it.types()[0] == "port.forwarded"
    assert not it.followed.read().is_new, "the control server has the word"
    assert it.api.in_use
    it.now += 5
    it.write("5000")
    assert it.types() == ["port.forwarded"], "its generation is the file's now"
    assert not it.api.in_use
    assert it.turn() == 10


def test_auto_goes_by_a_file_that_was_written_while_it_asked(story: Callable[..., Story]) -> None:
    it = story("auto")
    ask, it.now = it._ask, it.now + 3

    def written_meanwhile() -> PortFile:
        it.write("5000")
        return ask()

    it.api._ask = written_meanwhile  # type: ignore[method-assign]
    it.turn(ports(5000))
    assert it.types() == ["port.forwarded"]
    assert it.tracker.world.file
    assert it.tracker.world.file.source == "files"


def test_a_disagreement_is_said_once_and_only_if_it_lasts(
    story: Callable[..., Story], problems: list[str]
) -> None:  # fmt: skip
    it = story("auto")
    it.now += 3
    it.write("5000")
    it.turn()
    assert it.turn(ports(5001), 10) == 30
    assert problems == []
    it.turn(ports(5001), 30)
    it.resync(ports(5001))
    (said,) = problems
    assert f"the port file {it.file} holds 5000, and gluetun's control server shows 5001" in said
    assert "FORWARDED_PORT_SOURCE=api" in said
    it.resync(ports(5000))
    it.resync(ports())
    it.turn(ports(5000), 30)
    assert len(problems) == 1, "it was a restart of the tunnel"


def test_auto_says_once_that_there_is_neither(story: Callable[..., Story], problems: list[str]) -> None:
    it = story("auto")
    for _ in range(5):
        it.turn(REFUSED, 60)
    assert it.types() == []
    (said,) = problems
    assert said == (
        f"there is no port: no port file {it.file} that gluetun wrote since its start, and its control server cannot "
        "be asked instead: 401"
    )


def test_auto_goes_by_the_control_server_where_the_file_stays_empty(
    story: Callable[..., Story], problems: list[str]
) -> None:
    it = story("auto")
    it.now += 3
    it.write("")
    assert it.types() == ["port.cleared"]
    assert it.turn(ports()) == 10
    assert it.turn(ports(), 10) == 10, "a port that is never written is no change of the file"
    assert it.turn(ports(), 60) == 30
    assert it.turn(ports(5000), 30) == 10, "a write may take a moment"
    assert (it.types(), problems) == ([], [])
    assert it.turn(ports(5000), 10) == 0
    assert it.types() == ["port.forwarded"]
    (said,) = problems
    assert f"the port file {it.file} is there and empty, and gluetun's control server shows 5000" in said
    assert it.api.in_use
    assert not it.followed.read().is_new, "the empty file does not count any more"
    assert it.turn(ports(5001)) == 5
    assert it.types() == ["port.forwarded", "port.changed"]
    it.turn(ports(), 5)
    it.turn(ports(5002), 5)
    assert it.types() == ["port.cleared", "port.forwarded", "port.changed"]
    it.now += 5
    it.write("5003")
    assert it.types() == ["port.forwarded", "port.changed"], "the file has the word again"
    assert not it.api.in_use
    it.turn(ports(5003), 10)
    it.now += 5
    it.write("")
    it.turn(ports(), 10)
    assert it.types() == ["port.cleared"], "a tunnel of gluetun 3 has ended"
    assert len(problems) == 1


def test_another_run_of_gluehook_does_not_go_back_to_the_empty_file(story: Callable[..., Story]) -> None:
    it = story("auto")
    it.now += 3
    it.write("")
    for _ in range(3):
        it.turn(ports(5000), 10)
    after = story("auto", it.tracker.world, runs=False)
    after.now = it.now + 60
    assert after.tracker.world.file
    assert not after.followed.read().is_new
    assert after.turn(ports(5000)) == 5
    assert after.api.in_use
    assert after.types() == []


@pytest.mark.parametrize("text", ["", "no port", "5000"])
def test_a_control_server_that_refuses_is_not_asked_again_while_the_file_is_there(
    text: str, story: Callable[..., Story], problems: list[str]
) -> None:
    it = story("auto")
    it.now += 3
    it.write(text)
    problems.clear()
    it.turn()
    assert it.turn(REFUSED, 10) is None
    assert problems == []


def test_garbage_in_the_file_is_not_replaced_by_the_control_server(story: Callable[..., Story]) -> None:
    it = story("auto")
    it.now += 3
    it.write("no port")
    it.types()
    for _ in range(4):
        it.turn(ports(5000), 30)
    assert it.types() == [], "a person must say which one is right"


def test_a_missing_file_that_was_read_before_the_control_server_answered_takes_nothing_away(tmp_path: Path) -> None:
    told: list[Event] = []
    tracker = Tracker(World(), told.append, lambda: 1)
    tracker.update(lambda world: world.with_container(Container("gluetun", "a" * 64, "qmcgaw/gluetun", running=True)))

    def is_replaced(_: PortFile) -> bool:
        return bool(tracker.world.file and tracker.world.file.source == "api:gluetun")

    file = FollowedPort(str(tmp_path / "forwarded_port"), tracker, is_replaced)
    assert file.read().is_new
    answered = PortFile((41000,), generation="t", mtime=2, source="api:gluetun")
    tracker.update(lambda world: world.with_port_file(answered, 2))
    file.accept()
    assert [event.type for event in told if event.type.startswith("port.")] == ["port.forwarded"]
    assert tracker.world.port == answered
    (tmp_path / "forwarded_port").write_text("41001")
    file = FollowedPort(file.path, tracker, lambda reading: not reading.ports)
    file.read()
    file.accept()
    assert tracker.world.port
    assert tracker.world.port.ports == (41001,)
