"""`only_if` of rules.toml as values: what must hold when a run is due.

`rules_file.conditions` builds them. The engine judges them when a run is due (verdicts.py), the executor once more by a
fresh reading. Guaranteed: plain frozen values that can be pickled; pure, as the caller hands in the facts; str() of a
condition is the condition as rules.toml has it. What cannot be seen neither holds nor fails: `not` of it cannot be seen
either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from hooks.events.catalogue import Event
from hooks.rules.facts import Facts, PortStanding, Seen, Standing
from hooks.rules.matching import as_toml
from hooks.rules.placeholders import Empty, Template, event_value
from hooks.rules.time_windows import Window

Watch = tuple[str, str]
"""What may change a verdict: ("container", name), ("role", role), or ("port", "")."""


class Condition(Protocol):
    """One condition. str() is the condition as rules.toml has it."""

    def judge(self, facts: Facts, event: Event) -> tuple[bool | None, str]:
        """Whether it holds for a run of this event, None where that cannot be seen; and what is seen, as a sentence."""

    def changes_at(self, facts: Facts, event: Event) -> float | None:
        """When the clock alone may change that, in seconds since the Unix epoch; None: it cannot."""

    def watches(self, event: Event) -> Iterator[Watch]:
        """What may change it besides the clock."""


# -- the kinds of conditions ---------------------------------------------------------------------


class _Timeless:
    """A condition that no clock changes."""

    __slots__ = ()

    def changes_at(self, facts: Facts, event: Event) -> float | None:  # noqa: ARG002 - as `Condition` says
        """Never."""
        return None


@dataclass(frozen=True, slots=True)
class ContainerIs(_Timeless):
    """The container of this name is one of these."""

    container: str | Template
    standings: tuple[Standing, ...]

    def judge(self, facts: Facts, event: Event) -> tuple[bool | None, str]:
        """As `Condition` says."""
        try:
            name = self._name(event)
        except Empty as nothing:
            return None, f"{nothing} is empty"
        seen = facts.seen(name)
        return _is_one(seen, self.standings), _said(name, seen)

    def watches(self, event: Event) -> Iterator[Watch]:
        """As `Condition` says."""
        with suppress(Empty):
            yield "container", self._name(event)

    def _name(self, event: Event) -> str:
        if isinstance(self.container, str):
            return self.container
        return str(self.container.render(lambda placeholder: event_value(event, placeholder)))

    def __str__(self) -> str:
        name = self.container
        written = name if isinstance(name, str) else "".join(map(str, name.parts))
        return f"{{ container = {as_toml(written)}, is = {_one_or_list(self.standings)} }}"


@dataclass(frozen=True, slots=True)
class RoleIs(_Timeless):
    """A container of this role is one of these: the event's own gluetun, else any that has the role."""

    role: str
    standings: tuple[Standing, ...]

    def judge(self, facts: Facts, event: Event) -> tuple[bool | None, str]:
        """As `Condition` says."""
        own = self._own(event)
        names = [own] if own else facts.of_role(self.role)
        if names is None:
            return None, f"which containers have the role {self.role} cannot be seen now"
        if not names:
            return "absent" in self.standings, f"no container has the role {self.role}"
        seen = {name: facts.seen(name) for name in names}
        said = ", ".join(_said(name, one) for name, one in seen.items())
        return _any(_is_one(one, self.standings) for one in seen.values()), said

    def watches(self, event: Event) -> Iterator[Watch]:
        """As `Condition` says."""
        yield "role", self.role
        if own := self._own(event):
            yield "container", own

    def _own(self, event: Event) -> str:
        return str(event.data.get("gluetun") or "") if self.role == "gluetun" else ""

    def __str__(self) -> str:
        return f"{{ role = {as_toml(self.role)}, is = {_one_or_list(self.standings)} }}"


