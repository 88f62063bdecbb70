"""Conditions of one `only_if` that can never hold together are an error; whatever may hold is none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hooks.events.catalogue import Event
from hooks.rules.conditions import AnyHolds, Condition, ContainerIs, Negated, PortIs, RoleIs, TimeIs
from hooks.rules.facts import PORT_STANDINGS, STANDINGS, Seen, standing
from hooks.rules.table import Table
from hooks.rules.time_windows import Clock, Window
from hooks.rules_file import reader
from hooks.rules_file.contradictions import never_together
from tests.parts.values.small_handlers import SMALL_HANDLERS

RULE = 'version = 1\n[[rule]]\nname = "a"\non = "container.start"\nonly_if = {}\ndo = "gluetun.restart_vpn"\n'
RUNS, GONE = '{ container = "web", is = "running" }', '{ container = "web", is = "absent" }'
NEVER = {
    f"[{RUNS}, {GONE}]": f"{RUNS} and {GONE} never hold together",
    f'[{RUNS}, {{ port = "open" }}, {GONE}]': f"{RUNS} and {GONE} never hold together",
    f'[{{ any = [{GONE}, {{ time = "01:00-02:00" }}] }}, {{ time = "02:00-03:00" }}, {RUNS}]': "} never hold together",
    f"{{ not = {{ any = [{RUNS}, {{ not = {RUNS} }}] }} }}": "} never holds; leave out what excludes",
    f'[{{ container = "web", is = ["healthy", "unhealthy"] }}, {{ not = {RUNS} }}]': "never hold together",
    '[{ time = "22:00-23:00" }, { time = "23:00-00:30" }]': '"23:00-00:30" } never hold together',
    '[{ time = "22:00-02:00", days = "mon" }, { days = "wed" }]': "never hold together",
    '[{ port = "open" }, { not = { port = "forwarded" } }]': "never hold together",
    '[{ role = "gluetun", is = "running" }, { not = { role = "gluetun", is = ["running", "paused"] } }]': "never hold",
}
MAY_HOLD = (
    f"[{RUNS}, {RUNS}]", '[{ time = "22:00-02:00", days = "mon" }, { time = "01:00-03:00", days = "tue" }]',
    '[{ role = "qbittorrent", is = "running" }, { role = "qbittorrent", is = "paused" }]',  # there may be two
    f'[{RUNS}, {{ container = "Web", is = "absent" }}]', '[{ port = "forwarded" }, { not = { port = "open" } }]',
    '[{ container = "${event.container}", is = "running" }, { container = "${event.container}", is = "absent" }]',
    f'[{RUNS}, {{ any = [{GONE}, {{ port = "open" }}] }}]',
    "[" + ", ".join(f'{{ any = [{{ container = "c{n}", is = "running" }}, {GONE}] }}' for n in range(9)) + "]",
)  # fmt: skip


def read(text: str) -> str:
    """The errors of a rule with this `only_if`, "" if it has none."""
    table = reader.read(RULE.replace("{}", text), "rules.toml", SMALL_HANDLERS)
    return "" if isinstance(table, Table) else "\n".join(f"{one.code}: {one.said}; {one.hint}" for one in table)


@pytest.mark.parametrize("text", NEVER)
def test_conditions_that_exclude_each_other_are_named(text: str) -> None:
    said = read(text)
    assert said.startswith("bad-condition: ")
    assert NEVER[text] in said


@pytest.mark.parametrize("text", MAY_HOLD)
def test_conditions_that_may_hold_are_no_error(text: str) -> None:
    assert read(text) == ""


SEEN = st.sampled_from(
    [("absent",), *(standing(running=r, paused=p, health=h) for r in (False, True) for p in (False, True)
                    for h in ("", "healthy", "unhealthy"))]
)  # fmt: skip
LEAVES = st.one_of(
    st.builds(ContainerIs, st.sampled_from("ab"), st.lists(st.sampled_from(STANDINGS), min_size=1).map(tuple)),
    st.builds(RoleIs, st.sampled_from(["gluetun"]), st.lists(st.sampled_from(STANDINGS), min_size=1).map(tuple)),
    st.builds(PortIs, st.sampled_from(PORT_STANDINGS)),
    st.builds(
        lambda start, length, days: TimeIs(Window(start * 3600, (start + length) % 24 * 3600, frozenset(days)), ""),
        st.integers(0, 23), st.integers(1, 23), st.sets(st.integers(0, 6), min_size=1),
    ),
)  # fmt: skip
CONDITIONS = st.recursive(LEAVES, lambda one: st.builds(Negated, one) | st.builds(
    lambda several: AnyHolds(tuple(several)), st.lists(one, min_size=1, max_size=3)), max_leaves=4)  # fmt: skip


class World:
    """Some facts."""

    def __init__(self, seen: dict[str, Seen], second: int, forwarded: bool, reached: bool) -> None:
        self._seen, self._port, self._reach = seen, forwarded, forwarded and reached
        self.clock = Clock(float(second), lambda _: 0.0)

    def seen(self, name: str) -> Seen | None:
        return self._seen.get(name)

    def of_role(self, role: str) -> list[str]:
        return [name for name in self._seen if name.startswith(role)]

    def port(self, gluetun: str) -> bool | None:
        return self._port

    def reach(self, gluetun: str) -> bool | None:
        return self._reach


WORLDS = st.builds(
    World, st.dictionaries(st.sampled_from(["a", "b", "gluetun", "gluetun2"]), SEEN),
    st.integers(0, 7 * 86400 - 1), st.booleans(), st.booleans(),
)  # fmt: skip


@given(st.lists(CONDITIONS, max_size=3), WORLDS)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_what_holds_in_some_world_is_no_contradiction(conditions: list[Condition], world: World) -> None:
    event = Event("timer.tick", "", 0)
    found = never_together(conditions)
    assert not found or not all(one.holds(world, event) for one in conditions)
    assert set(map(id, found)) <= set(map(id, conditions))
