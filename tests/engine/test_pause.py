"""Pauses, and runs that the owner asks for by hand, to the instant."""

from __future__ import annotations

import random
from dataclasses import replace
from math import inf

import pytest

from hooks.engine.engine import Engine
from hooks.engine.runs import Result
from hooks.events.catalogue import Event
from hooks.rules.table import Debounce, Limit, Table
from tests.whole.story import (
    CHANGED,
    GIVE_UP,
    RETRY,
    H,
    M,
    Story,
    container,
    forwarded,
    healthy,
    on,
    rule,
    unhealthy,
)

PORT = rule("port", on("port.forwarded"))
HEAL = rule("heal", on("container.unhealthy"), for_s=3 * M)


def ports(story: Story) -> list[tuple[float, int]]:
    return [(ran.at, ran.run.event.data["port"]) for ran in story.attempts]


def ask(story: Story, name: str, at: float, told: Event) -> bool:
    """The owner wants a run of it, with this event, at this instant."""
    story.until(at)
    asked = story.engine.run_manually(name, "gluetun", replace(told, origin="manual"), at)
    story.until(at)
    return asked


# -- pauses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("whom", ["port", None])
def test_what_comes_in_a_pause_runs_at_its_end_the_newest_alone(whom: str | None) -> None:
    story = Story(PORT)
    story.engine.pause(whom, 100.0)
    story.at(10, forwarded(5000))
    story.at(20, forwarded(6000))
    assert story.engine.next_deadline() == 100
    story.until(H)
    assert ports(story) == [(100, 6000)]


def test_a_pause_of_one_rule_leaves_the_others_alone() -> None:
    story = Story(PORT, rule("other", on("port.forwarded")))
    story.engine.pause("port", 100.0)
    story.at(10, forwarded(5000))
    story.until(H)
    assert (story.ran("port"), story.ran("other")) == ([100], [10])


def test_of_two_pauses_the_longer_counts() -> None:
    story = Story(PORT)
    story.engine.pause(None, 100.0)
    story.engine.pause("port", 50.0)
    story.at(10, forwarded(5000))
    story.engine.unpause("port")
    story.until(H)
    assert story.ran() == [100]


def test_what_waits_starts_at_once_when_the_pause_is_ended() -> None:
    story = Story(PORT)
    story.engine.pause(None, H)
    story.at(10, forwarded(5000))
    story.until(30)
    story.engine.unpause(None)
    story.until(30)
    assert story.ran() == [30]


def test_a_pause_holds_up_what_waits_already() -> None:
    story = Story(replace(PORT, debounce=Debounce(10, 40)))
    story.at(0, forwarded(5000))
    story.engine.pause("port", 100.0)
    story.until(H)
    assert story.ran() == [100]


def test_a_run_that_has_begun_goes_on_and_its_retry_waits() -> None:
    story = Story(PORT, answers={"port": [RETRY, CHANGED]}, takes_s={"port": 5})
    story.at(0, forwarded(5000))
    story.engine.pause("port", 100.0)
    story.until(H)
    assert story.ran() == [0, 100]
    assert [run.attempt for run in story.runs()] == [1, 2]


def test_a_state_that_ends_in_a_pause_is_not_acted_on() -> None:
    story = Story(HEAL)
    story.engine.pause("heal", 10 * M)
    story.at(0, unhealthy("gluetun"))
    story.at(9 * M, healthy("gluetun"))
    story.until(H)
    assert story.ran() == []
    assert story.told("dropped") == [9 * M]


def test_the_time_of_a_pause_counts_for_a_state_that_must_last() -> None:
    story = Story(HEAL)
    story.engine.pause("heal", 10 * M)
    story.at(9 * M, unhealthy("gluetun"))
    story.until(H)
    assert story.ran() == [12 * M]


def test_another_table_ends_no_pause() -> None:
    story = Story(PORT)
    story.engine.pause("port", 100.0)
    story.at(10, forwarded(5000))
    story.engine.adopt(Table((replace(PORT, cooldown_s=1.0),)), 20.0)
    story.until(H)
    assert story.ran() == [100]


def test_in_random_worlds_nothing_starts_in_a_pause_and_the_newest_is_never_lost() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for _ in range(50):
        story, last = Story(PORT, takes_s={"port": dice.choice([0, 3])}), 0
        paused: dict[str | None, list[tuple[float, float]]] = {"port": [], None: []}
        for number in range(40):
            now = story.now + dice.choice([0, 1, 5, 30])
            if dice.random() < 0.2:
                story.until(now)
                whom, until = dice.choice(["port", None]), now + dice.choice([10, 60])
                story.engine.pause(whom, until)
                paused[whom] = [(begin, min(end, now)) for begin, end in paused[whom]] + [(now, until)]
            story.at(now, forwarded(last := 5000 + number))
        story.until(story.now + H)
        assert ports(story)[-1][1] == last
        spans = [span for each in paused.values() for span in each]
        assert [at for at in story.ran() for begin, end in spans if begin < at < end] == []