@dataclass(frozen=True, slots=True)
class PortIs(_Timeless):
    """The port of the event's gluetun, else of the main one, is forwarded; or peers are known to reach it."""

    standing: PortStanding

    def judge(self, facts: Facts, event: Event) -> tuple[bool | None, str]:
        """As `Condition` says."""
        gluetun = str(event.data.get("gluetun") or "")
        is_open = self.standing == "open"
        holds = facts.reach(gluetun) if is_open else facts.port(gluetun)
        words = _REACH if is_open else _PORT
        return holds, words[holds].format(f"'{gluetun}'" if gluetun else "gluetun")

    def watches(self, event: Event) -> Iterator[Watch]:  # noqa: ARG002 - as `Condition` says
        """As `Condition` says."""
        yield "port", ""
        yield "role", "gluetun"  # a port is lost with its gluetun

    def __str__(self) -> str:
        return f"{{ port = {as_toml(self.standing)} }}"


_PORT = {True: "{} forwards a port", False: "{} forwards no port", None: "the port of {} cannot be seen now"}
_REACH = {
    True: "peers reach the port of {}", False: "peers are not known to reach the port of {}",
    None: "whether peers reach the port of {} cannot be seen now",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TimeIs:
    """The wall clock is in this window. `written` is how rules.toml has it."""

    window: Window
    written: str

    def judge(self, facts: Facts, event: Event) -> tuple[bool | None, str]:  # noqa: ARG002 - as `Condition` says
        """As `Condition` says."""
        return self.window.holds(facts.clock), f"it is {facts.clock.reading}"

    def changes_at(self, facts: Facts, event: Event) -> float | None:  # noqa: ARG002 - as `Condition` says
        """As `Condition` says."""
        return self.window.changes_at(facts.clock)

    def watches(self, event: Event) -> Iterator[Watch]:  # noqa: ARG002 - as `Condition` says
        """As `Condition` says."""
        return iter(())

    def __str__(self) -> str:
        return self.written


@dataclass(frozen=True, slots=True)
class Negated:
    """The opposite."""

    condition: Condition

    def judge(self, facts: Facts, event: Event) -> tuple[bool | None, str]:
        """As `Condition` says."""
        holds, why = self.condition.judge(facts, event)
        return None if holds is None else not holds, why

    def changes_at(self, facts: Facts, event: Event) -> float | None:
        """As `Condition` says."""
        return self.condition.changes_at(facts, event)

    def watches(self, event: Event) -> Iterator[Watch]:
        """As `Condition` says."""
        return self.condition.watches(event)

    def __str__(self) -> str:
        return f"{{ not = {self.condition} }}"


@dataclass(frozen=True, slots=True)
class AnyHolds:
    """One of several holds."""

    conditions: tuple[Condition, ...]

    def judge(self, facts: Facts, event: Event) -> tuple[bool | None, str]:
        """As `Condition` says."""
        each = [one.judge(facts, event) for one in self.conditions]
        holds = _any(one for one, _ in each)
        return holds, "; ".join(dict.fromkeys(why for one, why in each if not holds or one))

    def changes_at(self, facts: Facts, event: Event) -> float | None:
        """As `Condition` says."""
        each = [(one.judge(facts, event)[0], one.changes_at(facts, event)) for one in self.conditions]
        if _any(holds for holds, _ in each):  # that lasts as long as the last of those that hold
            return latest([at for holds, at in each if holds])
        return min((at for _, at in each if at is not None), default=None)

    def watches(self, event: Event) -> Iterator[Watch]:
        """As `Condition` says."""
        for one in self.conditions:
            yield from one.watches(event)

    def __str__(self) -> str:
        return f"{{ any = [{', '.join(map(str, self.conditions))}] }}"


# -- what they share ----------------------------------------------------------------------------


def latest(instants: Iterable[float | None]) -> float | None:
    """The last of these instants; None if one of them never comes."""
    found = list(instants)
    known = [at for at in found if at is not None]
    return max(known) if known and len(known) == len(found) else None


def _any(each: Iterable[bool | None]) -> bool | None:
    found = set(each)
    return True if True in found else None if None in found else False


def _is_one(seen: Seen | None, wanted: tuple[Standing, ...]) -> bool | None:
    return None if seen is None else any(one in wanted for one in seen)


def _said(name: str, seen: Seen | None) -> str:
    return f"'{name}' cannot be seen now" if seen is None else f"'{name}' is {' and '.join(seen)}"


def _one_or_list(values: tuple[str, ...]) -> str:
    return as_toml(values[0] if len(values) == 1 else values)
