"""What conditions are judged by in the running gluehook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hooks.app.condition_facts import ConditionFacts, WorldFacts
from hooks.app.health_report import held_back
from hooks.doctor import own_state
from hooks.engine.runs import Run
from hooks.events.catalogue import Event
from hooks.rules.conditions import Condition, ContainerIs, PortIs, RoleIs, TimeIs
from hooks.rules.table import Entry, Rule
from hooks.rules.time_windows import Clock, Window
from hooks.world.model import Container, PortFile, World
from tests.engine.test_only_if import Server
from tests.whole.story import Story, on, rule, unhealthy

CLOCK = Clock(1_800_000_000.0, lambda _: 0.0)
GLUETUN = Container("vpn", "1" * 64, image="qmcgaw/gluetun", running=True, health="healthy", started_at=5)
ICE = Container("ice", "2" * 64, running=True, paused=True, health="healthy")
OFF = Container("off", "3" * 64)
WORLD = World().with_container(GLUETUN).with_container(ICE).with_container(OFF)


def facts(**more: Any) -> WorldFacts:
    return WorldFacts(**{"world": WORLD, "clock": CLOCK, "sees_docker": True, "sees_port": True, "polled": (), **more})


def test_what_the_world_says_of_containers_and_ports() -> None:
    known = facts()
    seen = {name: known.seen(name) for name in ("vpn", "ice", "off", "nobody")}
    assert seen == {"vpn": ("running", "healthy"), "ice": ("paused",), "off": ("stopped",), "nobody": ("absent",)}
    assert (known.of_role("gluetun"), known.of_role("deluge")) == (("vpn",), ())
    assert (known.port(""), known.port("vpn"), known.reach("")) == (False, False, False)
    with_port = facts(world=WORLD.with_port_file(PortFile((5000,), mtime=9), 10))
    assert (with_port.port(""), with_port.port("vpn"), with_port.port("other")) == (True, True, False)
    old = facts(world=WORLD.with_port_file(PortFile((5000,), mtime=4), 10))
    assert old.port("") is False, "its file is older than gluetun's start"
    reached = facts(polled=[Event("port.open", "qb", 1, data={"container": "qb", "gluetun": "vpn", "port": 5000})])
    assert (reached.reach("vpn"), reached.reach(""), reached.reach("other")) == (True, True, False)


def test_what_cannot_be_seen_is_not_known() -> None:
    blind = facts(sees_docker=False, sees_port=False, polled=None)
    assert [blind.seen("vpn"), blind.of_role("gluetun"), blind.port(""), blind.reach("")] == [None] * 4


class Part:
    """A source that notes what it is asked to read again."""

    def __init__(self, world: World = WORLD, *, answers: bool = True) -> None:
        self.world, self.answers, self.asked = world, answers, list[object]()
        self.connected, self.port_is_remembered = True, False

    def _note(self, what: Any) -> bool:
        self.asked.append(sorted(event.source for event in what) if isinstance(what, list) else set(what))
        return self.answers

    inspect_again = read_again = poll_now = _note

    def states(self, _: str) -> list[tuple[Event, int]]:
        return []

    def sees(self, _: str) -> bool:
        return self.answers


def judged(*only_if: Condition, answers: bool = True) -> tuple[bool | None, list[list[object]]]:
    parts = [Part(answers=answers) for _ in range(5)]
    conditional = Rule("r", (Entry("timer.tick"),), (), only_if=only_if)
    run = Run("r/k#1", conditional, "k", Event("timer.tick", "5m", 1, data={"every": "5m"}))
    readings: Any = ConditionFacts(*parts)  # type: ignore[arg-type]
    return readings.judge_anew(run).holds, [part.asked for part in parts[1:]]


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        (ContainerIs("nobody", ("absent",)), [[{"nobody"}], [], [], []]),
        (RoleIs("gluetun", ("healthy",)), [[{"vpn"}], [], [], []]),
        (RoleIs("deluge", ("absent",)), [[], [], [], []]),
        (TimeIs(Window(0, 86400), "always"), [[], [], [], []]),
    ],
)
def test_only_what_conditions_name_is_read_again(condition: Condition, asked: list[list[object]]) -> None:
    assert judged(condition) == (True, asked)


def test_ports_are_read_where_they_come_from_and_what_does_not_answer_is_not_seen() -> None:
    assert judged(PortIs("forwarded")) == (False, [[{"vpn"}], [{"vpn"}], [], [["api:vpn"]]])
    assert judged(PortIs("open")) == (False, [[{"vpn"}], [], [["qbittorrent"]], []])
    assert judged(ContainerIs("vpn", ("running",)), answers=False)[0] is None
    assert judged(PortIs("open"), answers=False)[0] is None


def test_the_heartbeat_says_what_waits_for_conditions_and_status_shows_it(tmp_path: Path) -> None:
    evening = TimeIs(Window(20 * 3600, 86400), "evening")
    server = Server(sonarr=("stopped",))
    server.story = story = Story(
        rule("up", on("container.unhealthy"), only_if=(ContainerIs("sonarr", ("running",)),)),
        rule("late", on("container.unhealthy"), only_if=(evening,)), rule("now", on("container.unhealthy")),
        facts=server,
    )  # fmt: skip
    story.at(0, unhealthy("web"))
    up, late = held_back(story.engine.lanes(), story.now)
    assert up.startswith("up waits for its conditions for web: 'sonarr' is stopped, and only_if wants")
    assert "it is fri 00:00, and only_if wants evening; they may hold at 2" in late
    report = {"time": 1.0, "sources": {}, "waits": [up, late]}
    (tmp_path / "heartbeat.json").write_text(json.dumps(report))
    assert own_state.read(tmp_path).waits == (up, late)
    (tmp_path / "heartbeat.json").write_text(json.dumps({**report, "stopped": True}))
    assert own_state.read(tmp_path).waits == ()


def test_that_a_source_is_lost_lasts_although_nothing_can_be_read() -> None:
    parts = [Part(answers=False) for _ in range(5)]
    readings: Any = ConditionFacts(*parts)  # type: ignore[arg-type]
    assert readings.lasts([Event("source.lost", "docker", 1, "docker", data={"name": "docker"})]) is True
    assert readings.lasts([Event("container.start", "vpn", 1, "docker", data={"container": "vpn"})]) is None
    assert [part.asked for part in parts] == [[], [{"vpn"}], [], [], []]
