"""The replay: the live engine on recorded events, at exact instants, and always with the same answer."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import pytest

from handlers import HANDLERS
from hooks.engine.engine import Engine
from hooks.rules.rule_tests import Assumed, assumed
from hooks.rules.table import Table
from hooks.rules_file import reader
from hooks.workbench.comparison import differences
from hooks.workbench.decisions import Decision
from hooks.workbench.recording import Recording
from hooks.workbench.replay import Replay, turns
from tests.parts.places import TOP
from tests.parts.values.recorded import BEGAN_NS, S, docker, ours, port
from tests.whole.story import M, Story

WEB = """
[[rule]]
name = "web"
on = {{ event = "container.die", container = "web" }}
{more}
do = {do}
"""
RESTART = '{ use = "containers.restart", container = "web" }'


def table(text: str) -> Table:
    """The rules of a text without its first line."""
    found = reader.read("version = 1\n" + text, "rules.toml", HANDLERS)
    assert isinstance(found, Table), found[0].sentence
    return found


def web(more: str = "", do: str = RESTART) -> Table:
    """One rule for web's death."""
    return table(WEB.format(more=more, do=do))


SHIPPED = reader.load(TOP / "rules.toml", HANDLERS)
assert isinstance(SHIPPED, Table)


def decided(rules_: Table, *lines: bytes, end_s: float = 0.0, **assume: Sequence[Assumed]) -> list[Decision]:
    """All rows; time goes on until `end_s` from the begin, at least to the last line."""
    names = {name.replace("_", "-") if "." not in name else name: how for name, how in assume.items()}
    replay = Replay(rules_, assume=names)
    recording = Recording("r", io.BytesIO(b"".join(lines)), accepts=replay.accepts)
    rows = list(chain.from_iterable(turns(replay, recording, lambda: max(recording.last, BEGAN_NS + round(end_s * S)))))
    assert recording.problems == []
    return rows


def brief(rows: Iterable[Decision], *kinds: str) -> list[tuple[float, str, str]]:
    """When, from the begin, what, and of which rule."""
    return [((row.at - BEGAN_NS) / S, row.kind, row.rule) for row in rows if not kinds or row.kind in kinds]


# -- rows -------------------------------------------------------------------------------------------


def test_an_event_that_runs_a_rule_is_told_from_its_coming_to_the_end_of_the_run() -> None:
    rows = decided(web(), docker(5, "die", "web", exitCode="137"))
    assert [row.as_record() for row in rows] == [
        {
            "at": "2026-11-22T17:49:40.000Z",
            "what": "event",
            "event": {
                "type": "container.die",
                "subject": "web",
                "origin": "live",
                "id": f"{BEGAN_NS + 5 * S}-{'a' * 12}-die",
            },
        },
        *(
            {
                "at": "2026-11-22T17:49:40.000Z",
                **told,
                "event": {"type": "container.die", "subject": "web"},
            }
            for told in (
                {"what": "accepted", "rule": "web", "key": "web"},
                {
                    "what": "runs",
                    "rule": "web",
                    "key": "web",
                    "run": "web/web#1",
                    "attempt": 1,
                    "steps": [{"use": "containers.restart", "args": {"container": "web"}, "status": "changed"}],
                },
                {"what": "ended", "rule": "web", "key": "web", "run": "web/web#1", "attempt": 1, "why": "changed"},
            )
        ),
    ]


def test_an_event_without_consequence_has_no_row() -> None:
    assert decided(web(), docker(0, "start", "web"), docker(1, "die", "db")) == []


@pytest.mark.parametrize(
    ("more", "dies_at", "runs_at"),
    [
        ('debounce = "10s"', [0, 4, 30], [14]),
        ('cooldown = "5m"', [0, 4, 30], [0, 300]),
        ('limit = { runs = 2, per = "1m" }', [0, 4, 4], [0, 4]),
        ('mode = "queued"', [0, 0, 0], [0, 0, 0]),
        ('for = "20s"', [0, 5], [20]),
        ("enabled = false", [0], []),
    ],
)
def test_every_kind_of_waiting_ends_at_its_instant(more: str, dies_at: list[int], runs_at: list[int]) -> None:
    end_s = max(runs_at, default=0)
    rows = decided(web(more), *(docker(at, "die", "web") for at in dies_at if at <= end_s or not runs_at), end_s=end_s)
    assert brief(rows, "runs") == [(at, "runs", "web") for at in runs_at]


def test_what_a_for_waits_on_is_answered_by_the_events() -> None:
    rules_ = web('for = "20s"')
    ends = decided(rules_, docker(0, "die", "web"), docker(10, "start", "web"), docker(60, "die", "web"), end_s=90)
    assert brief(ends, "waits", "dropped", "runs") == [
        (0, "waits", "web"), (10, "dropped", "web"), (60, "waits", "web"), (80, "runs", "web"),
    ]  # fmt: skip
    blind = decided(
        rules_, docker(0, "die", "web"), ours(5, "source.lost", "docker", name="docker"),
        ours(65, "source.restored", "docker", name="docker"), end_s=100,
    )  # fmt: skip
    assert brief(blind, "runs") == [(80, "runs", "web")], "time that nobody could see does not count"


def test_what_still_waits_at_the_end_is_told() -> None:
    rows = decided(web('debounce = "10s"'), docker(0, "die", "web"), docker(4, "pause", "web"))
    assert brief(rows, "left") == [(4, "left", "web")]
    assert rows[-1].wait_s == 6
    rows = decided(web(), docker(0, "die", "web"), docker(4, "die", "web"), web=[Assumed(takes_s=30)])
    assert (rows[-1].kind, rows[-1].why, rows[-1].run) == ("left", "it is at work", "web/web#1")


