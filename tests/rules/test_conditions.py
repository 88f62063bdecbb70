"""What conditions answer, also where something cannot be seen."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from hooks.events.catalogue import Event
from hooks.rules.conditions import AnyHolds, Condition, ContainerIs, Negated, PortIs, RoleIs, TimeIs
from hooks.rules.facts import ABSENT, Later, Seen, Unseen, standing
from hooks.rules.placeholders import Template, parse
from hooks.rules.time_windows import Clock, Window
from hooks.rules.verdicts import depends_on_event, each, judge, watches
from hooks.workbench.zones import offset_of

NOON = Clock(datetime(2026, 12, 1, 12, tzinfo=ZoneInfo("UTC")).timestamp(), offset_of("UTC"))
SEEN: dict[str, Seen] = {
    "sonarr": standing(running=True), "web": standing(running=True, health="healthy"),
    "sick": standing(running=True, health="unhealthy"), "ice": standing(running=True, paused=True, health="healthy"),
    "off": standing(running=False),
}  # fmt: skip


@dataclass
class Known:
    """Facts of a small server."""

    clock: Clock = NOON
    containers: dict[str, Seen] | None = field(default_factory=lambda: SEEN)
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ports: dict[str, bool | None] = field(default_factory=dict)

    def seen(self, name: str) -> Seen | None:
        return None if self.containers is None else self.containers.get(name, ABSENT)

    def of_role(self, role: str) -> tuple[str, ...] | None:
        return None if self.containers is None else self.roles.get(role, ())

    def port(self, gluetun: str) -> bool | None:
        return self.ports.get(gluetun)

    def reach(self, gluetun: str) -> bool | None:
        return self.ports.get(f"reach {gluetun}")


START = Event("container.start", "sonarr", 1, data={"container": "sonarr", "gluetun": "vpn"})
TICK = Event("timer.tick", "5m", 1, data={"every": "5m"})
NIGHT = TimeIs(Window(22 * 3600, 6 * 3600), '{ time = "22:00-06:00" }')
DAY = TimeIs(Window(6 * 3600, 22 * 3600), '{ time = "06:00-22:00" }')
UP, DOWN = ContainerIs("sonarr", ("running",)), ContainerIs("sonarr", ("stopped", "absent"))
GONE = ContainerIs("nobody", ("absent",))


def event_name() -> Template:
    found = parse("${event.container}")
    assert isinstance(found, Template)
    return found


@pytest.mark.parametrize(
    ("condition", "event", "holds", "why"),
    [
        (UP, TICK, True, "'sonarr' is running"),
        (DOWN, TICK, False, "'sonarr' is running"),
        (GONE, TICK, True, "'nobody' is absent"),
        (Negated(GONE), TICK, False, "'nobody' is absent"),
        (ContainerIs("nobody", ("running",)), TICK, False, "'nobody' is absent"),
        (ContainerIs("web", ("running",)), TICK, True, "'web' is running and healthy"),
        (ContainerIs("web", ("healthy",)), TICK, True, "'web' is running and healthy"),
        (ContainerIs("sick", ("healthy",)), TICK, False, "'sick' is running and unhealthy"),
        # a paused one is only paused: its health check does not run
        (ContainerIs("ice", ("running", "healthy", "stopped")), TICK, False, "'ice' is paused"),
        (ContainerIs("ice", ("paused",)), TICK, True, "'ice' is paused"),
        (ContainerIs("off", ("stopped",)), TICK, True, "'off' is stopped"),
        (ContainerIs(event_name(), ("running",)), START, True, "'sonarr' is running"),
        (ContainerIs(event_name(), ("running",)), TICK, None, "${event.container} is empty"),
        # several have the role: one is enough
        (RoleIs("qbittorrent", ("running",)), TICK, True, "'off' is stopped, 'sonarr' is running"),
        (RoleIs("qbittorrent", ("stopped",)), TICK, True, "'off' is stopped, 'sonarr' is running"),
        (RoleIs("qbittorrent", ("paused",)), TICK, False, "'off' is stopped, 'sonarr' is running"),
        (RoleIs("deluge", ("running",)), TICK, False, "no container has the role deluge"),
        (RoleIs("deluge", ("absent",)), TICK, True, "no container has the role deluge"),
        # the event's own gluetun
        (RoleIs("gluetun", ("running",)), START, False, "'vpn' is absent"),
        (RoleIs("gluetun", ("running",)), TICK, True, "'web' is running and healthy"),
        (PortIs("forwarded"), START, True, "'vpn' forwards a port"),
        (PortIs("forwarded"), TICK, False, "gluetun forwards no port"),
        (PortIs("open"), START, False, "peers are not known to reach the port of 'vpn'"),
        (PortIs("open"), TICK, None, "whether peers reach the port of gluetun cannot be seen now"),
        (NIGHT, TICK, False, "it is tue 12:00"),
        (DAY, TICK, True, "it is tue 12:00"),
        (Negated(Negated(UP)), TICK, True, "'sonarr' is running"),
        (AnyHolds((DOWN, NIGHT)), TICK, False, "'sonarr' is running; it is tue 12:00"),
        (AnyHolds((DOWN, DAY)), TICK, True, "it is tue 12:00"),
        (Negated(AnyHolds((DOWN, AnyHolds((NIGHT,))))), TICK, True, "'sonarr' is running; it is tue 12:00"),
    ],
)  # fmt: skip
def test_what_a_condition_answers(condition: Condition, event: Event, holds: bool | None, why: str) -> None:
    roles = {"qbittorrent": ("off", "sonarr"), "gluetun": ("web",)}
    facts = Known(roles=roles, ports={"vpn": True, "": False, "reach vpn": False})
    assert (condition.holds(facts, event), condition.seen(facts, event)) == (holds, why)
    assert pickle.loads(pickle.dumps(condition)) == condition


def test_what_cannot_be_seen_neither_holds_nor_fails() -> None:
    facts = Known(containers=None)
    for condition in (
        UP,
        Negated(UP),
        RoleIs("gluetun", ("absent",)),
        AnyHolds((UP, NIGHT)),
        Negated(PortIs("forwarded")),
    ):
        assert condition.holds(facts, TICK) is None, condition
    assert AnyHolds((UP, DAY)).holds(facts, TICK), "one that is seen is enough"
    assert judge((UP, NIGHT), facts, TICK).holds is False, "one that fails is enough"
    assert judge((UP, DAY), facts, TICK).holds is None
    assert judge((UP,), Unseen(NOON), TICK).why == "'sonarr' cannot be seen now"


@pytest.mark.parametrize(
    ("conditions", "hours"),
    [
        ((NIGHT,), 10), ((Negated(DAY),), 10), ((DOWN,), None), ((DOWN, NIGHT), None),
        ((AnyHolds((DOWN, NIGHT)),), 10), ((Negated(AnyHolds((UP, DAY))),), None),
        ((NIGHT, TimeIs(Window(23 * 3600, 86400), "late")), 11),
    ],
)  # fmt: skip
def test_when_the_clock_alone_may_change_it(conditions: tuple[Condition, ...], hours: int | None) -> None:
    verdict = judge(conditions, Known(), TICK)
    assert not verdict.holds
    assert verdict.again_at == (None if hours is None else NOON.instant + hours * 3600)
    if hours is not None:
        assert judge(conditions, Later(Known(), hours * 3600), TICK).holds


def test_which_conditions_fail_and_how_they_are_written() -> None:
    verdict = judge((UP, DOWN, NIGHT), Known(), TICK)
    wanted = '{ container = "sonarr", is = ["stopped", "absent"] } and { time = "22:00-06:00" }'
    assert verdict.sentence == f"'sonarr' is running; it is tue 12:00, and only_if wants {wanted}"
    assert str(AnyHolds((Negated(RoleIs("gluetun", ("running",))), PortIs("open")))) == (
        '{ any = [{ not = { role = "gluetun", is = "running" } }, { port = "open" }] }'
    )
    assert str(ContainerIs(event_name(), ("running",))) == '{ container = "${event.container}", is = "running" }'


def test_what_may_change_a_verdict() -> None:
    nested = (Negated(AnyHolds((UP, RoleIs("gluetun", ("running",)), PortIs("open")))), NIGHT)
    assert set(watches(nested, TICK)) == {("container", "sonarr"), ("role", "gluetun"), ("port", "")}
    assert ("container", "vpn") in watches((RoleIs("gluetun", ("running",)),), START)
    assert list(watches((ContainerIs(event_name(), ("running",)),), TICK)) == []
    assert [str(one) for one in each(nested)] == [
        str(UP), '{ role = "gluetun", is = "running" }', '{ port = "open" }', str(NIGHT),
    ]  # fmt: skip
    assert [depends_on_event((one,)) for one in (UP, NIGHT, PortIs("open"), nested[0])] == [False, False, True, True]
