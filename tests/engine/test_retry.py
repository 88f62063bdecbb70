"""Retries, to the instant, and what a failure leads to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hooks.engine.runs import Result, Run
from hooks.rules.placeholders import parse
from hooks.rules.table import RetryPolicy
from tests.whole.story import CHANGED, DAY, GIVE_UP, RETRY, H, Story, forwarded, healthy, on, rule, unhealthy

PORT = rule("port", on("port.forwarded"))


def ports(story: Story) -> list[tuple[float, int]]:
    return [(ran.at, ran.run.event.data["port"]) for ran in story.attempts]


# -- retry -----------------------------------------------------------------------------------------


def test_a_retry_waits_twice_as_long_each_time_up_to_the_max() -> None:
    story = Story(replace(PORT, retry=RetryPolicy(attempts=8)), answers={"port": RETRY})
    story.at(0, forwarded(5000))
    story.until(H)
    assert story.ran() == [0, 1, 3, 7, 15, 31, 61, 91]
    assert [run.attempt for run in story.runs()] == list(range(1, 9))
    assert {run.id for run in story.runs()} == {"port/gluetun#1"}


def test_the_wait_counts_from_the_end_of_the_attempt() -> None:
    story = Story(PORT, answers={"port": [RETRY, CHANGED]}, takes_s={"port": 20})
    story.at(0, forwarded(5000))
    story.until(H)
    assert story.ran() == [0, 21]


def test_jitter_shortens_the_wait_by_its_share() -> None:
    story = Story(PORT, answers={"port": RETRY}, jitter=0.25)
    story.at(0, forwarded(5000))
    story.until(H)
    assert story.ran() == [0, 0.75, 2.25, 5.25, 11.25, 23.25]


def test_the_target_may_say_how_long_to_wait() -> None:
    story = Story(PORT, answers={"port": [replace(RETRY, after=120), CHANGED]}, jitter=0.5)
    story.at(0, forwarded(5000))
    story.until(H)
    assert story.ran() == [0, 120]


def test_a_thousand_attempts_stay_at_the_max() -> None:
    story = Story(replace(PORT, retry=RetryPolicy(attempts=2000)), answers={"port": RETRY})
    story.at(0, forwarded(5000))
    story.until(DAY)
    assert len(story.ran()) == 2000
    assert story.ran()[-1] - story.ran()[-2] == 30


def test_one_attempt_is_all_when_the_rule_says_so() -> None:
    story = Story(replace(PORT, retry=RetryPolicy(attempts=1)), answers={"port": RETRY})
    story.at(0, forwarded(5000))
    story.until(H)
    assert story.ran() == [0]
    assert story.told("failed") == [0]


def test_give_up_is_not_tried_again() -> None:
    story = Story(PORT, answers={"port": GIVE_UP})
    story.at(0, forwarded(5000))
    story.until(H)
    assert story.ran() == [0]
    assert story.told("failed") == [0]


def test_a_newer_event_replaces_the_waiting_retry() -> None:
    story = Story(PORT, answers={"port": [RETRY, RETRY, RETRY, CHANGED]})
    story.at(0, forwarded(5000))
    story.at(5, forwarded(5001))  # the third retry waits until 7
    story.until(H)
    assert ports(story) == [(0, 5000), (1, 5000), (3, 5000), (5, 5001)]
    assert [run.attempt for run in story.runs()] == [1, 2, 3, 1]
    assert story.told("superseded") == [5]
    assert story.told("failed") == []


def test_an_event_that_came_during_the_attempt_replaces_its_retry() -> None:
    story = Story(PORT, answers={"port": [RETRY, CHANGED]}, takes_s={"port": 10})
    story.at(0, forwarded(5000))
    story.at(5, forwarded(5001))
    story.until(H)
    assert ports(story) == [(0, 5000), (10, 5001)]
    assert story.told("retries") == []


def test_cooldown_holds_between_a_replaced_run_and_the_next() -> None:
    story = Story(replace(PORT, cooldown_s=60), answers={"port": [RETRY, RETRY, CHANGED]})
    story.at(0, forwarded(5000))
    story.at(2, forwarded(5001))
    story.until(H)
    assert ports(story) == [(0, 5000), (1, 5000), (61, 5001)]


def test_a_retry_does_not_wait_for_the_cooldown() -> None:
    story = Story(replace(PORT, cooldown_s=60), answers={"port": [RETRY, CHANGED]})
    story.at(0, forwarded(5000))
    story.until(H)
    assert story.ran() == [0, 1]


def half_done(run: Run) -> Result:
    """The first step has changed something, the second is refused until the third attempt."""
    if run.attempt < 3:
        return Result("retry", "refused", step=1, changed=True, last_said="peers rewritten")
    return CHANGED


def test_a_retry_resumes_at_the_failed_step() -> None:
    story = Story(PORT, answers={"port": half_done})
    story.at(0, forwarded(5000))
    story.until(H)
    told = [(run.step, run.changed, run.said) for run in story.runs()]
    assert told == [(0, False, ""), (1, True, "peers rewritten"), (1, True, "peers rewritten")]


@pytest.mark.parametrize("takes_s", [0.0, 10.0])
def test_what_a_replaced_run_changed_is_not_forgotten(takes_s: float) -> None:
    story = Story(PORT, answers={"port": half_done}, takes_s={"port": takes_s})
    story.at(0, forwarded(5000))
    story.at(0.5, forwarded(5001))
    story.until(0.5 + takes_s)
    run = story.runs()[1]
    assert (run.event.data["port"], run.attempt, run.step) == (5001, 1, 0)
    assert (run.changed, run.said) == (True, "peers rewritten")


def test_a_retry_of_a_for_is_dropped_when_the_state_ends() -> None:
    story = Story(rule("sick", on("container.unhealthy"), for_s=60), answers={"sick": RETRY})
    story.at(0, unhealthy("a"))
    story.at(62, healthy("a"))
    story.until(H)
    assert story.ran() == [60, 61]
    assert story.told("failed") == []


def test_a_for_that_fails_after_its_state_has_ended_is_not_tried_again() -> None:
    story = Story(rule("sick", on("container.unhealthy"), for_s=60), answers={"sick": RETRY}, takes_s={"sick": 10})
    story.at(0, unhealthy("a"))
    story.at(65, healthy("a"))
    story.until(H)
    assert story.ran() == [60]
    assert story.told("dropped") == [70]
    assert story.told("failed") == []


# -- run.failed ------------------------------------------------------------------------------------


def test_the_final_failure_is_an_event() -> None:
    say = rule("say", on("run.failed", rule="port"))
    story = Story(PORT, say, answers={"port": RETRY})
    story.at(0, forwarded(5000))
    story.until(H)
    assert story.ran("say") == [31]
    (run,) = story.runs("say")
    assert dict(run.event.data) == {
        "rule": "port", "key": "gluetun", "run": "port/gluetun#1", "handler": "test.act", "error": "refused",
        "tries": 6, "said": "refused",
    }  # fmt: skip


def test_a_rule_that_answers_failures_does_not_answer_its_own() -> None:
    say = rule("say", on("run.failed"), key=parse("${event.rule}"))
    story = Story(PORT, say, answers={"port": GIVE_UP, "say": GIVE_UP})
    story.at(0, forwarded(5000))
    story.until(H)
    assert story.ran("say") == [0]
    assert story.told("failed") == [0, 0]


# -- a late or foreign answer ----------------------------------------------------------------------


def test_an_answer_for_a_run_that_is_over_changes_nothing() -> None:
    story = Story(PORT)
    story.at(0, forwarded(5000))
    story.until(1)
    (run,) = story.runs()
    story.engine.finished(run, GIVE_UP, 1)
    story.engine.finished(run._replace(key="unheard of"), GIVE_UP, 1)
    story.until(2)
    assert story.told("failed") == []
