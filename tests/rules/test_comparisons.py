"""MATCH on another field of the event: what passes, what is not known, and what a rules file may say."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from hooks.events.catalogue import Event
from hooks.rules.subscriptions import Subscriptions
from hooks.rules.table import ComparingEntry, Entry
from tests.parts.values.rules_text import table_of

CHANGED = {"container": "gluetun", "gluetun": "gluetun", "port": 5, "old_port": 4}
DIED = {"container": "web", "service": "web", "project": "web-1", "exit_code": 1, "labels": {"a": "web", "b": "x"}}


def entry(on: str) -> Entry:
    return table_of(f'[[rule]]\nname = "r"\non = {on}\ndo = "gluetun.restart_vpn"\n').rules[0].on[0]


def without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}


@pytest.mark.parametrize(
    ("match", "data", "passes"),
    [
        ('port = "${event.old_port}"', CHANGED, False),
        ('port = "${event.old_port}"', CHANGED | {"old_port": 5}, True),
        ('port = "${event.old_port}"', CHANGED | {"old_port": "5"}, False),
        ('port = "${event.old_port}"', CHANGED | {"port": True, "old_port": 1}, False),
        ('port = { not = "${event.old_port}" }', CHANGED, True),
        ('port = { not = "${event.old_port}" }', CHANGED | {"old_port": 5}, False),
        ('port = { not = "${event.old_port}" }', without(CHANGED, "old_port"), False),
        ('port = { not = "${event.old_port}" }', without(CHANGED, "port"), False),
        ('port = { not = { not = "${event.old_port}" } }', without(CHANGED, "old_port"), False),
        ('port = [5, "${event.old_port}"]', without(CHANGED, "old_port"), True),
        ('port = [6, "${event.old_port}"]', without(CHANGED, "old_port"), False),
        ('port = { not = [6, "${event.old_port}"] }', without(CHANGED, "old_port"), False),
        ('port = { not = [6, "${event.old_port}"] }', CHANGED, True),
        ('port = { min = "${event.old_port}" }', CHANGED, True),
        ('port = { min = "${event.old_port}" }', CHANGED | {"old_port": 6}, False),
        ('port = { max = "${event.old_port}", min = 1 }', CHANGED | {"old_port": 5}, True),
        ('port = { min = 1024, max = "${event.old_port}" }', CHANGED | {"old_port": 9}, False),
        ('port = { max = "${event.old_port}" }', without(CHANGED, "old_port"), False),
        ('port = { not = { max = "${event.old_port}" } }', without(CHANGED, "old_port"), False),
        ('port = { not = { max = "${event.old_port}", min = 6 } }', without(CHANGED, "old_port"), True),
        ('port = { not = { max = "${event.old_port}" } }', CHANGED, True),
        ('container = "${event.gluetun}"', CHANGED, True),
        ('container = ["web-*", "${event.gluetun}"]', CHANGED | {"gluetun": "vpn"}, False),
        ('container = { not = "${event.type}" }, port = 5', CHANGED, True),
    ],
)  # fmt: skip
def test_a_field_is_compared_with_another_of_the_event(match: str, data: dict[str, Any], passes: bool) -> None:
    found = entry(f'{{ event = "port.changed", {match} }}')
    assert isinstance(found, ComparingEntry)
    assert found.matches(Event("port.changed", "gluetun", 1, data=data)) is passes
    assert not found.matches(Event("port.cleared", "gluetun", 1, data=data))
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("match", "data", "passes"),
    [
        ('labels = { a = "${event.container}" }', DIED, True),
        ('labels = { a = "${event.container}", b = "${event.project}" }', DIED, False),
        ('labels = { a = { not = "${event.labels.b}" } }', DIED, True),
        ('labels = { a = { not = "${event.labels.c}" } }', DIED, False),
        ('labels = { c = "${event.container}" }', DIED, False),
        ('labels = { a = "${event.container}" }', DIED | {"labels": None}, False),
        ('container = "${event.labels.a}", exit_code = { min = 1 }', DIED, True),
        ('container = "${event.service}"', without(DIED, "service"), False),
    ],
)
def test_labels_are_compared_too(match: str, data: dict[str, Any], passes: bool) -> None:
    assert (
        entry(f'{{ event = "container.die", {match} }}').matches(Event("container.die", "web", 1, data=data)) is passes
    )


def test_an_entry_without_such_a_match_is_a_plain_one() -> None:
    plain = entry('{ event = "port.changed", port = { not = 5 }, container = "gluetun" }')
    assert type(plain) is Entry
    assert type(plain).matches is not ComparingEntry.matches


def test_every_container_is_followed_whose_name_only_the_event_tells() -> None:
    table = table_of(
        """[[rule]]
name = "r"
on = { event = "container.die", container = { not = "${event.service}" } }
do = "gluetun.restart_vpn"
"""
    )
    assert Subscriptions(table).accepts(Event("container.die", "web", 1, data=DIED))
    assert Subscriptions(table).may_accept("container.die", "web")
