"""Judges the conditions of a rule together: whether all of them hold, and what is known of those that do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hooks.events.catalogue import Event
from hooks.rules.conditions import AnyHolds, Condition, ContainerIs, Negated, PortIs, RoleIs, Watch, latest
from hooks.rules.facts import Facts


class Verdict(NamedTuple):
    """Whether conditions hold. `why` is what is seen of those that do not, `of` are those themselves."""

    holds: bool | None  # None: it cannot be seen
    why: str = ""
    of: tuple[Condition, ...] = ()
    again_at: float | None = None  # when the clock alone may change it, in seconds since the Unix epoch

    @property
    def what(self) -> str:
        """The conditions that do not hold, as rules.toml has them."""
        return " and ".join(map(str, self.of))

    @property
    def sentence(self) -> str:
        """What is seen, and what is wanted instead."""
        return f"{self.why}, and only_if wants {self.what}"


HOLDS = Verdict(True)


def judge(conditions: Iterable[Condition], facts: Facts, event: Event) -> Verdict:
    """Whether all of them hold; else what is known of those that do not."""
    failing = [(one, holds) for one in conditions if not (holds := one.holds(facts, event))]
    if not failing:
        return HOLDS
    holds = False if any(holds is False for _, holds in failing) else None
    why = "; ".join(dict.fromkeys(one.seen(facts, event) for one, _ in failing))
    again_at = latest(one.changes_at(facts, event) for one, _ in failing)
    return Verdict(holds, why, tuple(one for one, _ in failing), again_at)


def watches(conditions: Iterable[Condition], event: Event) -> tuple[Watch, ...]:
    """What may change whether they hold, besides the clock."""
    return tuple(dict.fromkeys(watch for one in conditions for watch in one.watches(event)))


def depends_on_event(conditions: Iterable[Condition]) -> bool:
    """Whether they may hold for one event and fail for another at the same instant."""
    for one in each(conditions):
        if isinstance(one, PortIs) or (isinstance(one, RoleIs) and one.role == "gluetun"):
            return True
        if isinstance(one, ContainerIs) and not isinstance(one.container, str):
            return True
    return False


def each(conditions: Iterable[Condition]) -> Iterator[Condition]:
    """Every condition, those within others too, without `not` and `any` themselves."""
    for one in conditions:
        match one:
            case Negated(inner):
                yield from each((inner,))
            case AnyHolds(several):
                yield from each(several)
            case _:
                yield one
