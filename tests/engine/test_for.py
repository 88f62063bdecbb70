"""`for`: how long a state must last, what ends it, and two states of one lane."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hooks.engine.runs import Result
from hooks.events.catalogue import Event
from tests.whole.story import (
    CHANGED,
    DAY,
    RETRY,
    SKIPPED,
    UNCHANGED,
    H,
    M,
    Story,
    cleared,
    container,
    forwarded,
    healthy,
    on,
    rule,
    unhealthy,
)

SICK = rule("sick", on("container.unhealthy"), for_s=3 * M)
NO_VPN = rule("no-vpn", on("container.unhealthy", container="gluetun"), on("port.cleared"), key="gluetun", for_s=3 * M)


# -- for -------------------------------------------------------------------------------------------


def test_for_runs_when_the_state_has_lasted_so_long() -> None:
    story = Story(SICK)
    story.at(10, unhealthy("gluetun"))
    assert story.engine.next_deadline() == 10 + 3 * M
    story.until(DAY)
    assert story.ran() == [10 + 3 * M]


def test_a_for_run_says_which_states_must_still_last() -> None:
    story = Story(NO_VPN)
    story.at(0, unhealthy("gluetun"))
    story.at(M, cleared())
    story.until(H)
    (run,) = story.runs()
    assert [event.type for event in run.states] == ["container.unhealthy", "port.cleared"]
    assert run.event.type == "port.cleared"


@pytest.mark.parametrize("word", ["healthy", "die", "start", "destroy"])
def test_unhealthy_is_ended_by(word: str) -> None:
    story = Story(SICK)
    story.at(0, unhealthy("gluetun"))
    story.at(3 * M - 0.001, container(word, "gluetun"))
    assert story.told("dropped") == [3 * M - 0.001]
    story.until(DAY)
    assert story.ran() == []


def test_unhealthy_is_ended_by_a_new_name() -> None:
    story = Story(SICK)
    story.at(0, unhealthy("old"), unhealthy("other"))
    story.at(M, container("rename", "new", old_name="old"))
    story.until(DAY)
    assert [run.key for run in story.runs()] == ["other"]


@pytest.mark.parametrize("end", [healthy("other"), container("oom", "gluetun"), cleared(), unhealthy("gluetun")])
def test_unhealthy_is_not_ended_by(end: Event) -> None:
    story = Story(SICK)
    story.at(0, unhealthy("gluetun"))
    story.at(M, end)
    story.until(DAY)
    assert story.ran() == [3 * M]


def test_a_state_that_begins_again_is_waited_for_again() -> None:
    story = Story(SICK)
    story.at(0, unhealthy("gluetun"))
    story.at(2 * M, healthy("gluetun"))
    story.at(4 * M, unhealthy("gluetun"))
    story.until(DAY)
    assert story.ran() == [7 * M]


def test_a_state_that_begins_again_at_the_very_instant_of_an_old_deadline() -> None:
    # the cooldown makes both runs due at the same instant: the second must not be lost with the first
    story = Story(replace(SICK, for_s=M, cooldown_s=10 * M))
    story.at(0, unhealthy("gluetun"))
    story.at(2 * M, healthy("gluetun"))
    story.at(3 * M, unhealthy("gluetun"))
    assert story.engine.next_deadline() == 11 * M
    story.at(4 * M, healthy("gluetun"))
    story.at(5 * M, unhealthy("gluetun"))
    story.until(DAY)
    assert story.ran() == [M, 11 * M]


def test_another_container_of_the_name_is_another_state() -> None:
    story = Story(rule("up", on("container.start"), for_s=3 * M))
    story.at(0, container("start", "gluetun", id="a"))
    story.at(2 * M, container("start", "gluetun", id="b"))
    story.until(DAY)
    assert story.ran() == [5 * M]


def test_another_port_is_another_state_and_gets_its_own_run() -> None:
    story = Story(rule("steady", on("port.forwarded"), for_s=M))
    story.at(0, forwarded(5000))
    story.at(10 * M, forwarded(5001))
    story.until(DAY)
    assert [(ran.at, ran.run.event.data["port"]) for ran in story.attempts] == [(M, 5000), (11 * M, 5001)]


def test_death_can_be_waited_for() -> None:
    story = Story(rule("dead", on("container.die"), for_s=5 * M))
    story.at(0, container("die", "a"), container("die", "b"), container("die", "c"))
    story.at(4 * M, container("start", "a"), container("destroy", "b"))
    story.until(DAY)
    assert [run.key for run in story.runs()] == ["c"]


def test_a_state_that_lasts_runs_once_without_repeat() -> None:
    story = Story(SICK)
    story.at(0, unhealthy("gluetun"))
    for minute in range(5, 60, 5):
        story.at(minute * M, unhealthy("gluetun", began=-60), unhealthy("gluetun"))
    assert story.ran() == [3 * M]


# -- two states of one lane ------------------------------------------------------------------------


def test_for_counts_from_the_first_of_two_states() -> None:
    story = Story(NO_VPN)
    story.at(0, unhealthy("gluetun"))
    story.at(2 * M, cleared())
    story.at(2.5 * M, healthy("gluetun"))
    story.until(DAY)
    assert story.ran() == [3 * M]
    assert story.runs()[0].event.type == "port.cleared"


def test_the_run_is_about_a_state_that_still_lasts() -> None:
    story = Story(NO_VPN)
    story.at(0, unhealthy("gluetun"))
    story.at(1 * M, cleared())
    story.at(2 * M, forwarded(5000))
    story.until(DAY)
    assert story.ran() == [3 * M]
    assert story.runs()[0].event.type == "container.unhealthy"


def test_the_wait_is_over_with_the_last_of_two_states() -> None:
    story = Story(NO_VPN)
    story.at(0, unhealthy("gluetun"))
    story.at(1 * M, cleared())
    story.at(2 * M, healthy("gluetun"))
    story.at(2.9 * M, forwarded(5000))
    story.until(DAY)
    assert story.ran() == []


@pytest.mark.parametrize("began", [None, 10.0 * M])
def test_a_state_that_joins_one_already_acted_on_is_no_new_one(began: float | None) -> None:
    story = Story(NO_VPN)
    story.at(0, unhealthy("gluetun"))
    story.at(10 * M, cleared(began=began))
    story.at(14 * M, healthy("gluetun"))
    story.at(15 * M, cleared(began=15 * M))
    story.until(DAY)
    assert story.ran() == [3 * M]


def test_a_state_that_joins_during_the_run_is_no_new_one_either() -> None:
    story = Story(NO_VPN, takes_s={"no-vpn": 2 * M})
    story.at(0, unhealthy("gluetun"))
    story.at(4 * M, cleared(began=4 * M))
    story.at(10 * M, healthy("gluetun"), cleared(began=10 * M))
    story.until(DAY)
    assert story.ran() == [3 * M]


def test_a_state_told_again_during_the_run_has_been_acted_on() -> None:
    story = Story(SICK, takes_s={"sick": 2 * M})
    story.at(0, unhealthy("gluetun"))
    story.at(4 * M, unhealthy("gluetun"))
    story.at(6 * M, unhealthy("gluetun", began=-60))
    story.until(DAY)
    assert story.ran() == [3 * M]


def test_death_ends_both_and_start_begins_the_port_anew() -> None:
    story = Story(NO_VPN)
    story.at(0, unhealthy("gluetun"), cleared())
    story.at(2 * M, container("die", "gluetun"))
    assert story.engine.lanes()[0].states.held == ()
    story.at(3 * M, container("start", "gluetun"), cleared())
    story.until(DAY)
    assert story.ran() == [6 * M]


# -- repeat ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [CHANGED, UNCHANGED, SKIPPED, RETRY])
def test_repeat_runs_again_a_cooldown_after_the_end_whatever_the_outcome(answer: Result) -> None:
    again = replace(SICK, repeat=True, cooldown_s=5 * M, retry=replace(SICK.retry, attempts=1))
    story = Story(again, answers={"sick": answer}, takes_s={"sick": M})
    story.at(0, unhealthy("gluetun"))
    story.at(20 * M, healthy("gluetun"))
    story.until(DAY)
    assert story.ran() == [3 * M, 9 * M, 15 * M]


def test_a_state_that_began_during_the_run_waits_its_time() -> None:
    again = replace(SICK, repeat=True, cooldown_s=M)
    story = Story(again, takes_s={"sick": 2 * M})
    story.at(0, unhealthy("gluetun"))
    story.at(3.5 * M, healthy("gluetun"))
    story.at(4 * M, unhealthy("gluetun"))
    story.until(9 * M)
    assert story.ran() == [3 * M, 7 * M]
    assert len(story.engine.lanes()[0].pending) == 1, "repeat adds nothing to what waits already"