# -- attempts ---------------------------------------------------------------------------------------


def test_outcomes_are_assumed_attempt_by_attempt_and_the_last_one_stays() -> None:
    rules_ = web('retry = { attempts = 4, first = "1s", max = "1m" }')
    lines = [docker(0, "die", "web"), docker(100, "die", "web")]
    rows = decided(rules_, *lines, end_s=200, web=[Assumed("fail", 2.0), Assumed("fail"), Assumed("unchanged")])
    runs = [row for row in rows if row.kind == "runs"]
    assert [((row.at - BEGAN_NS) / S, row.attempt) for row in runs] == [(0, 1), (3, 2), (5, 3), (100, 1)]
    assert [row.why for row in rows if row.kind == "ended"] == ["fail", "fail", "unchanged", "unchanged"]


def test_what_fails_for_good_is_answered_by_the_rules_that_listen_to_it() -> None:
    rules_ = table(
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
    rules_ = table(
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


# -- the same engine, the same answer ---------------------------------------------------------------


def random_lines(seed: int, most: int = 60) -> list[bytes]:
    """An evening on the server that the shipped rules are for."""
    chance, at, lines = random.Random(seed), 0.0, []
    for _ in range(chance.randrange(5, most)):
        at += chance.choice((0, 0.5, 20, 100, 200, 1000))
        what = chance.choice(
            ("port", "cleared", "die", "start", "healthy", "unhealthy", "lost", "qb", "adguard", "other")
        )
        match what:
            case "port":
                lines.append(port(at, chance.randrange(1024, 65536)))
            case "cleared":
                lines.append(ours(at, "port.cleared", "gluetun", container="gluetun"))
            case "lost":
                word = chance.choice(("lost", "restored"))
                lines.append(ours(at, f"source.{word}", "docker", name="docker"))
            case "qb" | "adguard" | "other":
                name = {"qb": "qbittorrent"}.get(what, what)
                lines.append(ours(at, "container.start", name, container=name, id="x"))
            case _:
                lines.append(ours(at, f"container.{what}", "gluetun", container="gluetun", id=chance.choice("ab")))
    return lines


def by_story(lines: list[bytes], end_s: float) -> list[tuple[float, str]]:
    """The runs that the tests' own driver of the engine comes to."""
    story = Story(*SHIPPED.rules)
    for at, event in Recording("r", io.BytesIO(b"".join(lines))):
        story.at((at - BEGAN_NS) / S, event)
    story.until(end_s)
    return [(ran.at, ran.run.rule.name) for ran in story.attempts]


@pytest.mark.parametrize("seed", range(40))
def test_the_replay_decides_as_the_engine_does(seed: int) -> None:
    lines = [port(0, 5000), *random_lines(seed)]
    end_s = 100_000.0
    rows = decided(SHIPPED, *lines, end_s=end_s)
    assert [(at, rule) for at, _, rule in brief(rows, "runs")] == by_story(lines, end_s), f"seed {seed}"


@pytest.mark.parametrize("seed", range(40))
def test_what_nobody_wants_changes_nothing(seed: int) -> None:
    data, rows = b"".join(random_lines(seed)), []
    for everything in (False, True):
        replay = Replay(SHIPPED)
        accepts = (lambda _kind, _subject: True) if everything else replay.accepts
        recording = Recording("r", io.BytesIO(data), accepts=accepts)
        told = chain.from_iterable(turns(replay, recording, lambda recording=recording: recording.last))  # type: ignore[misc]
        rows.append([row.as_record() for row in told])
    assert rows[0] == rows[1], f"seed {seed}"


def test_the_live_engine_is_the_one_that_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    fed: list[str] = []
    feed = Engine.feed
    monkeypatch.setattr(Engine, "feed", lambda self, event, now: (fed.append(event.type), feed(self, event, now))[1])
    decided(web(), docker(0, "die", "web"))
    assert fed == ["container.die"]


# -- two rule files ---------------------------------------------------------------------------------


def differing(first: Table, second: Table, *lines: bytes, end_s: float = 0.0) -> tuple[list[Any], list[Any]]:
    """The runs that only the first, and only the second decided."""
    recording, found = Recording("r", io.BytesIO(b"".join(lines))), ([], [])
    end = lambda: max(recording.last, BEGAN_NS + round(end_s * S))  # noqa: E731
    for one in differences(Replay(first), Replay(second), recording, end):
        for place in (0, 1):
            found[place].extend(brief(one[place]))
    return found


def test_rules_that_decide_the_same_do_not_differ() -> None:
    lines = random_lines(7)
    assert differing(SHIPPED, SHIPPED, *lines, end_s=9000) == ([], [])
    sooner = web('debounce = "10s"'), web('debounce = { wait = "10s", max = "1m" }')
    assert differing(*sooner, docker(0, "die", "web"), docker(3, "die", "web"), end_s=60) == ([], [])


def test_what_one_of_two_decides_is_told() -> None:
    lines = [docker(0, "die", "web"), docker(30, "die", "web")]
    first, second = differing(web('cooldown = "1m"'), web('cooldown = "10s"'), *lines, end_s=59)
    assert first == [(59, "left", "web")]
    assert second == [(30, "runs", "web")]


def test_other_arguments_are_another_decision() -> None:
    other = web(do='{ use = "containers.start", container = "web" }')
    first, second = differing(web(), other, docker(0, "die", "web"))
    assert first == second == [(0, "runs", "web")]


def test_rows_are_json_whatever_they_hold() -> None:
    rows = decided(SHIPPED, *random_lines(11, 200), end_s=10 * M)
    assert len(rows) > 20
    for row in rows:
        assert json.loads(json.dumps(row.as_record()))["what"] == row.kind
