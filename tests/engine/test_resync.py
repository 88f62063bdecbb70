"""What a blind source and a resync do to the states that lanes are in."""

from __future__ import annotations

from dataclasses import replace

from hooks.engine.runs import Result
from hooks.rules.table import Limit, Step
from tests.whole.story import (
    CHANGED,
    DAY,
    GIVE_UP,
    RETRY,
    SKIPPED,
    H,
    M,
    Story,
    cleared,
    container,
    event,
    forwarded,
    healthy,
    on,
    rule,
    source,
    unhealthy,
)

SICK = rule("sick", on("container.unhealthy"), for_s=3 * M)
NO_VPN = rule("no-vpn", on("container.unhealthy", container="gluetun"), on("port.cleared"), key="gluetun", for_s=3 * M)


# -- blind -----------------------------------------------------------------------------------------


def test_time_that_was_blind_is_not_counted() -> None:
    story = Story(SICK)
    story.at(0, unhealthy("gluetun"))
    story.at(2 * M, source("lost", "docker"))
    assert story.told("blind") == [2 * M]
    story.at(H, source("restored", "docker"))
    assert story.told("sees") == [H]
    story.until(DAY)
    assert story.ran() == [H + M]


def test_a_state_that_ended_while_blind_is_over() -> None:
    story = Story(SICK)
    story.at(0, unhealthy("gluetun"))
    story.at(2 * M, source("lost", "docker"))
    story.at(H, source("restored", "docker"), healthy("gluetun", began=-60))
    story.until(DAY)
    assert story.ran() == []


def test_another_source_that_is_lost_blinds_nobody() -> None:
    story = Story(SICK)
    story.at(0, unhealthy("gluetun"), source("lost", "files"))
    story.until(DAY)
    assert story.ran() == [3 * M]


def test_a_lane_sees_while_one_of_its_states_can_be_seen() -> None:
    story = Story(NO_VPN)
    story.at(0, unhealthy("gluetun"))
    story.at(M, source("lost", "docker"))
    story.at(11 * M, cleared())  # from the file, which can be seen: goes on where it was
    story.until(DAY)
    assert story.ran() == [13 * M]


def test_a_lane_goes_blind_when_the_state_that_could_be_seen_ends() -> None:
    story = Story(NO_VPN)
    story.at(0, unhealthy("gluetun"), cleared(), source("lost", "docker"))
    story.at(M, forwarded(5000))
    story.at(H, source("restored", "docker"))
    story.until(DAY)
    assert story.ran() == [H + 2 * M]


def test_a_retry_waits_while_it_is_blind() -> None:
    story = Story(SICK, answers={"sick": [RETRY, CHANGED]})
    story.at(0, unhealthy("gluetun"))
    story.at(3 * M, source("lost", "docker"))
    story.at(H, source("restored", "docker"))
    story.until(DAY)
    assert story.ran() == [3 * M, H]


def test_a_lost_source_itself_can_be_waited_for() -> None:
    story = Story(rule("blind", on("source.lost"), for_s=5 * M))
    story.at(0, source("lost", "files"), source("lost", "docker"))
    story.at(4 * M, source("restored", "docker"))
    story.until(DAY)
    assert [(ran.at, ran.run.key) for ran in story.attempts] == [(5 * M, "files")]


# -- resync ----------------------------------------------------------------------------------------


def test_a_resyncs_reminder_does_not_restart_a_for() -> None:
    story = Story(SICK)
    story.at(0, container("start", "gluetun"))
    story.at(10, unhealthy("gluetun"))
    story.at(M, container("start", "gluetun", began=-0.5), unhealthy("gluetun", began=-0.5))
    story.until(DAY)
    assert story.ran() == [10 + 3 * M]


def test_a_restart_that_nobody_saw_ends_what_was() -> None:
    story = Story(SICK)
    story.at(0, container("start", "gluetun"))
    story.at(10, unhealthy("gluetun"))
    story.at(2 * M, container("start", "gluetun", began=90), unhealthy("gluetun", began=90))
    story.until(DAY)
    assert story.ran() == [5 * M]