# -- by hand ---------------------------------------------------------------------------------------


def test_by_hand_neither_cooldown_nor_limit_is_waited_for() -> None:
    story = Story(replace(PORT, cooldown_s=H, limit=Limit(1, 24 * H)))
    told = forwarded(5000)
    story.at(0, told)
    assert ask(story, "port", 10, told)
    assert story.ran() == [0, 10]
    assert story.runs()[1].event.origin == "manual"
    assert story.runs()[1].id != story.runs()[0].id
    story.at(20, forwarded(6000))
    story.until(2 * H)
    assert story.told("exhausted") == [10 + H], "what comes by itself is limited as ever"


def test_by_hand_a_rule_that_rests_runs_and_is_not_exhausted_a_second_time() -> None:
    healing = replace(HEAL, repeat=True, limit=Limit(3, H), cooldown_s=5 * M)
    story = Story(healing, answers={"heal": GIVE_UP})
    story.at(0, unhealthy("gluetun"))
    story.until(H)
    assert (story.ran(), story.told("exhausted")) == ([3 * M], [3 * M])
    assert ask(story, "heal", H, unhealthy("gluetun"))
    story.until(2 * H)
    assert (story.ran(), story.told("exhausted")) == ([3 * M, H], [3 * M])


def test_by_hand_a_rule_that_rests_has_all_its_attempts() -> None:
    healing = replace(HEAL, repeat=True, limit=Limit(3, H), cooldown_s=5 * M)
    story = Story(healing, answers={"heal": [GIVE_UP, RETRY, RETRY, CHANGED]})
    story.at(0, unhealthy("gluetun"))
    story.until(H)
    assert ask(story, "heal", H, unhealthy("gluetun"))
    story.until(2 * H)
    assert [(ran.at, ran.run.attempt) for ran in story.attempts] == [(3 * M, 1), (H, 1), (H + 1, 2), (H + 3, 3)]


def test_by_hand_a_state_need_not_have_lasted() -> None:
    story = Story(HEAL)
    assert ask(story, "heal", 10, unhealthy("gluetun"))
    assert story.ran() == [10]


def test_by_hand_what_waits_already_is_run_as_it_is_newer() -> None:
    story = Story(PORT, answers={"port": [RETRY, Result("retry", "away", after=H), CHANGED]})
    told = forwarded(5000)
    story.at(0, told)
    story.at(0.5, forwarded(6000))
    assert ask(story, "port", 10, told)
    assert [(at, port) for at, port in ports(story)] == [(0, 5000), (0.5, 6000), (10, 6000)]
    assert [run.attempt for run in story.runs()] == [1, 1, 2]
    assert story.engine.next_deadline() == inf


def test_by_hand_a_pause_is_waited_for_and_so_is_the_run_before() -> None:
    story = Story(PORT, takes_s={"port": 5})
    told = forwarded(5000)
    story.at(0, told)
    ask(story, "port", 1, told)
    story.engine.pause(None, 100.0)
    story.until(H)
    assert story.ran() == [0, 100]


def test_every_run_asked_for_of_a_queued_rule_is_done() -> None:
    story = Story(replace(PORT, mode="queued"), takes_s={"port": 5})
    for number in range(3):
        ask(story, "port", number, forwarded(5000 + number))
    story.until(H)
    assert ports(story) == [(0, 5000), (5, 5001), (10, 5002)]


def test_what_is_asked_for_is_accepted_and_so_in_the_journal_before_it_runs() -> None:
    engine = Engine(Table((PORT,)))
    told = replace(forwarded(5000), time=1)
    assert engine.run_manually("port", "gluetun", told, 0.0)
    assert [(note.kind, note.event) for note in engine.take_notes()] == [("accepted", told)]


def test_a_rule_that_is_off_or_not_there_cannot_be_asked_for() -> None:
    engine = Engine(Table((replace(PORT, enabled=False),)))
    died = replace(container("die", "gluetun"), time=1)
    assert not engine.run_manually("port", "gluetun", died, 0.0)
    assert not engine.run_manually("none", "gluetun", died, 0.0)
    assert engine.next_deadline() == inf
