"""The limit of a rule on states bounds the runs of one trouble; a trouble that ended well is no failure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hooks.engine.engine import Engine
from hooks.engine.runs import Past
from hooks.events.catalogue import CATALOGUE, Event
from hooks.rules.table import Limit, RetryPolicy, Step, Table
from tests.whole.story import (
    CHANGED,
    DAY,
    GIVE_UP,
    RETRY,
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
    source,
    unhealthy,
)

TRIES = rule("tries", on("container.unhealthy"), limit=Limit(3, H))
HEAL = rule("heal", on("container.unhealthy"), on("port.cleared"), key="vpn", for_s=M, cooldown_s=5 * M, repeat=True,
            limit=Limit(3, H))  # fmt: skip
HARDER = rule("harder", on("rule.exhausted", rule="heal"), limit=Limit(2, DAY))
SAY = rule("say", on("rule.exhausted"), key="all", mode="queued")


def sick_and_well(story: Story, times: int, every: float = M) -> None:
    for _ in range(times):
        story.at(story.now + every / 2, unhealthy("a"))
        story.at(story.now + every / 2, healthy("a"))


def test_a_trouble_that_ended_well_counts_no_more() -> None:
    story = Story(TRIES, SAY)
    sick_and_well(story, 12)
    assert len(story.ran("tries")) == 12
    assert story.told("exhausted") == []
    assert len(story.told("renewed")) == 12


@pytest.mark.parametrize(("bad", "good"), [
    (unhealthy("gluetun"), healthy("gluetun")), (cleared(), forwarded(5000)),
    (source("lost", "docker"), source("restored", "docker")),
    (container("die", "gluetun"), container("start", "gluetun")),
], ids=lambda event: event.type)  # fmt: skip
def test_each_bad_state_has_a_good_one_that_ends_its_trouble(bad: Event, good: Event) -> None:
    story = Story(rule("tries", on(bad.type), limit=Limit(1, H)), SAY)
    for minute in range(3):
        story.at(minute * M, bad)
        story.at(minute * M + 1, good)
    assert len(story.ran("tries")) == 3
    assert story.told("exhausted") == []


def test_every_topic_that_can_be_bad_can_get_well() -> None:
    values: dict[str, set[bool]] = {}
    for kind in CATALOGUE.values():
        if kind.state:
            values.setdefault(kind.state.topic, set()).add(kind.state.good)
    assert {topic for topic, found in values.items() if True not in found} == {"exhausted"}, "that ends with its rule"


def test_what_only_went_away_has_not_got_well() -> None:
    story = Story(TRIES, SAY)
    for minute in range(3):
        story.at(minute * M, unhealthy("a"))
        story.at(minute * M + 30, container("die", "a"), container("start", "a"))
    story.at(3 * M, unhealthy("a"))
    assert len(story.ran("tries")) == 3
    assert [run.event.data["reason"] for run in story.runs("say")] == ["it ran 3 times within 1h, and its state lasts"]
    story.at(4 * M, container("die", "a"), container("start", "a"), healthy("a"))
    story.at(5 * M, unhealthy("a"))
    assert story.ran("tries")[3:] == [5 * M], "it was well in between"


def test_a_trouble_of_two_states_is_over_when_both_are() -> None:
    story = Story(HEAL, SAY)
    story.at(0, unhealthy("gluetun"), cleared())
    story.until(12 * M)
    assert len(story.ran("heal")) == 3
    story.at(12 * M, healthy("gluetun"))  # and still without a port
    story.until(17 * M)
    assert story.told("exhausted") == [16 * M]
    story.at(20 * M, forwarded(5000))
    story.at(21 * M, cleared())
    story.until(22 * M)
    assert story.ran("heal")[3:] == [22 * M]


def test_what_comes_and_goes_is_bounded_and_called_what_it_is() -> None:
    story = Story(TRIES, SAY)
    sick_and_well(story, 30)
    assert len(story.ran("tries")) == 12
    said = story.runs("say")[0].event.data
    assert said["reason"] == "it ran 12 times within 1h, as its state ended and came back each time"
    assert (said["runs"], said["tries"]) == (12, 0)


def test_a_state_that_lasts_is_handled_when_the_hour_has_room_again() -> None:
    story = Story(TRIES, SAY)
    sick_and_well(story, 12)
    story.at(13 * M, unhealthy("a"))
    assert story.told("exhausted") == [13 * M]
    (lane,) = [lane for lane in story.engine.lanes() if lane.rule is TRIES]
    assert lane.due() == story.ran("tries")[0] + H
    story.until(2 * H)
    assert story.ran("tries")[12:] == [story.ran("tries")[0] + H]
    assert not lane.exhausted


def test_a_run_that_is_at_work_when_its_trouble_ends_counts_for_that() -> None:
    story = Story(replace(TRIES, limit=Limit(1, H)), SAY, takes_s={"tries": 10.0})
    story.at(0, unhealthy("a"))
    story.at(5, healthy("a"))
    story.at(20, unhealthy("a"))
    assert story.ran("tries") == [0, 20]


@pytest.mark.parametrize("answer", [UNCHANGED, CHANGED, GIVE_UP])
def test_a_run_that_did_nothing_is_taken_back_wherever_it_counted(answer: object) -> None:
    story = Story(replace(TRIES, limit=Limit(1, H)), SAY, answers={"tries": [answer, CHANGED]},  # type: ignore[list-item]
                  takes_s={"tries": 10.0})  # fmt: skip
    story.at(0, unhealthy("a"))
    story.at(5, healthy("a"), unhealthy("a"))
    story.until(DAY)
    assert story.ran("tries") == [0, 10]


def test_the_rule_that_escalates_begins_anew_with_the_rule_it_answers() -> None:
    story = Story(HEAL, HARDER, SAY)
    for day in range(5):  # five troubles that only harder could end, each longer than its own restart
        story.at(day * 4 * H, unhealthy("gluetun"))
        story.until(day * 4 * H + 20 * M)
        story.at(story.now, container("die", "gluetun"), container("start", "gluetun"))
        story.at(story.now + M, healthy("gluetun"))
    assert len(story.ran("harder")) == 5
    assert {run.event.data["rule"] for run in story.runs("say")} == {"heal"}


def test_a_restart_that_did_not_help_counts_on() -> None:
    story = Story(HEAL, HARDER, SAY)
    story.at(0, unhealthy("gluetun"))
    for _ in range(3):
        story.until(story.now + 2 * H)
        story.at(story.now, container("die", "gluetun"), container("start", "gluetun"))
        story.at(story.now + M, unhealthy("gluetun"))
    story.until(DAY)
    assert len(story.ran("harder")) == 2
    assert [run.event.data["rule"] for run in story.runs("say")].count("harder") >= 1


def test_a_reason_travels_with_the_exhaustion_and_the_failure() -> None:
    failed = rule("failed", on("run.failed"), mode="queued")
    story = Story(HEAL, SAY, failed, answers={"heal": [RETRY, GIVE_UP]})
    story.at(0, unhealthy("gluetun"))
    story.until(H)
    (exhausted,) = [run.event.data for run in story.runs("say")]
    assert (exhausted["said"], exhausted["tries"], exhausted["reason"]) == ("wrong key", 2, "its handler gave up")
    (end,) = [run.event.data for run in story.runs("failed")]
    assert (end["said"], end["tries"]) == ("wrong key", 2)


def test_what_a_previous_process_ran_counts_until_its_topics_are_well() -> None:
    engine = Engine(Table((TRIES, SAY)))
    past = Past("tries", "a", (-30.0, -20.0, -10.0), -9.0, (), (("health", "a"),), 3, "restarted it")
    engine.load(past, 0.0)
    engine.feed(unhealthy("a"), 0.0)
    (say,) = engine.advance(0.0)
    assert (say.event.data["said"], say.event.data["tries"]) == ("restarted it", 3)
    again = Engine(Table((TRIES, SAY)))
    again.load(past, 0.0)
    again.feed(healthy("a", began=-5), 0.0)  # the resync: it got well while nobody looked
    again.feed(unhealthy("a"), 1.0)
    assert [run.rule.name for run in again.advance(1.0)] == ["tries"]


# -- rule.recovered ------------------------------------------------------------------------------

WELL = rule("well", on("rule.recovered"), key="all", mode="queued")


def recovered(story: Story) -> list[tuple[float, str, str, str]]:
    runs = [(ran.at, ran.run.event.data) for ran in story.attempts if ran.run.rule.name == "well"]
    return [(at, data["rule"], data["key"], data["reason"]) for at, data in runs]


def test_each_rule_of_a_trouble_has_recovered_when_its_bad_state_is_followed_by_the_good_one() -> None:
    story = Story(HEAL, HARDER, WELL)
    story.at(0, unhealthy("gluetun"))
    story.at(30 * M, healthy("gluetun"))
    assert {name: len(story.ran(name)) for name in ("heal", "harder")} == {"heal": 3, "harder": 1}
    assert recovered(story) == [
        (30 * M, "heal", "vpn", "container.healthy of gluetun"),
        (30 * M, "harder", "heal", "container.healthy of gluetun"),
    ]


@pytest.mark.parametrize("events", [
    [(0, unhealthy("a")), (M, container("die", "a"))],  # it went away
    [(0, healthy("a"))],  # nothing was wrong
    [(0, unhealthy("b"))],  # it lasts
    [(0, container("start", "a")), (M, container("die", "a"))],  # a good state that ended
], ids=["went away", "always well", "lasts", "a good state"])  # fmt: skip
def test_what_has_not_got_well_has_not_recovered(events: list[tuple[float, Event]]) -> None:
    story = Story(rule("tries", on("container.unhealthy"), on("container.start")), WELL)
    for at, event in events:
        story.at(at, event)
    assert recovered(story) == []


def test_a_trouble_without_a_run_is_none() -> None:
    story = Story(HEAL, WELL)
    story.at(0, unhealthy("a"))
    story.at(30, healthy("a"))
    assert recovered(story) == []


def test_a_run_that_succeeds_after_one_that_failed_has_recovered_once() -> None:
    story = Story(rule("rejoin", on("container.healthy")), WELL,
                  answers={"rejoin": [GIVE_UP, GIVE_UP, UNCHANGED, CHANGED]})  # fmt: skip
    for minute in range(4):
        story.at(minute * M, container("start", "a", id=str(minute)), healthy("a", id=str(minute)))
    assert recovered(story) == [(2 * M, "rejoin", "a", "its run succeeded")]


def test_what_gets_well_while_its_run_goes_on_has_recovered_once_that_has_ended() -> None:
    story = Story(TRIES, WELL, takes_s={"tries": 20})
    story.at(0, unhealthy("a"))
    story.at(5, healthy("a"))
    story.until(M)
    assert recovered(story) == [(20, "tries", "a", "container.healthy of a")]


def test_a_trouble_that_the_previous_process_began_recovers_too() -> None:
    story = Story(HEAL, WELL)
    story.engine.load(Past("heal", "vpn", (-M,), -M, topics=(("health", "gluetun"),), attempts=1, said="tried"), 0)
    story.at(0, unhealthy("gluetun"))
    story.at(M / 2, healthy("gluetun"))
    assert recovered(story) == [(M / 2, "heal", "vpn", "container.healthy of gluetun")]


@pytest.mark.parametrize(("more", "ran"), [(True, [0, 1, 3]), (False, [0])], ids=["a report", "another act"])
def test_what_a_run_has_changed_is_reported_although_the_state_has_ended(more: bool, ran: list[float]) -> None:
    steps = (Step("test.act"), Step("test.tell", when_changed=more))
    failed = replace(RETRY, step=1, changed=True)
    story = Story(HEAL, rule("harder", on("rule.exhausted", rule="heal"), do=steps, retry=RetryPolicy(3, 1, 60)),
                  answers={"harder": [failed, failed, CHANGED]})  # fmt: skip
    story.at(0, unhealthy("gluetun"))
    story.until(16 * M)
    begun = story.ran("harder")[0]
    story.at(begun + 0.5, container("start", "gluetun"))
    story.until(H)
    assert [at - begun for at in story.ran("harder")] == ran


def test_a_good_state_that_ends_is_not_told_as_a_recovery() -> None:
    story = Story(rule("port", on("port.forwarded"), limit=Limit(3, H)), HEAL)
    story.at(0, forwarded(1))
    story.at(M, cleared())
    story.until(3 * M)
    story.at(4 * M, forwarded(2))
    said = [(note.rule, note.why) for _, note in story.notes if note.kind == "renewed"]
    assert said == [("port", "its limit counts anew"), ("heal", "all is well again; its limit counts anew")]


def test_what_was_merged_while_a_run_was_at_work_waited_for_that_alone() -> None:
    story = Story(rule("slow", on("port.forwarded")), takes_s={"slow": 10})
    story.at(0, forwarded(1))
    story.at(3, forwarded(2))
    story.at(5, forwarded(3))
    story.until(M)
    assert [run.waited and (run.waited.since, dict(run.waited.until)) for run in story.runs("slow")] == [
        None, (3, {"running": 10}),
    ]  # fmt: skip
