"""`timer.cron`: over a suspended machine, a clock that is set, a restart and a reload."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from hooks.events.catalogue import Event
from hooks.sources.schedules import LONGEST_WAIT_S
from hooks.sources.timer import TimerSource
from tests.parts.values.virtual_time import VirtualTime

EARLY = datetime(2026, 12, 6, 3, 50, tzinfo=UTC).timestamp()  # a Sunday, ten minutes before it is due
FOUR = EARLY + 600
WEEK = 7 * 86_400.0
SUNDAYS = "0 4 * * sun"


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hooks.sources.schedules.LocalZone", lambda: UTC)


class Clocks:
    """The wall clock, and one that goes on while the machine sleeps."""

    def __init__(self, begin: float = EARLY) -> None:
        self.time = VirtualTime()
        self.told: list[Event] = []
        self.set_by, self._begin = begin - self.time.now_s, begin

    def source(self, *schedules: str, kept: Any = None, post: Callable[[Event], None] | None = None) -> TimerSource:
        return TimerSource(
            post or self.told.append, [], schedules, kept=kept, clock=lambda: self.time.now_s, wait=self.time.wait,
            now_ns=lambda: round((self.time.now_s + self.set_by) * 1e9), booted=lambda: self.time.now_s,
        )  # fmt: skip

    @contextmanager
    def running(self, *schedules: str, **more: Any) -> Iterator[TimerSource]:
        source = self.source(*schedules, **more)
        source.start()
        assert self.time.asleep.wait(10)
        yield source
        source.stop()

    def go(self, to_s: float) -> None:
        """Let time pass until this instant of the wall clock, with every wake-up."""
        while (left := to_s - self.time.now_s - self.set_by) > 0:
            self.time.jump(min(left, self.time.timeouts_s[-1] or left))

    def sleep(self, by_s: float) -> None:
        """The machine sleeps, and the thread wakes up after it."""
        self.time.jump(by_s)

    def set(self, by_s: float) -> None:
        """Somebody sets the wall clock."""
        self.set_by += by_s
        self.time.jump(1)

    @property
    def seen(self) -> list[tuple[float, str, str]]:
        """When each was due since four o'clock, its schedule, and why it came late."""
        return [(event.time / 1e9 - FOUR, event.subject, event.data.get("late", "")) for event in self.told]


def test_it_comes_at_its_time_and_again_a_week_later() -> None:
    clocks = Clocks()
    with clocks.running(SUNDAYS):
        clocks.go(FOUR - 0.001)
        assert clocks.told == []
        clocks.go(FOUR)
        event = clocks.told[0]
        assert (event.type, event.subject, event.source, event.origin) == ("timer.cron", SUNDAYS, "timer", "live")
        assert event.data == {"at": SUNDAYS, "due": "2026-12-06T04:00:00+00:00"}
        clocks.time.jump(30)
        clocks.sleep(WEEK - 30)
    assert clocks.seen == [(0, SUNDAYS, ""), (WEEK, SUNDAYS, "")]


def test_the_thread_wakes_up_once_a_minute_and_without_a_schedule_never() -> None:
    clocks = Clocks(FOUR)
    with clocks.running("@monthly"):
        clocks.go(FOUR + 3600)
        assert set(clocks.time.timeouts_s) == {LONGEST_WAIT_S}
        assert len(clocks.time.timeouts_s) == 61
    with Clocks().running() as source:
        assert source.done() == {}
    idle = Clocks()
    with idle.running():
        assert idle.time.timeouts_s == [None]


@pytest.mark.parametrize(
    ("schedule", "slept_s", "seen"),
    [
        (SUNDAYS, 5 * 3600, [(0, "sleep")]), (SUNDAYS, 5 * WEEK, [(4 * WEEK, "sleep")]), (SUNDAYS, 500, []),
        ("*/10 * * * *", 8 * 3600, [(8 * 3600 - 600, "")]), ("0 * * * *", 8 * 3600, [(7 * 3600, "sleep")]),
    ],
)  # fmt: skip
def test_what_was_due_while_the_machine_slept_is_one(
    schedule: str, slept_s: float, seen: list[tuple[float, str]]
) -> None:
    clocks = Clocks(EARLY + 1)
    with clocks.running(schedule):
        clocks.sleep(slept_s)
    assert [(at, late) for at, _, late in clocks.seen] == seen


@pytest.mark.parametrize(
    ("by_s", "seen"),
    [
        (3600, [(0, "sleep")]), (4 * 3600, []), (86_400, []), (-3600, []), (-4 * 3600, []), (-WEEK, []),
    ],
)  # fmt: skip
def test_a_clock_that_is_set_forward_by_hours_was_wrong_before(by_s: float, seen: list[tuple[float, str]]) -> None:
    clocks = Clocks()
    with clocks.running(SUNDAYS):
        clocks.set(by_s)
        assert [(at, late) for at, _, late in clocks.seen] == seen
        begin = clocks.time.now_s + clocks.set_by
        following = begin - (begin - FOUR) % WEEK + WEEK
        clocks.sleep(following - begin)
        assert clocks.seen[-1] == (following - FOUR, SUNDAYS, "")


