"""The source of container.log with its real process on a fake engine: what is followed, lost, said and read again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from hooks.docker.client import connect
from hooks.events.catalogue import Event
from hooks.rules.subscriptions import Subscriptions
from hooks.sources.container_logs import ContainerLogs
from hooks.world.model import Container, World
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.docker.fake_logs import FakeLog
from tests.parts.process.signals_heard import Ear
from tests.parts.values.rules_text import rule, table_of

WEB, OTHER = "a" * 64, "b" * 64
FORBIDDEN = (403, b"<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>")


def listening(*on: str) -> tuple[object, ...]:
    text = "".join(
        rule(f"r{number}", f'{{ event = "container.log", {one} }}', '{ use = "containers.restart", container = "x" }')
        for number, one in enumerate(on)
    )
    return Subscriptions(table_of(text)).logs


class Scene:
    """The source, the engine and what there is of containers."""

    def __init__(self, engine: FakeEngine, ear: Ear) -> None:
        self.engine, self.ear = engine, ear
        self.log = FakeLog()
        engine.logs[WEB] = self.log.answer
        self.source: ContainerLogs | None = None

    def begin(self, *on: str, saved: object = None, own_id: str = "") -> ContainerLogs:
        self.source = ContainerLogs(self.ear.tracker, self.ear.post, saved=saved, own_id=own_id)
        self.has(Container("web", WEB, running=True, started_at=1))
        self.source.listen(listening(*on or ('container = "web", line = "*!*"',)))  # type: ignore[arg-type]
        return self.source

    def has(self, *containers: Container) -> None:
        def change(world: World) -> World:
            world = replace(world, containers={}, is_listed=True)
            for one in containers:
                world = world.with_container(one)
            return world

        self.ear.tracker.update(change)
        if self.source:
            self.source.wake()

    def opened(self, count: int = 1, ident: str = WEB) -> None:
        self.engine.wait_for_requests(f"/containers/{ident}/logs", count)
        if ident == WEB:
            _until(lambda: len(self.log.asked) >= count)

    def heard(self) -> str:
        return str(self.ear.until("container.log").data["line"])

    def stop(self) -> ContainerLogs:
        assert self.source
        self.source.stop()
        return self.source


@pytest.fixture
def scene(fake: FakeEngine, ear: Ear) -> Iterator[Scene]:
    made = Scene(fake, ear)
    yield made
    made.stop()


def _until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_new_lines_are_posted_with_all_that_is_known_of_their_container(scene: Scene) -> None:
    scene.log.write(b"old !")
    scene.begin()
    scene.opened()
    scene.log.write(b"no", b"a\0 \x1b[31mb!\x1b[0m\r", at=1796088454525715064, stream=2)
    event = scene.ear.until("container.log")
    assert (event.subject, event.source, event.time) == ("web", "logs", 1796088454525715064)
    assert event.data == {"container": "web", "id": WEB, "image": "", "labels": {}, "stream": "stderr",
                          "line": "a\ufffd b!"}  # fmt: skip
    assert event.id.startswith(f"log-{WEB[:12]}-1796088454525715064-")


def test_a_stream_that_ends_goes_on_behind_its_last_line_also_where_the_clock_was_set_back(scene: Scene) -> None:
    scene.begin()
    scene.opened()
    now = time.time_ns()
    scene.log.write(b"1!", b"2!", at=now)
    assert [scene.heard(), scene.heard()] == ["1!", "2!"]
    scene.log.end()
    scene.opened(2)
    assert "since" in scene.log.asked[1]
    scene.log.write(b"3!", at=now)
    scene.log.write(b"back!", at=now - 3600 * 10**9)  # which the engine does not send to one that asks since `now`
    scene.log.write(b"4!", at=now + 1)
    assert [scene.heard(), scene.heard()] == ["3!", "4!"]


def test_the_next_process_goes_on_where_this_one_ended(scene: Scene) -> None:
    scene.begin()
    scene.opened()
    scene.log.write(b"1!")
    assert scene.heard() == "1!"
    _until(lambda: scene.source and scene.source.places()["read"])
    saved = scene.stop().places()
    scene.log.write(b"away!")
    scene.begin(saved=saved)
    assert scene.heard() == "away!"


def test_a_process_that_is_killed_is_replaced_and_misses_nothing(scene: Scene) -> None:
    source = scene.begin()
    scene.opened()
    scene.log.write(b"1!")
    assert scene.heard() == "1!"
    assert source._process
    os.kill(source._process.pid, signal.SIGKILL)
    scene.ear.hears("lost logs: the process that follows logs ended with status -9")
    scene.log.write(b"2!")
    assert scene.heard() == "2!"
    scene.ear.hears("restored logs")
    assert source.health()["logs"]["connected"]


@pytest.mark.parametrize(
    ("answer", "said", "is_lost"),
    [
        (FORBIDDEN, "forbids GET /v1.41/containers/ID/logs (403): it lacks CONTAINERS=1", True),
        ((501, b'{"message":"configured logging driver does not support reading"}'),
         "the log of web cannot be read: configured logging driver does not support reading; its logging", False),
        ((500, b'{"message":"oops"}'), "the log of web cannot be read: oops; it is tried again", False),
        ((404, b"<title>404 Not Found</title>"), "forbids GET /v1.41/containers/ID/logs (404): it lacks", True),
        ((503, b"\xff<garbage"), "answers GET /v1.41/containers/ID/logs with 503: \ufffd<garbage", True),
    ],
)  # fmt: skip
def test_a_log_that_cannot_be_read_is_told_once(
    scene: Scene, answer: tuple[int, bytes], said: str, is_lost: bool
) -> None:
    with closing(connect(5)):  # so that the engine's version is known
        pass
    scene.engine.refusals[f"/containers/{WEB}/logs"] = answer
    source = scene.begin()
    scene.ear.hears(said)
    for turn in (2, 3):  # a new order is a new try
        source.listen(listening(f'container = "web", line = "*{turn}*"'))  # type: ignore[arg-type]
        scene.engine.wait_for_requests(f"/containers/{WEB}/logs", turn)
    assert scene.ear.count("cannot be read") + scene.ear.count("lost logs") == 1
    assert source.health()["logs"]["connected"] is not is_lost
    assert bool(source.warnings()) is not is_lost
    scene.engine.refusals.clear()
    source.listen(listening('container = "web", line = "*!*"'))  # type: ignore[arg-type]
    scene.ear.hears("restored logs" if is_lost else "the log of web can be read again")
    assert source.warnings() == []


def test_only_what_rules_name_is_followed_and_never_gluehook_itself(scene: Scene) -> None:
    own = "c" * 64
    source = scene.begin('container = "web", line = "*!*"', 'container = ["gluehook", "x*"], line = "*"', own_id=own)
    scene.has(
        Container("web", WEB, running=True, started_at=1), Container("gluehook", own, running=True, started_at=1),
        Container("other", OTHER, running=True, started_at=1),
    )  # fmt: skip
    scene.opened()
    source.listen(listening('container = "other", line = "*"', 'container = "gluehook", line = "*"'))  # type: ignore[arg-type]
    scene.engine.wait_for_requests(f"/containers/{OTHER}/logs", 1)
    scene.ear.hears("a rule listens to the log of gluehook, which is gluehook itself: that log is not followed")
    assert scene.engine.count(f"/containers/{own}/logs") == 0
    process = source._process
    assert process
    source.listen(())
    _until(lambda: source._process is None)
    _until(lambda: process._child.poll() is not None)
    assert source.health() == {}


def test_more_lines_than_are_let_through_are_counted(scene: Scene) -> None:
    scene.begin()
    scene.opened()
    scene.log.write(*[b"flood! %d" % number for number in range(3_000)])
    scene.ear.hears("web writes so many lines that rules want that")
    events: list[Event] = []
    while len(events) < 1_000:
        events.append(scene.ear.until("container.log"))
    assert events[999].data["line"] == "flood! 999"


def test_fifty_logs_are_followed_and_let_go_of(scene: Scene) -> None:
    logs = {f"{number:064x}": FakeLog() for number in range(1, 51)}
    scene.engine.logs |= {ident: log.answer for ident, log in logs.items()}
    scene.begin('container = "w*", line = "*!*"')
    scene.has(*[Container(f"w{ident[-2:]}", ident, running=True, started_at=1) for ident in logs])
    for ident, log in logs.items():
        scene.opened(1, ident)
        _until(lambda log=log: log.asked)  # type: ignore[misc]
        log.write(f"{ident[-2:]}!".encode())
    assert {scene.heard() for _ in logs} == {f"{ident[-2:]}!" for ident in logs}
