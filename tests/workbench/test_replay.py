"""The replay: the live engine on recorded events, at exact instants, and always with the same answer."""

from __future__ import annotations

import io
import json
from itertools import chain

import pytest

from hooks.engine.engine import Engine
from hooks.rules.rule_tests import Assumed
from hooks.workbench.recording import Recording
from hooks.workbench.replay import Replay, turns
from hooks.world.event_roles import with_role
from hooks.world.model import World
from tests.parts.values.recorded import BEGAN_NS, S, docker, ours, port
from tests.parts.values.replayed import SHIPPED, brief, decided, random_lines, web
from tests.whole.story import M, Story


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


def test_rows_are_json_whatever_they_hold() -> None:
    rows = decided(SHIPPED, *random_lines(11, 200), end_s=10 * M)
    assert len(rows) > 20
    for row in rows:
        assert json.loads(json.dumps(row.as_record()))["what"] == row.kind


# -- the same engine, the same answer ---------------------------------------------------------------


def by_story(lines: list[bytes], end_s: float) -> list[tuple[float, str]]:
    """The runs that the tests' own driver of the engine comes to."""
    story = Story(*SHIPPED.rules)
    for at, event in Recording("r", io.BytesIO(b"".join(lines))):
        story.at((at - BEGAN_NS) / S, with_role(World(), event))
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
