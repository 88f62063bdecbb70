"""Debounce, cooldown and modes, to the instant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hooks.engine.pending import QUEUE_BOUND
from hooks.engine.runs import Result
from hooks.events.catalogue import Event
from hooks.rules.table import Debounce, Limit
from tests.whole.story import (
    CHANGED,
    GIVE_UP,
    RETRY,
    SKIPPED,
    UNCHANGED,
    H,
    M,
    Story,
    container,
    event,
    forwarded,
    on,
    rule,
)

PORT = rule("port", on("port.forwarded"))


def ports(story: Story) -> list[tuple[float, int]]:
    return [(ran.at, ran.run.event.data["port"]) for ran in story.attempts]


def test_without_any_waiting_a_run_starts_at_once() -> None:
    story = Story(PORT)
    story.at(5, forwarded(5000))
    assert ports(story) == [(5, 5000)]
    assert story.engine.next_deadline() == float("inf")


# -- debounce --------------------------------------------------------------------------------------


def test_debounce_runs_its_wait_after_the_last_event_with_the_newest() -> None:
    story = Story(replace(PORT, debounce=Debounce(10, 40)))
    for second in (0, 4, 9):
        story.at(second, forwarded(5000 + second))
    story.until(H)
    assert ports(story) == [(19, 5009)]
    assert story.told("merged") == [4, 9]


def test_debounce_runs_at_the_latest_its_max_after_the_first_event() -> None:
    story = Story(replace(PORT, debounce=Debounce(10, 40)))
    for second in range(0, 60, 5):
        story.at(second, forwarded(5000 + second))
    story.until(H)
    # at 40 the event of that very instant comes after the run; with it a new wait begins
    assert ports(story) == [(40, 5035), (65, 5055)]


def test_debounce_is_quiet_time_of_its_own_lane() -> None:
    story = Story(rule("up", on("container.start"), debounce=Debounce(10, 40)))
    story.at(0, container("start", "a"))
    story.at(9, container("start", "b"))
    story.until(H)
    assert [(ran.at, ran.run.key) for ran in story.attempts] == [(10, "a"), (19, "b")]


# -- cooldown --------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [CHANGED, GIVE_UP])
def test_cooldown_counts_from_the_end_of_a_run_good_or_bad(answer: Result) -> None:
    story = Story(replace(PORT, cooldown_s=5 * M), answers={"port": answer}, takes_s={"port": M})
    story.at(0, forwarded(5000))
    story.at(2 * M, forwarded(5001))
    story.until(H)
    assert ports(story) == [(0, 5000), (6 * M, 5001)]


def test_what_arrives_meanwhile_is_merged_and_runs_afterwards() -> None:
    story = Story(replace(PORT, cooldown_s=5 * M), takes_s={"port": M})
    for second in range(10):
        story.at(second * 30, forwarded(5000 + second))
    story.until(H)
    assert ports(story) == [(0, 5000), (6 * M, 5009)]


def test_an_event_after_the_cooldown_runs_at_once() -> None:
    story = Story(replace(PORT, cooldown_s=5 * M))
    story.at(0, forwarded(5000))
    story.at(5 * M, forwarded(5001))
    assert ports(story) == [(0, 5000), (5 * M, 5001)]


@pytest.mark.parametrize("answer", [UNCHANGED, SKIPPED])
def test_runs_that_did_nothing_do_not_count(answer: Result) -> None:
    limited = replace(PORT, cooldown_s=5 * M, limit=Limit(1, H))
    story = Story(limited, answers={"port": [answer, answer, CHANGED]})
    for minute in range(4):
        story.at(minute * M, forwarded(5000 + minute))
    story.until(50 * M)
    assert story.ran() == [0, M, 2 * M]
    assert story.told("exhausted") == [7 * M]


def test_an_attempt_that_failed_before_one_that_did_nothing_does_not_count() -> None:
    limited = replace(PORT, cooldown_s=5 * M, limit=Limit(1, H))
    story = Story(limited, answers={"port": [RETRY, UNCHANGED, CHANGED]})
    story.at(0, forwarded(5000))
    story.at(2, forwarded(5001))
    assert story.ran() == [0, 1, 2]


def test_cooldown_waits_out_a_debounce_and_the_other_way_round() -> None:
    story = Story(replace(PORT, cooldown_s=60, debounce=Debounce(10, 40)))
    story.at(0, forwarded(5000))  # runs at 10, cools until 70
    story.at(65, forwarded(5001))
    story.at(200, forwarded(5002))
    story.until(H)
    assert ports(story) == [(10, 5000), (75, 5001), (210, 5002)]


# -- modes -----------------------------------------------------------------------------------------


def test_latest_runs_the_newest_after_the_one_that_runs() -> None:
    story = Story(PORT, takes_s={"port": 60})
    for second in (0, 10, 20, 30):
        story.at(second, forwarded(5000 + second))
    story.until(H)
    assert ports(story) == [(0, 5000), (60, 5030)]


def test_queued_keeps_all_in_order() -> None:
    story = Story(replace(PORT, mode="queued"), takes_s={"port": 60})
    for second in (0, 10, 20, 30):
        story.at(second, forwarded(5000 + second))
    story.until(H)
    assert ports(story) == [(0, 5000), (60, 5010), (120, 5020), (180, 5030)]


def test_queued_retries_before_the_next_one() -> None:
    story = Story(replace(PORT, mode="queued"), answers={"port": [RETRY, CHANGED]}, takes_s={"port": 10})
    story.at(0, forwarded(5000))
    story.at(1, forwarded(5001))
    story.until(H)
    assert ports(story) == [(0, 5000), (11, 5000), (21, 5001)]


def test_queued_has_a_bound_and_the_oldest_goes() -> None:
    story = Story(replace(PORT, mode="queued"), takes_s={"port": H})
    for number in range(QUEUE_BOUND + 3):
        story.at(number, forwarded(5000 + number))
    lane = story.engine.lanes()[0]
    assert len(lane.pending) == QUEUE_BOUND
    assert lane.pending[0].event.data["port"] == 5003
    assert story.told("dropped") == [QUEUE_BOUND + 1, QUEUE_BOUND + 2]


def test_single_drops_while_running_and_says_so() -> None:
    story = Story(replace(PORT, mode="single"), takes_s={"port": 60})
    for second in (0, 10, 59, 61):
        story.at(second, forwarded(5000 + second))
    story.until(H)
    assert ports(story) == [(0, 5000), (61, 5061)]
    assert story.told("dropped") == [10, 59]


def test_single_is_running_while_it_waits_for_a_retry() -> None:
    story = Story(replace(PORT, mode="single"), answers={"port": [RETRY, CHANGED]})
    story.at(0, forwarded(5000))
    story.at(0.5, forwarded(5001))
    story.until(H)
    assert ports(story) == [(0, 5000), (1, 5000)]


def test_single_keeps_the_newest_while_it_cools() -> None:
    story = Story(replace(PORT, mode="single", cooldown_s=M))
    for second in (0, 10, 20):
        story.at(second, forwarded(5000 + second))
    story.until(H)
    assert ports(story) == [(0, 5000), (M, 5020)]


def tick() -> Event:
    return event("timer.tick", "5m", every="5m")


def test_an_event_without_a_state_runs_each_time() -> None:
    story = Story(rule("often", on("timer.tick", every="5m")))
    for minute in (5, 10, 15):
        story.at(minute * M, tick())
    assert story.ran() == [5 * M, 10 * M, 15 * M]