def test_a_restart_that_nobody_saw_is_news_to_who_waits_for_it_to_run() -> None:
    story = Story(rule("up", on("container.start"), for_s=3 * M))
    story.at(0, container("start", "gluetun"))
    story.at(2 * M, container("start", "gluetun", began=90))
    story.until(DAY)
    assert story.ran() == [5 * M]


def test_a_state_without_a_begin_of_its_own_is_one_however_late_it_is_told() -> None:
    story = Story(replace(NO_VPN, for_s=12 * M))
    story.at(0, cleared())
    story.at(5 * M, cleared(began=5 * M))
    story.at(10 * M, cleared(began=10 * M))
    story.until(DAY)
    assert story.ran() == [12 * M]


MEND = rule("mend", on("container.start"), on("port.forwarded"), key="x", reconciles=True)


def test_a_resync_is_news_only_if_the_lane_has_not_acted_on_it() -> None:
    story = Story(MEND)
    story.at(0, forwarded(5000))
    story.at(5 * M, forwarded(5000, began=0))
    story.at(10 * M, forwarded(5001, began=9 * M))
    story.at(15 * M, forwarded(5001, began=9 * M))
    story.at(20 * M, forwarded(5001, began=9 * M, generation="written again"))
    story.until(DAY)
    assert story.ran() == [0, 10 * M, 20 * M]


def test_a_resync_wakes_what_has_failed_or_was_skipped() -> None:
    answers = [SKIPPED, RETRY, GIVE_UP]
    story = Story(replace(MEND, retry=replace(MEND.retry, attempts=1)), answers={"mend": answers})
    story.at(0, forwarded(5000))
    for minute in (5, 10, 15, 20):
        story.at(minute * M, forwarded(5000, began=0))
    assert story.ran() == [0, 5 * M, 10 * M], "a GiveUp counts as acted"


def test_a_resync_wakes_what_left_something_alone_for_a_reason_that_may_end() -> None:
    answers = [replace(CHANGED, again=True), Result("unchanged", again=True), replace(GIVE_UP, again=True), CHANGED]
    story = Story(MEND, answers={"mend": answers})
    story.at(0, forwarded(5000))
    for minute in (5, 10, 15, 20, 25):
        story.at(minute * M, forwarded(5000, began=0))
    assert story.ran() == [0, 5 * M, 10 * M, 15 * M]


def test_each_state_of_a_lane_is_acted_on_for_itself_without_a_for() -> None:
    story = Story(replace(MEND, retry=replace(MEND.retry, attempts=1)), answers={"mend": [CHANGED, RETRY, CHANGED]})
    story.at(0, forwarded(5000))
    story.at(M, container("start", "gluetun"))
    story.at(5 * M, container("start", "gluetun", began=0), forwarded(5000, began=0))
    story.at(10 * M, container("start", "gluetun", began=0), forwarded(5000, began=0))
    assert story.ran() == [0, M, 5 * M]


def test_a_for_that_failed_is_tried_again_at_the_resync() -> None:
    once = replace(SICK, retry=replace(SICK.retry, attempts=1))
    story = Story(once, answers={"sick": [RETRY, CHANGED]})
    story.at(0, unhealthy("gluetun"))
    story.at(4 * M, unhealthy("gluetun"))  # told again, live: the failure stands
    for minute in (5, 10, 15):
        story.at(minute * M, unhealthy("gluetun", began=-60))
    assert story.ran() == [3 * M, 5 * M]


def test_a_resync_does_not_disturb_what_runs_or_waits() -> None:
    story = Story(replace(MEND, debounce=None, cooldown_s=10 * M), takes_s={"mend": 2 * M})
    story.at(0, forwarded(5000))
    story.at(M, forwarded(5000, began=0))  # it runs
    story.at(3 * M, forwarded(5001))
    story.at(4 * M, forwarded(5001, began=3 * M))  # it waits
    story.until(DAY)
    assert story.ran() == [0, 12 * M]
    assert story.told("merged") == []


