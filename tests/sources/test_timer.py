from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.sources.timer import TimerSource
from tests.parts.values.virtual_time import WAIT_S, VirtualTime


@pytest.fixture
def clock() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def ticks() -> list[Event]:
    return []


@pytest.fixture
def timer(clock: VirtualTime, ticks: list[Event]) -> Iterator[TimerSource]:
    source = TimerSource(
        ticks.append, ["300s", "1h"], clock=lambda: clock.now_s, wait=clock.wait, now_ns=lambda: int(clock.now_s * 1e9)
    )
    source.start()
    yield source
    source.stop()
    assert not source.alive


@pytest.mark.usefixtures("timer")
def test_a_tick_says_its_period_in_the_one_way_to_write_it(clock: VirtualTime, ticks: list[Event]) -> None:
    clock.jump(299.999)
    assert ticks == []
    clock.jump(0.001)
    assert [(t.type, t.subject, dict(t.data), t.source) for t in ticks] == [
        ("timer.tick", "5m", {"every": "5m"}, "timer")
    ]
    assert ticks[0].time == 1_300_000_000_000


@pytest.mark.usefixtures("timer")
def test_it_sleeps_exactly_until_the_next_tick(clock: VirtualTime) -> None:
    clock.jump(100)
    assert clock.timeouts_s[-1] == 200
    clock.jump(200)
    assert clock.timeouts_s[-1] == 300


@pytest.mark.usefixtures("timer")
def test_late_wake_ups_do_not_add_up(clock: VirtualTime, ticks: list[Event]) -> None:
    for _ in range(12):
        clock.jump(clock.timeouts_s[-1] or 0.0)
        clock.jump(7.3)  # the machine is busy
    assert [t.subject for t in ticks] == ["5m"] * 11 + ["5m", "1h"]
    assert [t.time // 10**9 for t in ticks if t.subject == "5m"] == [1000 + 300 * n for n in range(1, 13)]


@pytest.mark.usefixtures("timer")
def test_what_was_missed_in_a_suspended_machine_is_one_tick(clock: VirtualTime, ticks: list[Event]) -> None:
    clock.jump(7 * 3600 + 10)
    assert sorted(t.subject for t in ticks) == ["1h", "5m"]
    assert clock.timeouts_s[-1] == 290  # the phase is kept


def test_a_reload_keeps_the_phase_of_what_stays(timer: TimerSource, clock: VirtualTime, ticks: list[Event]) -> None:
    clock.jump(200)
    clock.settle(lambda: timer.set(["5m", "2m"]))
    assert clock.timeouts_s[-1] == 100  # of the five minutes
    clock.jump(100)
    clock.jump(20)
    assert [t.subject for t in ticks] == ["5m", "2m"]
    clock.settle(lambda: timer.set([]))
    assert clock.timeouts_s[-1] is None
    clock.jump(10_000)
    assert len(ticks) == 2


@pytest.mark.parametrize("period_s", ["100ms", "7s", "1m1s"])
def test_each_wake_up_in_time_is_one_tick(clock: VirtualTime, ticks: list[Event], period_s: str) -> None:
    source = TimerSource(ticks.append, [period_s], clock=lambda: clock.now_s, wait=clock.wait)
    source.start()
    for _ in range(50):
        assert clock.asleep.wait(WAIT_S)
        clock.jump((clock.timeouts_s[-1] or 0.0) + 1e-6)
    source.stop()
    assert len(ticks) == 50


def test_one_that_is_refused_does_not_end_the_others(clock: VirtualTime) -> None:
    said: list[str] = []

    def listen(_: object, **news: str) -> None:
        said.append(news["said"])

    def refuse(_: Event) -> None:
        raise OSError("the inbox is full")

    source = TimerSource(refuse, ["1m"], clock=lambda: clock.now_s, wait=clock.wait)
    with signals.problem.connected_to(listen):
        source.start()
        clock.jump(60)
        clock.jump(60)
    assert source.alive
    assert said == ["the tick every 1m was lost (OSError: the inbox is full); the next one comes as usual"] * 2
    source.stop()


def test_on_the_real_clock_it_ticks_and_stops_at_once() -> None:
    came = threading.Event()
    source = TimerSource(lambda _: came.set(), ["20ms", "1h"])
    source.start()
    assert came.wait(WAIT_S)
    source.stop()
    assert not source.alive
    source.stop()


def test_a_text_that_is_no_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="no duration"):
        TimerSource(print, ["often"])
