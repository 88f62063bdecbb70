"""Another rules file while the engine runs: what did not change goes on, what changed begins anew, nothing is lost."""

from __future__ import annotations

from dataclasses import replace

from hooks.engine.engine import Engine
from hooks.engine.runs import Past, Result, Run, Unfinished
from hooks.events.catalogue import Event
from hooks.rules.table import Debounce, Limit, Rule, Table
from tests.whole.story import CHANGED, RETRY, H, M, forwarded, healthy, on, rule, unhealthy

HEAL = rule("heal", on("container.unhealthy"), for_s=3 * M)
PORT = rule("port", on("port.forwarded"))


def engine(*rules: Rule) -> Engine:
    return Engine(Table(rules))


def told(event: Event, time: int = 1) -> Event:
    return replace(event, time=time, id="")


def started(e: Engine, now: float) -> list[str]:
    return [run.rule.name for run in e.advance(now)]


def only(runs: list[Run]) -> Run:
    (run,) = runs
    return run


def test_the_timer_of_an_unchanged_rule_goes_on() -> None:
    e = engine(HEAL, PORT)
    e.feed(told(unhealthy("gluetun")), 0)
    e.adopt(Table((replace(PORT, cooldown_s=5.0), replace(HEAL, line=77))), M)
    assert e.next_deadline() == 3 * M
    assert started(e, 3 * M) == ["heal"]


def test_a_changed_rule_starts_its_timer_when_the_state_is_told_anew() -> None:
    e = engine(HEAL)
    e.feed(told(unhealthy("gluetun")), 0)
    e.adopt(Table((replace(HEAL, for_s=5 * M),)), M)
    assert e.next_deadline() == float("inf")
    e.feed(told(unhealthy("gluetun", began=0)), M)
    assert e.next_deadline() == 6 * M
    e.feed(told(healthy("gluetun"), 2), 2 * M)
    assert e.next_deadline() == float("inf")


def test_what_waits_for_a_changed_rule_waits_for_the_new_one_if_it_still_wants_it() -> None:
    slow = replace(PORT, debounce=Debounce(10 * M, 40 * M))
    e = engine(slow)
    e.feed(told(forwarded(5000)), 0)
    e.adopt(Table((replace(slow, debounce=Debounce(M, 4 * M)),)), 5 * M)
    assert e.next_deadline() == 6 * M
    e.adopt(Table((rule("port", on("port.cleared")),)), 5 * M)
    assert e.next_deadline() == float("inf")
    assert [(note.kind, note.why) for note in e.take_notes() if note.kind == "dropped"] == [
        ("dropped", "its rule was changed or taken out")
    ] * 2


def test_a_rule_that_was_changed_while_it_ran_never_runs_twice_at_once() -> None:
    e = engine(PORT)
    e.feed(told(forwarded(5000)), 0)
    run = only(e.advance(0))
    e.adopt(Table((replace(PORT, timeout_s=5.0),)), 1)
    e.feed(told(forwarded(5001), 2), 2)
    assert e.advance(2) == []
    e.finished(run, CHANGED, 3)
    assert only(e.advance(3)).event.data["port"] == 5001


def test_a_cooldown_outlives_an_edit_of_its_rule() -> None:
    cooling = replace(PORT, cooldown_s=5 * M)
    e = engine(cooling)
    e.feed(told(forwarded(5000)), 0)
    e.finished(only(e.advance(0)), CHANGED, 1)
    e.adopt(Table((replace(cooling, timeout_s=5.0),)), 10)
    e.feed(told(forwarded(5001), 2), 20)
    assert (e.advance(20), e.next_deadline()) == ([], 5 * M + 1)
    assert started(e, 5 * M + 1) == ["port"]


def test_the_runs_of_a_limit_outlive_an_edit_of_its_rule() -> None:
    limited = replace(PORT, limit=Limit(1, H))
    e = engine(limited)
    e.feed(told(forwarded(5000)), 0)
    e.finished(only(e.advance(0)), CHANGED, 1)
    e.adopt(Table((replace(limited, timeout_s=5.0),)), 10)
    e.feed(told(forwarded(5001), 2), 20)
    assert e.advance(20) == []


def test_what_failed_under_the_old_rule_begins_anew_under_the_new_one() -> None:
    e = engine(PORT)
    e.feed(told(forwarded(5000)), 0)
    run = only(e.advance(0))
    e.adopt(Table((replace(PORT, timeout_s=5.0),)), 1)
    e.finished(run, replace(RETRY, step=1, changed=True), 2)
    again = only(e.advance(2))
    assert (again.attempt, again.step, again.rule.timeout_s) == (1, 0, 5.0)


def test_a_rule_that_was_taken_out_ends_with_its_running_attempt() -> None:
    e = engine(PORT, HEAL)
    e.feed(told(forwarded(5000)), 0)
    run = only(e.advance(0))
    e.adopt(Table((HEAL,)), 1)
    e.finished(run, RETRY, 2)
    assert (e.next_deadline(), e.lanes()) == (float("inf"), ())


def test_an_exhaustion_ends_with_the_rule_that_was_changed() -> None:
    once = replace(PORT, limit=Limit(1, H), mode="latest")
    harder = rule("harder", on("rule.exhausted", rule="port"), debounce=Debounce(M, M))
    e = engine(once, harder)
    for number in (0, 1):
        e.feed(told(forwarded(5000 + number), number), number)
        for run in e.advance(number):
            e.finished(run, CHANGED, number)
    assert e.next_deadline() == 1 + M
    e.adopt(Table((replace(once, limit=Limit(2, H)), harder)), 2)
    assert [run.rule.name for run in e.advance(1 + M)] == ["port"]


def test_an_engine_goes_on_where_an_earlier_life_ended() -> None:
    limited = replace(PORT, limit=Limit(2, H), cooldown_s=M)
    e = Engine(Table((limited, HEAL)), last_id=41)
    e.load(Past("port", "gluetun", (-10 * M, -0.5 * M), -0.5 * M), 0)
    assert e.resume(Unfinished("port", "gluetun", forwarded(5000), "port/gluetun#7", 2, 1, True, "one"), 0)
    assert not e.resume(Unfinished("heal", "gluetun", unhealthy("gluetun")), 0)
    assert not e.resume(Unfinished("gone", "gluetun", unhealthy("gluetun")), 0)
    run = only(e.advance(0))  # an unfinished run has been counted and waits for nothing
    assert (run.id, run.attempt, run.step, run.changed, run.said) == ("port/gluetun#7", 2, 1, True, "one")
    e.finished(run, Result("unchanged"), 0)
    e.feed(told(forwarded(5001), 5), 0)
    assert e.next_deadline() == 0


def test_a_cooldown_of_an_earlier_life_lasts() -> None:
    e = Engine(Table((replace(PORT, cooldown_s=M),)), last_id=41)
    e.load(Past("port", "gluetun", (-20.0,), -10.0), 0)
    e.feed(told(forwarded(5001)), 0)
    assert e.next_deadline() == 50
    assert only(e.advance(50)).id == "port/gluetun#42"


def test_a_run_that_changed_something_is_known_to_have_although_an_older_event_waited() -> None:
    e = engine(PORT)
    e.resume(Unfinished("port", "gluetun", forwarded(5000)), 0)
    e.resume(Unfinished("port", "gluetun", forwarded(5001), "port/gluetun#8", 1, 1, True, "set"), 0)
    run = only(e.advance(0))
    assert (run.id, run.step, run.changed, run.said) == ("port/gluetun#8", 1, True, "set")
