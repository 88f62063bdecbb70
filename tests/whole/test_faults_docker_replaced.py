"""A whole runner on an engine that is replaced, forgets, or lives in another time: the states are found anyway."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Timer

import pytest

from hooks.handler import Context, Outcome, Retry
from hooks.sources.files import FilesSource
from tests.parts.docker import fake_docker
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.process import running as lives
from tests.parts.process.playing import PlayArgs, changed
from tests.parts.process.running import WAIT_S, Running

socket, started = fake_docker.socket, lives.started  # fixtures

A, B, C = "a" * 64, "b" * 64, "c" * 64
HOUR_NS = 3600 * 10**9
MEMORY = 256  # events that Docker remembers
TELLS = {  # the field that matters to these tests
    "container.start": "id", "container.die": "container", "container.oom": "container",
    "container.ip_changed": "ip", "container.recreated": "old_id", "port.forwarded": "port",
}  # fmt: skip
RULES = "version = 1\n" + "".join(
    f'[[rule]]\nname = "{event.replace("_", "-").replace(".", "-")}"\non = "{event}"\ndo = "play.act"\n'
    for event in TELLS
)
Done = tuple[str, str, object]


@pytest.fixture
def engines(socket: Path) -> Iterator[Callable[[], FakeEngine]]:
    """A function that puts another engine in the place of the one before."""
    there: list[FakeEngine] = []

    def begin() -> FakeEngine:
        for engine in there:
            engine.stop()
        there[:] = [FakeEngine(socket)]
        return there[0]

    yield begin
    there[0].stop()


Engines, Started = Callable[[], FakeEngine], Callable[..., Running]


def told(call: tuple[PlayArgs, Context]) -> Done:
    event = call[1].event
    return event.type.partition(".")[2], event.subject, event.data[TELLS[event.type]]


def does(runner: Running, *wanted: Done) -> list[Done]:
    """Wait until all of this was done; everything that was done until then."""
    done: list[Done] = []
    while not set(wanted) <= set(done):
        done.append(told(runner.calls.get(timeout=WAIT_S)))
    return done


def between_streams(engine: FakeEngine, happen: Callable[[], None]) -> None:
    """Let this happen while the runner has lost its stream and asks for another."""
    asked = engine.count("/version")
    engine.stall()
    engine.cut()
    engine.wait_for_requests("/version", asked + 1)
    happen()
    engine.go_on()


# -- another engine ---------------------------------------------------------------------------


def one_that_is_set_up_anew(engines: Engines) -> None:
    """The same compose file on a fresh engine: other ids, other addresses, and no past."""
    engine = engines()
    engine.version = {**engine.version, "Version": "99.1"}
    engine.has("web", C, address="10.0.0.9", started=time.time_ns())


SET_UP_ANEW: tuple[Done, ...] = (("recreated", "web", A), ("ip_changed", "web", "10.0.0.9"), ("start", "web", C))


def one_with_two_containers(engines: Engines) -> FakeEngine:
    engine = engines()
    engine.has("web", A, address="10.0.0.2")
    engine.has("adguard", B, address="10.0.0.3")
    return engine


@pytest.mark.parametrize("lives_on", [True, False])
def test_an_engine_that_was_set_up_anew(engines: Engines, started: Started, lives_on: bool) -> None:
    engine = one_with_two_containers(engines)
    runner = started(text=RULES)
    engine.tell("oom", "web", A)
    does(runner, ("start", "web", A), ("start", "adguard", B), ("oom", "web", "web"))
    if not lives_on:
        runner.stop()
    one_that_is_set_up_anew(engines)
    if not lives_on:
        runner = started(text=RULES)
    does(runner, *SET_UP_ANEW)


def test_more_was_missed_than_the_engine_remembers(engines: Engines, started: Started) -> None:
    engine = one_with_two_containers(engines)
    runner = started(text=RULES)
    does(runner, ("start", "web", A), ("start", "adguard", B))
    runner.stop()
    engine.tell("die", "web", A)
    engine.has("web", A, running=False)
    for number in range(300):
        engine.tell("oom", f"c{number}", B)
    runner = started(text=RULES)
    last = [("oom", f"c{number}", f"c{number}") for number in range(300 - MEMORY, 300)]
    done = does(runner, ("die", "web", "web"), *last)
    assert sorted(each for each in done if each[0] == "oom") == sorted(last), "each once"


# -- another time ---------------------------------------------------------------------------


@pytest.mark.parametrize("shift_ns", [-2 * HOUR_NS, 2 * HOUR_NS])
@pytest.mark.parametrize("lives_on", [True, False])
def test_what_happens_when_the_clock_was_set_is_heard(
    engines: Engines, started: Started, shift_ns: int, lives_on: bool
) -> None:
    engine = one_with_two_containers(engines)
    runner = started(text=RULES)
    does(runner, ("start", "web", A))
    engine.tell("oom", "before", B, at=time.time_ns() - shift_ns)
    does(runner, ("oom", "before", "before"))
    if lives_on:
        between_streams(engine, lambda: engine.tell("oom", "after", B))
    else:
        runner.stop()
        engine.tell("oom", "after", B)
        runner = started(text=RULES)
    done = does(runner, ("oom", "after", "after"))
    assert ("oom", "before", "before") not in done, "it was done already"


def test_a_restart_is_heard_though_it_was_earlier_on_the_clock(engines: Engines, started: Started) -> None:
    engine = engines()
    engine.has("web", A, started=time.time_ns() + 2 * HOUR_NS)  # then the clock was set back
    runner = started(text=RULES)
    does(runner, ("start", "web", A))
    engine.tell("die", "web", A)
    engine.tell("start", "web", A)
    does(runner, ("die", "web", "web"), ("start", "web", A))


def test_a_port_is_set_although_gluetun_was_started_later_on_the_clock(engines: Engines, started: Started) -> None:
    engine = engines()
    engine.has("gluetun", A, started=time.time_ns() + 2 * HOUR_NS)  # then the clock was set back
    runner = started(text=RULES)
    does(runner, ("start", "gluetun", A))
    runner.port_file.write_text("41000")
    does(runner, ("forwarded", "gluetun", 41000))
    runner.stop()
    runner = started(text=RULES)
    runner.port_file.write_text("42000")
    does(runner, ("forwarded", "gluetun", 42000))


# -- what an earlier life believed --------------------------------------------------------------


def test_what_is_resumed_acts_on_the_port_of_now(
    engines: Engines, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_well, is_asked = Event(), Event()

    def act(_: PlayArgs, context: Context) -> Outcome:
        if context.event.type == "container.oom" and not is_well.is_set():
            raise Retry("later", after=3600.0)
        return changed()

    engine = one_with_two_containers(engines)
    runner = started(act, RULES)
    engine.tell("oom", "web", A)
    does(runner, ("oom", "web", "web"), ("forwarded", "gluetun", 40000), ("start", "web", A))
    runner.stop()  # what is unfinished and what is believed are in the journal
    runner.port_file.write_text("41000")
    begin = FilesSource.start
    monkeypatch.setattr(FilesSource, "start", lambda _: is_asked.set())
    is_well.set()
    next_life = started(act, RULES)
    assert is_asked.wait(WAIT_S)
    slow = Timer(0.2, begin, [next_life.app.files])
    slow.start()
    ports: list[object] = []
    done: set[Done] = set()
    while ("oom", "web", "web") not in done:
        call = next_life.calls.get(timeout=WAIT_S)
        done.add(told(call))
        ports.append(call[1].world.state()["port"])
    slow.join()
    assert set(ports) == {41000}
