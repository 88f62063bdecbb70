"""Attempts with assumed outcomes: which steps they would perform, with which arguments, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from hooks.rules.rule_tests import Assumed, assumed
from tests.parts.values.recorded import BEGAN_NS, S, docker, ours, port
from tests.parts.values.replayed import RESTART, WEB, brief, decided, web
from tests.parts.values.rules_text import table_of


def test_outcomes_are_assumed_attempt_by_attempt_and_the_last_one_stays() -> None:
    rules_ = web('retry = { attempts = 4, first = "1s", max = "1m" }')
    lines = [docker(0, "die", "web"), docker(100, "die", "web")]
    rows = decided(rules_, *lines, end_s=200, web=[Assumed("fail", 2.0), Assumed("fail"), Assumed("unchanged")])
    runs = [row for row in rows if row.kind == "runs"]
    assert [((row.at - BEGAN_NS) / S, row.attempt) for row in runs] == [(0, 1), (3, 2), (5, 3), (100, 1)]
    assert [row.why for row in rows if row.kind == "ended"] == ["fail", "fail", "unchanged", "unchanged"]


def test_what_fails_for_good_is_answered_by_the_rules_that_listen_to_it() -> None:
    rules_ = table_of(
        WEB.format(more="retry = { attempts = 1 }", do=RESTART)
        + '[[rule]]\nname = "tell"\non = { event = "run.failed", rule = "web" }\n'
        'do = { use = "notify.send", title = "${event.rule}", message = "${event.error}" }\n'
    )
    rows = decided(rules_, docker(0, "die", "web"), web=[Assumed("fail")])
    assert brief(rows, "runs", "failed") == [(0, "runs", "web"), (0, "failed", "web"), (0, "runs", "tell")]
    assert next(row for row in rows if row.rule == "tell" and row.steps).steps[0].args["title"] == "web"


def test_steps_are_filled_in_as_far_as_they_can_be_told() -> None:
    do = (
        '[{ use = "webhook.post", url = "https://a.example", body = "${event.container} ${state.port} ${secret:KEY}" },'
        ' { use = "notify.send", when_changed = true, title = "t", message = "${run.said} ${run.id}" }]'
    )
    rules_ = table_of(
        WEB.format(more='key = "k"', do=do) + '[[rule]]\nname = "p"\non = "port.forwarded"\ndo = "qbittorrent.set_port"'
    )

    def steps(*lines: bytes, **how: Sequence[Assumed]) -> list[tuple[str, Any]]:
        (run,) = [row for row in decided(rules_, *lines, **how) if row.kind == "runs" and row.rule == "web"]
        return [(step.use, step.args.get("body") or step.args["message"]) for step in run.steps]

    said = ("notify.send", "${run.said} web/k#2")
    assert steps(port(0, 5000), docker(5, "die", "web")) == [("webhook.post", "web 5000 ${secret:KEY}"), said]
    assert steps(docker(5, "die", "web"))[0] == ("webhook.post", "web ${state.port} ${secret:KEY}"), (
        "no port is told of"
    )
    cleared = ours(1, "port.cleared", "gluetun", container="gluetun")
    assert steps(port(0, 5000), cleared, docker(5, "die", "web")) == [], "the port is gone: the step is skipped"
    assert steps(port(0, 5000), docker(5, "die", "web"), web=[Assumed("unchanged")])[1:] == []
    assert steps(port(0, 5000), docker(5, "die", "web"), **{"webhook.post": [Assumed("unchanged")]})[1:] == []


def test_a_port_that_gluetun_left_behind_is_none() -> None:
    rules_ = web(do='{ use = "webhook.post", url = "https://example.net", body = "${state.port}" }')
    lines = [port(0, 5000), docker(1, "die", "gluetun"), docker(2, "start", "gluetun"), docker(3, "die", "web")]
    (run,) = [row for row in decided(rules_, *lines) if row.kind == "runs"]
    assert run.steps == ()


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("fail", Assumed("fail")),
        ("give_up", Assumed("give_up")),
        ("1m30s", Assumed("changed", 90.0)),
        ("unchanged, 250ms", Assumed("unchanged", 0.25)),
    ],
)
def test_an_assumption_is_a_word_a_duration_or_both(text: str, means: Assumed) -> None:
    assert assumed(text) == means


@pytest.mark.parametrize("text", ["", "failed", "fail,soon", "20", "fail;20s"])
def test_anything_else_is_no_assumption(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        assumed(text)
