"""Conditions of one `only_if` that can never hold together, such as one container that is running and absent.

Each is judged in every case that there may be: what each container is, the port, and the times of a week at which a
window begins or ends. Conditions that name nothing in common are judged apart. Where there are too many cases, or a
name is known only with the event, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

from hooks.events.catalogue import Event
from hooks.rules.conditions import AnyHolds, Condition, ContainerIs, Negated, PortIs, RoleIs, TimeIs
from hooks.rules.facts import ABSENT, Seen
from hooks.rules.time_windows import Clock

_MOST_CASES = 3_000
_DAY_S = 86400
_NO_EVENT = Event("timer.tick", "", 0)
_STANDINGS: tuple[Seen, ...] = (
    ("running",), ("running", "healthy"), ("running", "unhealthy"), ("paused",), ("stopped",), ABSENT,
)  # fmt: skip
_PORTS = ((True, True), (True, False), (False, False))  # forwarded, and open; none is open that is not forwarded
_Subject = tuple[str, str]
_TIME, _PORT = ("time", ""), ("port", "")


def never_together(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    """The conditions that exclude each other, without any that is not needed for it; () where there are none."""
    for group in _groups(conditions):
        if not _can_hold(group):
            return _smallest(group)
    return ()


@dataclass(frozen=True)
class _Case:
    """Facts that are made up."""

    by_subject: Mapping[_Subject, Any] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        return Clock(float(self.by_subject.get(_TIME, 0)), lambda _: 0.0)

    def seen(self, name: str) -> Seen | None:
        return self.by_subject.get(("container", name)) or self.by_subject.get(("of role", name))

    def of_role(self, role: str) -> Sequence[str] | None:
        return [name for kind, name in self.by_subject if kind == "of role" and name.startswith(f"{role}/")]

    def port(self, gluetun: str) -> bool | None:  # noqa: ARG002 - as `Facts` says
        return bool(self.by_subject[_PORT][0])

    def reach(self, gluetun: str) -> bool | None:  # noqa: ARG002 - as `Facts` says
        return bool(self.by_subject[_PORT][1])


def _smallest(group: list[Condition]) -> tuple[Condition, ...]:
    for one in group:
        rest = [other for other in group if other is not one]
        if rest and not _can_hold(rest):
            return _smallest(rest)
    return tuple(group)


def _can_hold(group: Sequence[Condition]) -> bool:
    subjects = dict.fromkeys(subject for one in group for subject in _subjects(one))
    options = [_options(subject, group) for subject in subjects]
    if prod(map(len, options)) > _MOST_CASES:
        return True
    cases = (_Case(dict(zip(subjects, chosen, strict=True))) for chosen in product(*options))
    return any(all(one.holds(case, _NO_EVENT) is not False for one in group) for case in cases)


def _options(subject: _Subject, group: Sequence[Condition]) -> Sequence[object]:
    if subject == _TIME:
        windows = [leaf.window for one in group for leaf in _leaves(one) if isinstance(leaf, TimeIs)]
        marks = {mark % _DAY_S for window in windows for mark in (window.start_s, window.end_s)}
        return [day * _DAY_S + mark for day in range(7) for mark in sorted(marks)]
    return _PORTS if subject == _PORT else _STANDINGS


def _groups(conditions: Sequence[Condition]) -> list[list[Condition]]:
    """The conditions by what they name in common, directly or through others."""
    groups: list[tuple[set[_Subject], list[Condition]]] = []
    for one in conditions:
        subjects, members = set(_subjects(one)), [one]
        for group in [group for group in groups if group[0] & subjects]:
            groups.remove(group)
            subjects, members = subjects | group[0], [*group[1], *members]
        groups.append((subjects, members))
    return [members for _, members in groups]


def _subjects(condition: Condition) -> Iterator[_Subject]:
    for leaf in _leaves(condition):
        match leaf:
            case ContainerIs(container=str(name)):
                yield "container", name
            case RoleIs(role=role):  # one may be this, and another of the same role that
                yield from (("of role", f"{role}/{number}") for number in (1, 2))
            case PortIs():
                yield _PORT
            case TimeIs():
                yield _TIME


def _leaves(condition: Condition) -> Iterator[Condition]:
    match condition:
        case Negated(condition=inner):
            yield from _leaves(inner)
        case AnyHolds(conditions=several):
            for one in several:
                yield from _leaves(one)
        case _:
            yield condition
