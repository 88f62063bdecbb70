"""`only_if` in rule tests, replays and explanations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from handlers import HANDLERS
from hooks.engine.engine import Engine
from hooks.rules.facts import Unseen
from hooks.rules.time_windows import Clock
from hooks.rules_file.reader import Contents, contents
from hooks.workbench import event_words
from hooks.workbench.explain import Explanation, Situation, explain
from hooks.workbench.facts_from_events import FactsFromEvents
from hooks.workbench.rule_test_report import failure
from hooks.workbench.run_rule_tests import run_rule_test
from hooks.world.names import NO_NAMES
from tests.parts.values.recorded import docker, port
from tests.parts.values.replayed import decided

PORT = """
[[rule]]
name = "port"
on = ["port.forwarded", { event = "timer.tick", every = "5m" }]
key = "port"
only_if = %s
do = "client.set_port"
"""
NIGHT = """
[[rule]]
name = "night"
on = { event = "container.unhealthy", container = "web" }
only_if = { time = "22:00-06:00" }
do = { use = "containers.restart", container = "web" }
"""
UP = '{ container = "sonarr", is = "running" }'


def read(text: str) -> Contents:
    found = contents(f"version = 1\n{text}", "rules.toml", HANDLERS)
    assert isinstance(found, Contents), found
    return found


def wrong_with(only_if: str, given: str, expect: str, more: str = "", rules: str = PORT) -> str:
    """What is wrong with a test of these rules, "" for nothing."""
    text = rules % only_if if "%s" in rules else rules
    found = read(f'{text}\n[[test]]\nname = "t"\n{more}\ngiven = [{given}]\nexpect = [{expect}]\nuntil = "3d"\n')
    result = run_rule_test(found.table, found.rule_tests[0])
    return "" if result.passed else "\n".join(line for _, line in failure(result, found.table))


FORWARDED = '{ at = "0s", event = "port.forwarded", port = 5000 }'
UNHEALTHY = '{ at = "0s", event = "container.unhealthy", container = "web" }'


def happens(at: str, word: str, name: str = "sonarr", more: str = "") -> str:
    return f'{{ at = "{at}", event = "container.{word}", container = "{name}"{more} }}'


def runs(*instants: str, name: str = "port") -> str:
    return ", ".join(f'{{ at = "{at}", rule = "{name}" }}' for at in instants)


@pytest.mark.parametrize(
    ("only_if", "world", "given", "expect"),
    [
        (UP, [], [happens("1h", "start")], ["1h"]),
        (UP, ["sonarr is running"], [], ["0s"]),
        (UP, ["sonarr is healthy"], [], ["0s"]),
        (UP, ["sonarr is paused"], [happens("2h", "unpause")], ["2h"]),
        (UP, ["sonarr is stopped"], [], []),
        ('{ container = "sonarr", is = "absent" }', [], [], ["0s"]),
        ('{ container = "sonarr", is = "absent" }', ["sonarr is running"], [happens("1h", "destroy")], ["1h"]),
        ('{ container = "new", is = "running" }', ["sonarr is running"],
         [happens("1h", "rename", "new", ', old_name = "sonarr"')], ["1h"]),
        ('{ not = { container = "sonarr", is = "unhealthy" } }', ["sonarr is unhealthy"],
         [happens("1h", "healthy")], ["1h"]),
        ('{ role = "deluge", is = "running" }', ["seedbox is running deluge"], [], ["0s"]),
        ('{ role = "deluge", is = "stopped" }', ["a is running deluge", "b is stopped deluge"], [], ["0s"]),
        ('{ role = "deluge", is = "running" }', [], [happens("1h", "start", "seedbox", ', role = "deluge"')], ["1h"]),
        ('{ port = "forwarded" }', [], [], ["0s"]),
        ('{ not = { port = "forwarded" } }', [], [happens("1h", "die", "gluetun")], []),
        ('{ port = "open" }', [],
         ['{ at = "1h", event = "port.open", container = "qbittorrent", gluetun = "gluetun", port = 5000 }'], ["1h"]),
    ],
)  # fmt: skip
def test_a_port_waits_for_the_world_of_the_test(
    only_if: str, world: list[str], given: list[str], expect: list[str]
) -> None:
    stands = [one.split() for one in world]
    tables = ", ".join(
        f'{{ container = "{name}", is = "{standing}"{"".join(f", role = {json.dumps(one)}" for one in role)} }}'
        for name, _, standing, *role in stands
    )
    assert not wrong_with(
        only_if, ", ".join([FORWARDED, *given]), runs(*expect), f"world = [{tables}]" if tables else ""
    )


@pytest.mark.parametrize(
    ("start", "expect"),
    [
        ('start = "2026-12-01T21:30"\ntimezone = "Europe/Berlin"', "30m"),
        ('start = "2026-12-01T05:59"\ntimezone = "Europe/Berlin"', "0s"),
        ('start = "2026-12-01T06:00"\ntimezone = "Europe/Berlin"', "16h"),
        ('start = "2026-12-01T21:30+05:30"', "30m"),
        ('start = "2026-12-01T21:30Z"', "30m"),
        ('start = "2026-12-01T20:30Z"\ntimezone = "Europe/Berlin"', "30m"),  # 21:30 there
        ('timezone = "Europe/Berlin"', "13h"),  # 8:00 UTC is 9:00 there
        ('start = "2026-03-29T07:00"\ntimezone = "Europe/Berlin"', "15h"),
        ('start = "2026-10-24T20:00"\ntimezone = "Europe/Berlin"', "2h"),
    ],
)
def test_a_test_has_a_wall_clock(start: str, expect: str) -> None:
    assert not wrong_with("", UNHEALTHY, runs(expect, name="night"), start, NIGHT)


def test_a_happening_is_dropped_and_a_failure_says_what_was_seen() -> None:
    tick = '{ at = "0s", event = "timer.tick", every = "5m" }'
    assert not wrong_with(UP, tick + ", " + happens("1h", "start"), "")
    said = wrong_with(UP, FORWARDED, runs("1h"))
    assert "waits for its conditions: 'sonarr' is absent, and only_if wants" in said
    assert "at the end it waits for its conditions: 'sonarr' is absent" in said


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('start = "yesterday"', "start is 'yesterday', which is no date and time; write start = \"2026-03-29T01:30\""),
        ('start = "2026-03-29"', "which is no date and time"),
        ("start = 2026-03-29T01:30:00", "start is a date or time; write a text in quotes"),
        ('start = "2026-03-29T02:30"\ntimezone = "Europe/Berlin"', "the clock is set forward over it"),
        ('timezone = "Europe/Berln"', "there is no time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?"),
        ('timezone = "../etc/passwd"', "there is no time zone '../etc/passwd'"),
        ('timezone = ""', "there is no time zone ''"),
        ('world = [{ container = "a" }]', "is is missing"),
        ('world = [{ container = "a", is = "runnin" }]', "did you mean 'running'?"),
        ('world = [{ container = "a", is = "running", role = "x" }]', "'x' is no role"),
        ('world = { container = "a", is = "running" }', "write a list"),
        (
            'world = [{ container = "a", is = "absent" }, { container = "a", is = "stopped" }]',
            "'a' stands in world twice; leave one of the two out",
        ),
    ],
)
def test_what_a_test_cannot_begin_with(line: str, says: str) -> None:
    found = contents(
        f'version = 1\n{NIGHT}\n[[test]]\nname = "t"\n{line}\ngiven = [{UNHEALTHY}]\nuntil = "1d"\n', "r", HANDLERS
    )
    assert isinstance(found, list)
    assert any(says in one.sentence for one in found), [one.sentence for one in found]


def test_a_replay_knows_the_world_of_its_events_and_no_more() -> None:
    lines = [port(0, 5000), docker(10, "start", "other"), docker(20, "start", "sonarr"), docker(30, "pause", "sonarr"),
             port(40, 6000), docker(50, "unpause", "sonarr")]  # fmt: skip
    rows = decided(read(PORT % UP).table, *lines)
    assert [row.event.data["port"] for row in rows if row.kind == "runs"] == [5000, 6000]
    assert [row.why.partition(",")[0] for row in rows if row.kind == "waits"] == [
        "'sonarr' cannot be seen now", "'sonarr' is paused",
    ]  # fmt: skip


# -- explain -------------------------------------------------------------------------------------


def explained(rules: str, words: str, *before: str, facts: Any = None) -> Explanation:
    table = read(rules).table
    known = FactsFromEvents(NO_NAMES, lambda: 1_800_000_000 * 10**9, lambda _: 0.0, knows_all=True)
    for each in before:
        known.accept(event_words.read(each.split(), "gluetun"))
    engine = Engine(table)
    event = event_words.read(words.split(), "gluetun")
    return next(iter(explain(engine, event, Situation(HANDLERS, facts=facts or known))))


def test_explain_says_which_condition_fails_what_is_seen_and_when_it_may_hold() -> None:
    port = explained(PORT % UP, "port.forwarded port=5000", "container.pause container=sonarr")
    assert "in_s" not in port
    assert port["when"] == [f"only_if: 'sonarr' is paused, and the rule wants {UP}: the state waits for that"]
    tick = explained(PORT % UP, "timer.tick every=5m")
    assert tick["when"] == [f"only_if: 'sonarr' is absent, and the rule wants {UP}: this is no state, so it is dropped"]
    assert explained(PORT % UP, "timer.tick every=5m", "container.start container=sonarr")["in_s"] == 0
    night = explained(NIGHT, "container.unhealthy container=web")["when"][0]
    assert night.startswith('only_if: it is fri 08:00, and the rule wants { time = "22:00-06:00" }: the state waits')
    assert "it may hold in 14h, at " in night


def test_explain_judges_the_clock_of_the_instant_at_which_the_run_is_due() -> None:
    patient = NIGHT.replace("only_if", 'for = "14h"\nonly_if')
    assert explained(patient, "container.unhealthy container=web")["in_s"] == 14 * 3600


def test_explain_without_a_gluehook_knows_the_time_and_says_what_it_does_not_know() -> None:
    unseen = Unseen(Clock(1_800_000_000.0, lambda _: 0.0))
    port = explained(PORT % UP, "port.forwarded port=5000", facts=unseen)
    assert port["in_s"] == 0
    assert port["when"] == [f"only_if: it depends on {UP}, and what containers and ports are is not known here"]
    assert "in_s" not in explained(NIGHT, "container.unhealthy container=web", facts=unseen)
