"""The steps of the loop: one that raises, takes long or stands still is reported, and the loop goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.rules.table import Entry, Rule, Step
from hooks.runtime.loop_watch import LATE_S, LoopSteps, LoopWatch
from tests.parts.process.playing import stage


class Clock:
    """Seconds that pass only when told."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


RULE = Rule("act", (Entry("container.die"),), (Step("play.act"),))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def steps(clock: Clock) -> LoopSteps:
    return LoopSteps(clock, lambda _: None, str)


def test_a_step_that_raises_is_reported_and_the_next_one_comes(clock: Clock, problems: list[str]) -> None:
    done: list[int] = []
    several = steps(clock)
    several.do("take in container.die of web", lambda: {}["x"])
    several.do("next", lambda: done.append(1))
    assert done == [1]
    assert problems == ["the loop of gluehook failed to take in container.die of web (KeyError: 'x'); it goes on"]


def test_a_step_that_took_long_is_reported_with_what_it_was(clock: Clock, problems: list[str]) -> None:
    several = steps(clock)
    several.do("answer a command", lambda: clock.sleep(0.9))
    assert not problems
    several.do("take in port.forwarded of port", lambda: clock.sleep(3.25))
    assert problems == ["the loop of gluehook took 3.2 s to take in port.forwarded of port; no rule began meanwhile"]


def test_a_step_that_stands_still_is_reported_once_while_it_lasts(clock: Clock, problems: list[str]) -> None:
    several = steps(clock)
    watch = LoopWatch(several.busy, clock)
    watch.check()

    def stand_still() -> None:
        clock.sleep(LATE_S - 1)
        watch.check()
        assert not problems
        for _ in range(5):
            clock.sleep(2.0)
            watch.check()
        assert len(problems) == 1

    several.do("write the heartbeat", stand_still)
    assert "stands still for 6 s, where it was to write the heartbeat; no rule begins" in problems[0]
    watch.check()
    assert len(problems) == 2, "how long it took is reported at its end"


@pytest.mark.parametrize("part", ["is_repeat", "write"])
def test_a_journal_that_raises_what_nobody_expects_does_not_end_the_loop(
    part: str, monkeypatch: pytest.MonkeyPatch, problems: list[str]
) -> None:
    with stage(RULE) as playing:
        heard = threading.Event()
        with monkeypatch.context() as broken, signals.problem.connected_to(lambda _, **__: heard.set()):
            broken.setattr(playing.journal, part, _raise(RecursionError("too deep")))
            playing.post("container.die", "web")
            assert heard.wait(10)
        playing.post("container.die", "db")
        while playing.called()[1].event.subject != "db":
            pass
    assert "RecursionError: too deep" in problems[0]


def test_an_engine_that_raises_for_one_event_does_not_end_the_loop(
    monkeypatch: pytest.MonkeyPatch, problems: list[str]
) -> None:
    with stage(RULE) as playing:
        feed = playing.dispatcher.engine.feed

        def choosy(event: Event, now: float) -> None:
            if event.subject == "odd":
                raise OverflowError("timeNano")
            feed(event, now)

        monkeypatch.setattr(playing.dispatcher.engine, "feed", choosy)
        playing.post("container.die", "odd")
        playing.post("container.die", "web")
        assert playing.called()[1].event.subject == "web"
    assert problems == [
        "the loop of gluehook failed to take in container.die of odd (OverflowError: timeNano); it goes on"
    ]


def _raise(error: Exception) -> Callable[..., None]:
    def act(*_: object, **__: object) -> None:
        raise error

    return act
