"""Conditions through a dispatcher: what a fresh reading refuses waits on, and the journal has no run of it."""

from __future__ import annotations

import pytest

from hooks.engine import pending
from hooks.engine.runs import Run
from hooks.rules.conditions import TimeIs
from hooks.rules.facts import Unseen
from hooks.rules.time_windows import Clock, Window
from hooks.rules.verdicts import HOLDS, Verdict
from tests.parts.process.playing import WAIT_S, stage
from tests.runtime.ended import ended, rule

ALWAYS = TimeIs(Window(), "always")
REFUSED = Verdict(False, "'sonarr' is stopped", (ALWAYS,))


def test_a_run_that_a_fresh_reading_refuses_waits_on_and_begins_as_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "REFUSED_S", 0.05)
    asked: list[Run] = []

    def conditions(run: Run) -> Verdict:
        asked.append(run)
        return REFUSED if len(asked) == 1 else HOLDS

    with (
        ended() as heard,
        stage(rule(only_if=(ALWAYS,)), facts=lambda: Unseen(Clock(1e9, lambda _: 0.0)), conditions=conditions) as s,
    ):
        s.post("container.start")
        first, second = heard.get(timeout=WAIT_S), heard.get(timeout=WAIT_S)
        assert s.dispatcher.call(s.journal.unfinished) == []
        rows = s.journal.history()
    assert (first[1].kind, first[1].unmet) == ("skipped", REFUSED)
    assert first[1].said == "it does not begin: 'sonarr' is stopped, and only_if wants always"
    assert (second[1].kind, second[0].event) == ("changed", first[0].event)
    assert [row["id"] for row in rows] == [second[0].id], "the one that did not begin is no run"


def test_until_it_begins_the_event_is_not_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "REFUSED_S", 3600.0)
    with (
        ended() as heard,
        stage(
            rule(only_if=(ALWAYS,)), facts=lambda: Unseen(Clock(1e9, lambda _: 0.0)), conditions=lambda _: REFUSED
        ) as s,
    ):
        s.post("container.start")
        heard.get(timeout=WAIT_S)
        (left,) = s.dispatcher.call(s.journal.unfinished)
        assert (left.run, left.attempt, left.event.type) == ("", 1, "container.start")
        assert s.journal.history() == []
