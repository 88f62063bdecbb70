"""`only_if` of rules.toml as values: what must hold when a run is due.

`rules_file.conditions` builds them. The engine judges them when a run is due (verdicts.py), the executor once more by a
fresh reading. Guaranteed: plain frozen values that can be pickled; pure, as the caller hands in the facts; str() of a
condition is the condition as rules.toml has it. What cannot be seen neither holds nor fails: `not` of it cannot be seen
either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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

    def holds(self, facts: Facts, event: Event) -> bool | None:
        """Whether it holds for a run of this event, None where that cannot be seen."""

    def seen(self, facts: Facts, event: Event) -> str:
        """What is seen, as a sentence."""

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

    def holds(self, facts: Facts, event: Event) -> bool | None:
        """As `Condition` says."""
        try:
            return _is_one(facts.seen(self._name(event)), self.standings)
        except Empty:
            return None

    def seen(self, facts: Facts, event: Event) -> str:
        """As `Condition` says."""
        try:
            name = self._name(event)
        except Empty as nothing:
            return f"{nothing} is empty"
        return _said(name, facts.seen(name))

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

    def holds(self, facts: Facts, event: Event) -> bool | None:
        """As `Condition` says."""
        names = self._names(facts, event)
        if not names:
            return None if names is None else "absent" in self.standings
        return _any(_is_one(facts.seen(name), self.standings) for name in names)

    def seen(self, facts: Facts, event: Event) -> str:
        """As `Condition` says."""
        names = self._names(facts, event)
        if names is None:
            return f"which containers have the role {self.role} cannot be seen now"
        said = ", ".join(_said(name, facts.seen(name)) for name in names)
        return said or f"no container has the role {self.role}"

    def watches(self, event: Event) -> Iterator[Watch]:
        """As `Condition` says."""
        yield "role", self.role
        if own := self._own(event):
            yield "container", own

    def _names(self, facts: Facts, event: Event) -> Sequence[str] | None:
        own = self._own(event)
        return (own,) if own else facts.of_role(self.role)

    def _own(self, event: Event) -> str:
        return str(event.data.get("gluetun") or "") if self.role == "gluetun" else ""

    def __str__(self) -> str:
        return f"{{ role = {as_toml(self.role)}, is = {_one_or_list(self.standings)} }}"


@dataclass(frozen=True, slots=True)
class PortIs(_Timeless):
    """The port of the event's gluetun, else of the main one, is forwarded; or peers are known to reach it."""

    standing: PortStanding

    def holds(self, facts: Facts, event: Event) -> bool | None:
        """As `Condition` says."""
        gluetun = str(event.data.get("gluetun") or "")
        return facts.reach(gluetun) if self.standing == "open" else facts.port(gluetun)

    def seen(self, facts: Facts, event: Event) -> str:
        """As `Condition` says."""
        gluetun, words = event.data.get("gluetun"), _REACH if self.standing == "open" else _PORT
        return words[self.holds(facts, event)].format(f"'{gluetun}'" if gluetun else "gluetun")

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

    def holds(self, facts: Facts, event: Event) -> bool | None:  # noqa: ARG002 - as `Condition` says
        """As `Condition` says."""
        return self.window.holds(facts.clock)

    def seen(self, facts: Facts, event: Event) -> str:  # noqa: ARG002 - as `Condition` says
        """As `Condition` says."""
        return f"it is {facts.clock.reading}"

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

    def holds(self, facts: Facts, event: Event) -> bool | None:
        """As `Condition` says."""
        holds = self.condition.holds(facts, event)
        return None if holds is None else not holds

    def seen(self, facts: Facts, event: Event) -> str:
        """As `Condition` says."""
        return self.condition.seen(facts, event)

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

    def holds(self, facts: Facts, event: Event) -> bool | None:
        """As `Condition` says."""
        return _any(one.holds(facts, event) for one in self.conditions)

    def seen(self, facts: Facts, event: Event) -> str:
        """As `Condition` says."""
        holds = self.holds(facts, event)
        shown = (one for one in self.conditions if not holds or one.holds(facts, event))
        return "; ".join(dict.fromkeys(one.seen(facts, event) for one in shown))

    def changes_at(self, facts: Facts, event: Event) -> float | None:
        """As `Condition` says."""
        each = [(one.holds(facts, event), one.changes_at(facts, event)) for one in self.conditions]
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
    if seen is None:
        return None
    for one in seen:  # noqa: SIM110 - asked for each run; any() takes twice as long
        if one in wanted:
            return True
    return False


def _said(name: str, seen: Seen | None) -> str:
    return f"'{name}' cannot be seen now" if seen is None else f"'{name}' is {' and '.join(seen)}"


def _one_or_list(values: tuple[str, ...]) -> str:
    return as_toml(values[0] if len(values) == 1 else values)
