"""Matching: which rules an event reaches, under which key, and at what cost."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest

from hooks.engine.engine import Engine
from hooks.events.catalogue import Event
from hooks.rules.matching import AnyOf, Glob, Labels, Match, Not, OneOf, Range, Regex
from hooks.rules.placeholders import Placeholder, event_value, parse
from hooks.rules.table import Entry, Rule, Table
from tests.whole.story import (
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


def reached(event: Event, *rules: Rule) -> list[str]:
    return [rule.name for rule in Engine(Table(rules)).rules_for(event)]


def test_entries_are_alternatives() -> None:
    either = rule("either", on("container.start", container="a"), on("container.die", container="b"))
    assert reached(container("start", "a"), either) == ["either"]
    assert reached(container("die", "b"), either) == ["either"]
    assert reached(container("die", "a"), either) == []


def test_an_event_that_fits_two_entries_runs_the_rule_once() -> None:
    story = Story(rule("twice", on("container.start"), on("container.start", container="a")))
    story.at(0, container("start", "a"))
    story.until(M)
    assert story.ran() == [0]


def test_all_fields_of_an_entry_must_match() -> None:
    both = rule("both", on("container.die", container="a", exit_code=OneOf((137,))))
    assert reached(container("die", "a", exit_code=137), both) == ["both"]
    assert reached(container("die", "a", exit_code=0), both) == []
    assert reached(container("die", "b", exit_code=137), both) == []


@pytest.mark.parametrize("match", [OneOf(("x",)), Glob("*"), Not(OneOf(("x",))), Regex(".*")])
def test_an_absent_field_never_matches(match: Match) -> None:
    assert reached(container("start", "a"), rule("service", on("container.start", service=match))) == []


def test_a_regex_is_anchored() -> None:
    starr = rule("starr", on("container.start", container=Regex("son|rad")))
    assert reached(container("start", "son"), starr) == ["starr"]
    assert reached(container("start", "sonarr"), starr) == []


@pytest.mark.parametrize(
    ("match", "fits", "misses"),
    [
        (Glob("*arr"), "sonarr", "sonarr-1"),
        (Glob("[a]?"), "[a]b", "ab"),
        (Not(Glob("tmp-*")), "gluetun", "tmp-1"),
        (AnyOf((OneOf(("a",)), Glob("b*"))), "bc", "c"),
        (OneOf(("a", "b")), "b", "B"),
    ],
)
def test_names_match_however_they_are_written(match: Match, fits: str, misses: str) -> None:
    listening = rule("r", on("container.start", container=match))
    assert reached(container("start", fits), listening) == ["r"]
    assert reached(container("start", misses), listening) == []


def test_numbers_and_labels_match() -> None:
    listening = rule(
        "r", on("container.die", exit_code=Range(min=1, max=127), labels=Labels({"com.x.y": OneOf(("on",))}))
    )
    assert reached(container("die", "a", exit_code=127, labels={"com.x.y": "on"}), listening) == ["r"]
    assert reached(container("die", "a", exit_code=128, labels={"com.x.y": "on"}), listening) == []
    assert reached(container("die", "a", exit_code=127, labels={"com.x": "on"}), listening) == []


def test_every_matching_rule_runs_in_the_files_order() -> None:
    rules = [
        rule("any", on("container.start")),
        rule("named", on("container.start", container="a")),
        rule("glob", on("container.start", container=Glob("*"))),
        rule("other", on("container.start", container="b")),
    ]
    assert reached(container("start", "a"), *rules) == ["any", "named", "glob"]
    story = Story(*rules)
    story.at(0, container("start", "a"))
    assert [run.rule.name for run in story.runs()] == ["any", "named", "glob"]


def test_a_rule_that_is_off_is_not_reached() -> None:
    assert reached(healthy("a"), rule("off", on("container.healthy"), enabled=False)) == []


def test_a_rule_is_not_told_of_its_own_exhaustion() -> None:
    any_exhausted = rule("tell", on("rule.exhausted"))
    assert reached(event("rule.exhausted", "tell", rule="tell", key="x"), any_exhausted) == []
    assert reached(event("rule.exhausted", "heal", rule="heal", key="x"), any_exhausted) == ["tell"]


def test_a_resync_reaches_rules_that_wait_for_a_state_or_bring_one_about() -> None:
    rules = [
        rule("tells", on("container.healthy")),
        rule("waits", on("container.healthy"), for_s=60.0),
        rule("mends", on("container.healthy"), reconciles=True),
    ]
    assert reached(healthy("a", began=0), *rules) == ["waits", "mends"]
    assert reached(replace(healthy("a"), origin="backlog"), *rules) == ["tells", "waits", "mends"]
    assert reached(replace(healthy("a"), origin="manual"), *rules) == ["tells", "waits", "mends"]


# -- keys --------------------------------------------------------------------------------------


def test_the_key_is_the_subject_unless_the_rule_says_otherwise() -> None:
    assert rule("r", on("container.start")).key_of(container("start", "sonarr")) == "sonarr"
    assert rule("r", on("container.start"), key="all").key_of(container("start", "sonarr")) == "all"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("${event.project}", "media"),
        ("${event.project}/${event.container}", "media/sonarr"),
        ("${event.labels.com.x.y}", "1"),
        ("${event.exit_code}", "137"),
        ("${event.type}", "container.die"),
        ("${event.service}", "sonarr"),  # it has none: the subject
    ],
)
def test_a_key_template_is_filled_from_the_event(key: str, expected: str) -> None:
    died = container("die", "sonarr", project="media", labels={"com.x.y": "1"}, exit_code=137)
    assert rule("r", on("container.die"), key=parse(key)).key_of(died) == expected


def test_what_an_event_says() -> None:
    told = forwarded(5000)
    assert event_value(told, Placeholder("event", "port")) == 5000
    assert event_value(told, Placeholder("event", "ports.0")) == 5000
    assert event_value(told, Placeholder("event", "subject")) == "gluetun"
    assert event_value(told, Placeholder("event", "old_port")) is None


def test_lanes_are_independent() -> None:
    story = Story(rule("one", on("container.start"), cooldown_s=10 * M), takes_s={"one": M})
    story.at(0, container("start", "a"))
    story.at(1, container("start", "b"))
    story.at(2, container("start", "a"))
    story.until(20 * M)
    assert [(ran.at, ran.run.key) for ran in story.attempts] == [(0, "a"), (1, "b"), (11 * M, "a")]


def test_one_key_for_all_makes_one_lane() -> None:
    story = Story(rule("one", on("container.start"), key="all"), takes_s={"one": M})
    story.at(0, container("start", "a"))
    story.at(1, container("start", "b"))
    story.until(20 * M)
    assert [(ran.at, ran.run.event.subject) for ran in story.attempts] == [(0, "a"), (M, "b")]


# -- cost ----------------------------------------------------------------------------------------


def work(do: Callable[[], Any]) -> int:
    """How many Python and C calls it takes."""
    calls = 0

    def seen(frame: FrameType, what: str, arg: object) -> None:
        nonlocal calls
        calls += what in {"call", "c_call"}

    gc.disable()  # who watches the collector (Hypothesis does) is called whenever it happens to run
    sys.setprofile(seen)
    try:
        do()
    finally:
        sys.setprofile(None)
        gc.enable()
    return calls


def listening_elsewhere(rules: int) -> Engine:
    names = [on("container.unhealthy", container=f"other-{n}") for n in range(rules)]
    others = [rule(f"other-{n}", entry, for_s=60.0) for n, entry in enumerate(names)]
    engine = Engine(Table((*others, rule("heal", on("container.unhealthy", container="gluetun"), for_s=60.0))))
    engine.feed(unhealthy("other-1"), 0.0)
    return engine


def test_cost_is_flat_in_rules_that_listen_to_others() -> None:
    def minute(engine: Engine) -> int:
        def do() -> None:
            engine.feed(unhealthy("gluetun"), 1.0)
            engine.feed(unhealthy("nobody"), 1.0)
            engine.advance(30.0)
            engine.feed(healthy("gluetun"), 30.0)
            engine.feed(cleared(), 30.0)

        return work(do)

    assert minute(listening_elsewhere(10)) == minute(listening_elsewhere(10_000))


def test_only_entries_that_name_the_subject_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    really = Entry.matches

    def counted(self: Entry, event: Event) -> bool:
        nonlocal asked
        asked += 1
        return really(self, event)

    monkeypatch.setattr(Entry, "matches", counted)
    engine = listening_elsewhere(1000)
    asked = 0
    assert [rule.name for rule in engine.rules_for(unhealthy("gluetun"))] == ["heal"]
    assert list(engine.rules_for(unhealthy("nobody"))) == []
    assert asked == 1


def test_an_event_of_no_rule_opens_no_lane() -> None:
    engine = listening_elsewhere(10)
    before = len(engine.lanes())
    engine.feed(unhealthy("nobody"), 1.0)
    engine.feed(source("lost", "docker"), 1.0)
    assert len(engine.lanes()) == before
