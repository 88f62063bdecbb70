"""Limits: a sliding window, exhaustion as a state, what sleeps and what wakes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hooks.events.catalogue import Event
from hooks.rules.table import Debounce, Limit
from tests.whole.story import (
    CHANGED,
    DAY,
    GIVE_UP,
    RETRY,
    UNCHANGED,
    H,
    M,
    Story,
    container,
    event,
    healthy,
    on,
    rule,
    source,
    unhealthy,
)

TICKS = rule("ticks", on("timer.tick"), key="t", limit=Limit(3, H))
SAY = rule("say", on("rule.exhausted"))


def died(name: str) -> Event:
    """Its health ends, and it has not got well."""
    return container("die", name)


def tick() -> Event:
    return event("timer.tick", "1m", every="1m")


def test_the_window_slides_to_the_instant() -> None:
    story = Story(TICKS)
    for minute in (0, 10, 20, 30, 50):
        story.at(minute * M, tick())
    assert story.engine.next_deadline() == H
    story.until(H - 0.001)
    assert story.ran() == [0, 10 * M, 20 * M]
    story.at(H + 5 * M, tick())
    story.until(DAY)
    # 30 and 50 were merged and run when the first has left the window; 65 waits for the second
    assert story.ran() == [0, 10 * M, 20 * M, H, H + 10 * M]


def test_a_run_at_the_very_end_of_the_window_is_allowed() -> None:
    story = Story(replace(TICKS, limit=Limit(1, H)))
    story.at(0, tick())
    story.at(H, tick())
    assert story.ran() == [0, H]
    assert story.told("exhausted") == []


def test_attempts_of_one_run_count_once() -> None:
    story = Story(TICKS, answers={"ticks": [RETRY, RETRY, CHANGED]})
    for minute in (0, 1, 2, 3):
        story.at(minute * M, tick())
    story.until(30 * M)
    assert story.ran() == [0, 1, 3, M, 2 * M]


def test_exhaustion_says_who_and_how_often() -> None:
    story = Story(TICKS, SAY)
    for minute in range(6):
        story.at(minute * M, tick())
    (run,) = story.runs("say")
    assert run.event.subject == "ticks"
    assert dict(run.event.data) == {
        "rule": "ticks", "key": "t", "runs": 3, "tries": 3, "said": "done", "reason": "it ran 3 times within 1h",
    }  # fmt: skip
    assert story.ran("say") == [3 * M], "once, however many more events come"


def test_a_lane_without_states_recovers_when_it_runs_again() -> None:
    story = Story(TICKS, replace(SAY, for_s=50 * M), replace(SAY, name="say-later", for_s=58 * M))
    for minute in range(5):
        story.at(minute * M, tick())
    story.until(H)
    assert not story.engine.lanes()[0].exhausted
    assert story.ran("say") == [53 * M]
    assert story.ran("say-later") == []
    story.until(H + 2 * M)
    assert story.ran("say-later") == [], "with the run at 60 the exhaustion had ended"
    for seconds in (3726, 3732, 3780, 3840):
        story.at(seconds, tick())
    assert story.told("exhausted") == [3 * M, 63 * M]


SICK = rule("sick", on("container.unhealthy"), for_s=M, cooldown_s=5 * M, repeat=True, limit=Limit(3, H))


def test_a_lane_with_a_state_sleeps_until_that_ends() -> None:
    story = Story(SICK, SAY)
    story.at(0, unhealthy("a"))
    story.until(DAY)
    assert story.ran("sick") == [M, 6 * M, 11 * M]
    assert story.ran("say") == [16 * M]
    story.at(DAY, healthy("a"))
    story.at(DAY + M, unhealthy("a"))
    story.until(DAY + 3 * M)
    assert story.ran("sick") == [M, 6 * M, 11 * M, DAY + 2 * M]


def test_exhaustion_is_raised_once_for_each_state() -> None:
    story = Story(SICK, SAY)
    story.at(0, unhealthy("a"))
    story.at(20 * M, died("a"))
    story.at(21 * M, unhealthy("a"))  # the window is still full: exhausted as soon as it would run
    story.at(40 * M, died("a"))
    story.at(58 * M, unhealthy("a"))
    story.until(H + 2 * M)
    assert story.ran("say") == [16 * M, 22 * M, 59 * M]
    assert story.ran("sick") == [M, 6 * M, 11 * M], "asleep, although the window has room from minute 61 on"


def test_the_refused_run_is_dropped_with_its_state() -> None:
    story = Story(rule("tries", on("container.unhealthy"), limit=Limit(1, H)))
    story.at(0, unhealthy("a"), died("a"), unhealthy("a"))
    story.at(2 * H, healthy("a"))  # although the window has room by now
    assert story.told("dropped") == [2 * H]
    story.until(DAY)
    assert story.ran() == [0]


def test_a_run_that_is_refused_after_its_state_has_ended_is_dropped_at_once() -> None:
    story = Story(rule("tries", on("container.unhealthy"), limit=Limit(1, H), debounce=Debounce(10, 40)), SAY)
    story.at(0, unhealthy("a"))
    story.at(20, died("a"), unhealthy("a"), died("a"))
    story.until(DAY)
    assert story.ran("tries") == [10]
    assert story.told("dropped") == [30]
    assert story.ran("say") == []


def test_lanes_exhaust_one_by_one() -> None:
    story = Story(rule("tries", on("container.unhealthy"), limit=Limit(1, H)), SAY)
    for name in ("a", "b"):
        story.at(0, unhealthy(name), died(name), unhealthy(name))
    assert [run.event.data["key"] for run in story.runs("say")] == ["a", "b"]
    (say,) = [lane for lane in story.engine.lanes() if lane.rule is SAY]
    assert len(say.states) == 2
    story.at(2 * M, healthy("a"))
    assert len(say.states) == 1


@pytest.mark.parametrize("limit", [None, Limit(3, H)])
def test_give_up_under_repeat_exhausts_at_once(limit: Limit | None) -> None:
    story = Story(replace(SICK, limit=limit), SAY, answers={"sick": [RETRY, GIVE_UP]})
    story.at(0, unhealthy("a"))
    story.until(DAY)
    assert story.ran("sick") == [M, M + 1]
    assert story.ran("say") == [M + 1]
    story.at(DAY, healthy("a"), unhealthy("a"))
    story.until(DAY + M)
    assert story.ran("sick") == [M, M + 1, DAY + M], "another state is tried again"


def test_a_give_up_about_a_state_that_has_ended_does_not_exhaust_the_next() -> None:
    story = Story(SICK, SAY, answers={"sick": [GIVE_UP, CHANGED]}, takes_s={"sick": 2 * M})
    story.at(0, unhealthy("a"))
    story.at(2 * M, healthy("a"), unhealthy("a"))
    story.until(8 * M)
    assert story.told("exhausted") == []
    assert story.ran("sick") == [M, 8 * M]


def test_give_up_without_repeat_exhausts_nothing() -> None:
    story = Story(replace(SICK, repeat=False), SAY, answers={"sick": GIVE_UP})
    story.at(0, unhealthy("a"))
    story.until(DAY)
    assert story.ran() == [M]
    assert story.told("failed") == [M]


def test_unchanged_runs_never_exhaust() -> None:
    story = Story(SICK, SAY, answers={"sick": UNCHANGED})
    story.at(0, unhealthy("a"))
    story.until(H)
    assert story.ran() == [(1 + 5 * n) * M for n in range(12)]


def test_a_resync_does_not_wake_who_sleeps() -> None:
    story = Story(SICK, SAY)
    story.at(0, unhealthy("a"))
    for minute in range(20, 200, 5):
        story.at(minute * M, unhealthy("a", began=-60))
    assert len(story.ran("sick")) == 3
    assert len(story.ran("say")) == 1


def test_a_lane_that_is_blind_is_not_exhausted_meanwhile() -> None:
    story = Story(SICK, SAY)
    story.at(0, unhealthy("a"))
    story.at(12 * M, source("lost", "docker"))
    story.until(50 * M)
    assert story.told("exhausted") == []
    story.at(50 * M, source("restored", "docker"))
    assert story.told("exhausted") == [50 * M]


def test_a_rule_for_any_exhaustion_does_not_hold_itself_awake() -> None:
    say = replace(SAY, limit=Limit(1, H), key="all")
    story = Story(rule("tries", on("container.unhealthy"), limit=Limit(1, H)), say)
    story.at(0, unhealthy("a"), died("a"), unhealthy("a"))
    story.at(M, unhealthy("b"), died("b"), unhealthy("b"))
    assert story.told("exhausted") == [0, M, M]
    story.at(2 * M, healthy("a"), healthy("b"))
    assert not any(lane.exhausted or lane.states for lane in story.engine.lanes())


def test_queued_runs_wait_for_room_in_order() -> None:
    died = rule("died", on("container.die"), key="all", mode="queued", limit=Limit(2, H))
    story = Story(died)
    for minute, name in enumerate("abcd"):
        story.at(minute * M, container("die", name))
    story.until(30 * M)
    assert [run.event.subject for run in story.runs()] == ["a", "b"]
    for name in "abcd":
        story.at(30 * M, container("start", name))
    assert story.told("dropped") == [30 * M], "with the last of the states, what was refused goes"
