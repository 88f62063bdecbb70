"""The port from gluetun's control server: when it is asked, what its answers mean, and when it has the word."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hooks.events.catalogue import Event
from hooks.sources.followed import FollowedPort
from hooks.sources.port_api import PortApi
from hooks.sources.port_apis import PortApis
from hooks.world.changes import addresses_of
from hooks.world.model import PortFile, World
from hooks.world.tracker import Tracker
from tests.handlers.contract import Clock
from tests.parts.values.world_events import happened

A, B = "a" * 64, "b" * 64
S = 10**9
Answer = PortFile | Exception


def ports(*numbers: int, tunnel: str = "t1") -> PortFile:
    return PortFile(numbers, generation=tunnel if numbers else "")


class Refusal(Exception):  # noqa: N818 - as the handlers' own are called
    """As a handler's Retry or GiveUp."""

    def __init__(self, said: str, kind: str = "", *, is_final: bool = False, after: float | None = None) -> None:
        super().__init__(said)
        self.said, self.kind, self.is_final, self.after = said, kind, is_final, after


LATE, REFUSED = Refusal("it is held", "late"), Refusal("401", is_final=True)


class Story:
    """One gluetun, its port file, and the source that polls it, on a clock that jumps."""

    def __init__(self, folder: Path, mode: Any, world: World | None = None) -> None:
        self.file = folder / "forwarded_port"
        self.now, self.asked = 1000.0, 0
        self.answer: Answer = ports()
        self.posted: list[Event] = []
        self.tracker = Tracker(world or World(), self._post, lambda: self.ns)
        self.api = PortApi(
            self.tracker, self.posted.append, self._ask, mode, str(self.file), clock=lambda: self.now,
            now_ns=lambda: self.ns, wait=self._sleep,
        )  # fmt: skip
        self.followed = FollowedPort(str(self.file), self.tracker, self.api.replaces, self.api.file_changed)
        self.api.set(listened=True)

    @property
    def ns(self) -> int:
        return round(self.now * S)

    def container(self, word: str, ident: str = A) -> None:
        self.tracker.apply(happened(word, "gluetun", ident, self.ns))

    def write(self, text: str | None) -> None:
        """As gluetun writes its file, and as the files source reads it then."""
        if text is None:
            self.file.unlink()
        else:
            self.file.write_text(text)
            os.utime(self.file, ns=(self.ns, self.ns))
        if self.followed.read().is_new:
            self.followed.accept()

    def turn(self, answer: Answer | None = None, later_s: float = 0.0) -> float | None:
        """One turn; the source sleeps as long as it says."""
        self.now += later_s
        self.answer = self.answer if answer is None else answer
        return self.api.turn()

    def resync(self, answer: Answer) -> None:
        self.now += 300
        self.tracker.resync()
        self.turn(answer)

    def types(self) -> list[str]:
        seen = [event.type for event in self.posted if not event.type.startswith("container.")]
        self.posted.clear()
        return seen

    def ended(self) -> bool:
        """Whether the source's thread ends by itself."""
        self.api.thread.join(10)
        return not self.api.thread.is_alive()

    def _sleep(self, _: object, seconds: float | None) -> None:
        self.now += seconds or 0.0

    def _ask(self) -> PortFile:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def _post(self, event: Event) -> None:
        self.posted.append(event)
        self.api.note(event)


@pytest.fixture
def story(tmp_path: Path) -> Callable[..., Story]:
    def begin(mode: str = "api", world: World | None = None, *, runs: bool = True) -> Story:
        begun = Story(tmp_path, mode, world)
        if runs:
            begun.container("start")
            begun.posted.clear()
        return begun

    return begin


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