def test_a_clock_that_is_set_back_lets_nothing_come_twice_unless_it_was_wrong() -> None:
    clocks = Clocks()
    with clocks.running("0 4 * * *"):
        clocks.go(FOUR + 60)
        clocks.set(-1800)
        clocks.go(FOUR + 1)
        assert [at for at, *_ in clocks.seen] == [0]
        clocks.set(-86_400)
        clocks.go(FOUR)
    assert [at for at, *_ in clocks.seen] == [0, 0]


@pytest.mark.parametrize(
    ("kept", "catch_up", "seen"),
    [
        ({SUNDAYS: FOUR - 2 * WEEK}, True, [(0, "start")]), ({SUNDAYS: FOUR - 2 * WEEK}, False, []),
        ({SUNDAYS: FOUR}, True, []), ({}, True, []), (None, True, []), ({"@daily": 0.0}, True, []),
        ({SUNDAYS: "soon"}, True, []), ([1], True, []), ({SUNDAYS: float("nan")}, True, []),
        ({SUNDAYS: FOUR + 100 * WEEK}, True, []), ({SUNDAYS: 0.0}, True, [(0, "start")]),
    ],
)  # fmt: skip
def test_what_was_due_before_a_start_comes_only_where_it_is_wanted(
    kept: Any, catch_up: bool, seen: list[tuple[float, str]]
) -> None:
    clocks = Clocks(FOUR + 3600)
    with clocks.running(SUNDAYS, kept=kept) as source:
        assert clocks.told == []
        wanted = [SUNDAYS] if catch_up else []
        for _ in range(2):  # a reload does not ask again
            source.catch_up(wanted)
        assert [(at, late) for at, _, late in clocks.seen] == seen
        clocks.sleep(WEEK - 3600)
        assert clocks.seen[-1] == (WEEK, SUNDAYS, "")
        assert source.done() == {SUNDAYS: FOUR + WEEK}
    assert [event.origin for event in clocks.told] == [*["backlog"] * len(seen), "live"]


def test_a_start_after_the_clock_was_set_back_lets_nothing_come_twice() -> None:
    clocks = Clocks()
    with clocks.running(SUNDAYS, kept={SUNDAYS: FOUR}):
        clocks.go(FOUR + 60)
        assert clocks.told == []


def test_what_is_kept_for_the_next_process_is_what_was_told() -> None:
    clocks = Clocks()
    with clocks.running(SUNDAYS, "@daily", kept={SUNDAYS: FOUR - WEEK, "gone": 1.0}) as source:
        assert source.done() == {SUNDAYS: FOUR - WEEK, "@daily": EARLY}
        source.catch_up([])
        clocks.go(FOUR + 1)
        assert source.done() == {SUNDAYS: FOUR, "@daily": EARLY}


def test_rules_that_come_into_force_later_are_caught_up_on_once() -> None:
    clocks = Clocks(FOUR + 3600)
    with clocks.running(kept={SUNDAYS: FOUR - WEEK, "@daily": 0.0}) as source:
        source.catch_up([])  # at the start, with a broken rules file
        clocks.time.settle(lambda: source.set([], [SUNDAYS, "@daily"]))
        assert source.done() == {SUNDAYS: FOUR - WEEK, "@daily": 0.0}
        for _ in range(2):
            source.catch_up([SUNDAYS])
        assert source.done() == {SUNDAYS: FOUR + 3600, "@daily": FOUR + 3600}
    assert clocks.seen == [(0, SUNDAYS, "start")]


def test_what_is_told_on_time_is_not_missed_later() -> None:
    clocks = Clocks()
    with clocks.running(SUNDAYS, kept={SUNDAYS: FOUR - WEEK}) as source:
        clocks.go(FOUR + 1)
        assert source.done() == {SUNDAYS: FOUR}
        source.catch_up([SUNDAYS])
    assert clocks.seen == [(0, SUNDAYS, "")]


def test_a_reload_keeps_what_stays_and_counts_new_ones_from_now_on() -> None:
    clocks = Clocks()
    with clocks.running(SUNDAYS) as source:
        clocks.go(FOUR - 60)
        clocks.time.settle(lambda: source.set([], [SUNDAYS, "59 3 * * *", "5 4 * * *"]))
        clocks.go(FOUR + 400)
        clocks.time.settle(lambda: source.set([], []))
        assert clocks.time.timeouts_s[-1] is None
    assert clocks.seen == [(0, SUNDAYS, ""), (300, "5 4 * * *", "")]


def test_one_that_is_refused_counts_and_does_not_end_the_others() -> None:
    clocks = Clocks()

    def refuse(event: Event) -> None:
        clocks.told.append(event)
        raise OSError("the inbox is full")

    with clocks.running(SUNDAYS, "0 4 * * *", post=refuse) as source:
        clocks.go(FOUR + 120)
        assert source.alive
    assert [what for _, what, _ in clocks.seen] == ["0 4 * * *", SUNDAYS]


def test_on_the_real_clocks_it_starts_and_stops() -> None:
    source = TimerSource(lambda _: None, [], ["* * * * *"])
    source.start()
    source.stop()
    assert not source.alive
    assert threading.active_count() >= 1