def test_a_run_that_only_a_resync_woke_is_quiet() -> None:
    story = Story(MEND)
    story.at(0, forwarded(5000, began=-60))
    story.at(M, forwarded(5001))
    assert [run.quiet for run in story.runs()] == [True, False]


def test_a_for_that_only_a_resync_began_is_quiet_if_it_mends() -> None:
    mends = replace(SICK, do=(Step("test.mend", reconciles=True), Step("notify.send")))
    for only_told, quiet in ((True, True), (False, False)):
        story = Story(mends)
        story.at(0, unhealthy("gluetun", began=-60))
        if not only_told:
            story.at(M, unhealthy("gluetun"))
        story.until(H)
        assert [(ran.at, ran.run.quiet) for ran in story.attempts] == [(3 * M, quiet)]


def test_a_for_that_only_tells_is_never_quiet() -> None:
    story = Story(SICK)
    story.at(0, unhealthy("gluetun", began=-60))
    story.until(H)
    assert [run.quiet for run in story.runs()] == [False]


def test_a_live_event_makes_the_waiting_run_speak() -> None:
    story = Story(replace(MEND, cooldown_s=10 * M))
    story.at(0, forwarded(5000))
    story.at(M, forwarded(5001, began=50))
    story.at(2 * M, forwarded(5002))
    story.until(DAY)
    assert [(run.quiet, run.event.data["port"]) for run in story.runs()] == [(False, 5000), (False, 5002)]


def test_a_reminder_does_not_hide_the_live_event_it_came_upon() -> None:
    story = Story(replace(MEND, cooldown_s=10 * M))
    story.at(0, forwarded(5000))
    story.at(M, forwarded(5001))
    story.at(2 * M, container("start", "gluetun", began=-60))
    story.until(DAY)
    assert [(run.quiet, run.event.type) for run in story.runs()] == [(False, "port.forwarded")] * 2


def test_states_that_a_rule_is_told_are_remembered_until_they_end() -> None:
    story = Story(MEND)
    story.at(0, container("start", "a"))
    story.at(M, container("die", "a"))
    story.at(2 * M, container("start", "a", began=90))
    story.at(5 * M, container("start", "a", began=90))
    assert story.ran() == [0, 2 * M]


# -- rules that answer nothing but exhaustion ------------------------------------------------------


def test_a_run_that_answers_exhaustion_is_dropped_when_that_ends() -> None:
    tries = rule("tries", on("container.unhealthy"), limit=Limit(1, H))
    harder = rule("harder", on("rule.exhausted", rule="tries"), cooldown_s=30 * M)
    story = Story(tries, harder)
    for minute in (0, 1, 10, 11):
        story.at(minute * M, unhealthy("a"))
        story.at(minute * M + 30, container("die", "a"))  # its health ends, and it has not got well
    assert story.ran("tries") == [0]
    assert story.ran("harder") == [M]
    assert story.told("exhausted") == [M, 10 * M, 11 * M]
    story.until(DAY)
    assert story.ran("harder") == [M], "what waited for the cooldown is for nothing now"


def test_exhaustion_is_a_state_that_can_be_waited_for() -> None:
    tries = rule("tries", on("container.unhealthy"), limit=Limit(1, H))
    story = Story(tries, rule("say", on("rule.exhausted"), for_s=10 * M))
    story.at(0, unhealthy("a"), container("die", "a"), unhealthy("a"))
    story.until(H)
    assert story.ran("say") == [10 * M]


def test_an_unknown_run_failed_is_only_an_event() -> None:
    story = Story(rule("say", on("run.failed")))
    story.at(0, event("run.failed", "heal", rule="heal", key="x", run="heal/x#1", handler="h", error="e"))
    assert story.ran() == [0]
