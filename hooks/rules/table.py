"""The rules as values: what the engine, the executor and the workbench read.

`rules_file.reader` makes a `Table` from a file that is good as a whole; the child sends it to the running process by
pickle. Guaranteed: everything is frozen, so threads share a table without a lock, and a reload replaces it in one
assignment; two rules are equal if they mean the same, wherever they stand in their files, which is how a reload keeps
the timers of unchanged rules; durations are seconds. Nothing is parsed or checked here. `index` is the only lookup
structure: rules by event type and by the subject that they name, so that the cost of an event does not grow with the
number of rules that name other subjects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from hooks.events.catalogue import CATALOGUE, Event
from hooks.rules.comparisons import fields_in, passes
from hooks.rules.conditions import Condition
from hooks.rules.filters import as_text
from hooks.rules.log_groups import LOG, captured
from hooks.rules.matching import Match, OneOf
from hooks.rules.placeholders import Empty, Template, event_value
from hooks.rules.servers import ServerTable

if TYPE_CHECKING:
    from hooks.rules.own_handler import OwnHandler

Mode = Literal["latest", "queued", "single"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One alternative of `on`: the event's type, and what each named field must be."""

    event: str
    match: Mapping[str, Match] = field(default_factory=dict)

    def matches(self, event: Event) -> bool:
        """Whether the event is of this type and every named field is there and passes."""
        if event.type != self.event:
            return False
        for name, match in self.match.items():  # noqa: SIM110 - asked for each event; all() takes twice as long
            if name not in event.data or not match(event.data[name]):
                return False
        return True


@dataclass(frozen=True, slots=True)
class ComparingEntry(Entry):
    """An entry with a field that is compared with another field of the event. Others must not pay for that."""

    def matches(self, event: Event) -> bool:
        """Whether the event is of this type, and every named field is there and passes."""
        return event.type == self.event and all(
            name in event.data and passes(match, event.data[name], event) is True for name, match in self.match.items()
        )


@dataclass(frozen=True, slots=True)
class CronEntry(Entry):
    """An entry of `timer.cron`. `catch_up`: also for a time at which gluehook did not run."""

    catch_up: bool = False

    def matches(self, event: Event) -> bool:
        """Whether the event is of this schedule, and not from before the start unless that is wanted."""
        return Entry.matches(self, event) and (self.catch_up or not self.is_missed(event))

    @staticmethod
    def is_missed(event: Event) -> bool:
        """Whether it was due while gluehook did not run."""
        return event.data.get("late") == "start"


def entry_of(event: str, match: Mapping[str, Match]) -> Entry:
    """The entry of `on` for these matches."""
    compares = any(any(fields_in(one)) for one in match.values())
    return (ComparingEntry if compares else Entry)(event, match)


@dataclass(frozen=True, slots=True)
class Debounce:
    """Run `wait_s` after the last event, at the latest `max_s` after the first. Seconds."""

    wait_s: float
    max_s: float


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `runs` runs in any `per_s` seconds."""

    runs: int
    per_s: float


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`attempts` counts the first; the n-th wait is min(max_s, first_s * 2**n) seconds."""

    attempts: int = 6
    first_s: float = 1.0
    max_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Step:
    """One handler call. `args` holds values, and a `Template` wherever the file has a placeholder (at any depth)."""

    use: str
    args: Mapping[str, Any] = field(default_factory=dict)
    when_changed: bool = False
    reconciles: bool = False  # the handler establishes a state, so a resync may run the rule
    uses_port: bool = False  # the handler reads the forwarded port, so the port file is watched


@dataclass(frozen=True, slots=True)
class Rule:
    """One `[[rule]]`. Durations are seconds."""

    name: str
    on: tuple[Entry, ...]
    do: tuple[Step, ...]
    key: str | Template | None = None
    only_if: tuple[Condition, ...] = ()  # all of them must hold when a run is due
    for_s: float | None = None
    debounce: Debounce | None = None
    cooldown_s: float = 0.0
    repeat: bool = False
    limit: Limit | None = None
    mode: Mode = "latest"
    timeout_s: float = 30.0
    retry: RetryPolicy = RetryPolicy()
    enabled: bool = True
    dry_run: bool = False
    line: int = field(default=0, compare=False)  # its place in the file, which is no part of its meaning

    def listens_to(self, event: Event) -> bool:
        """Whether one of its entries matches the event."""
        for entry in self.on:  # noqa: SIM110 - as in `Entry.matches`
            if entry.matches(event):
                return True
        return False

    def with_groups(self, event: Event) -> Event:
        """The event as the templates of this rule see it: a container.log with the groups of the rule's regex."""
        if event.type != LOG:
            return event
        entry = next((entry for entry in self.on if entry.matches(event)), None)
        groups = captured(entry.match.get("line"), event.data["line"]) if entry else {}
        return replace(event, data={**event.data, **groups}) if groups else event

    def key_of(self, event: Event) -> str:
        """What counts as the same thing: the rule's key, else the event's subject."""
        if isinstance(self.key, Template):
            try:
                seen = self.with_groups(event)
                return as_text(self.key.render(lambda placeholder: event_value(seen, placeholder)))
            except Empty:
                return event.subject
        return self.key or event.subject

    @property
    def stateful(self) -> bool:
        """Whether each of its events describes a state, so that the lane's state can end."""
        return all(CATALOGUE[entry.event].is_state for entry in self.on)

    @property
    def escalates(self) -> bool:
        """Whether it listens to rule.exhausted only."""
        return all(entry.event == "rule.exhausted" for entry in self.on)

    @property
    def reconciles(self) -> bool:
        """Whether one of its steps establishes a state."""
        return any(step.reconciles for step in self.do)


@dataclass(frozen=True, slots=True)
class Table:
    """A rules file that is valid as a whole."""

    rules: tuple[Rule, ...] = ()
    file: str = ""
    gluetuns: tuple[ServerTable, ...] = ()
    clients: tuple[ServerTable, ...] = ()
    text: str = field(default="", compare=False)  # of the file, as the loading child has read it
    own: tuple[OwnHandler, ...] = ()  # the owner's own handlers that its steps name
    rules_folder: str = field(default="", compare=False)  # in which the rules file lies, where there are such

    @property
    def roles(self) -> Mapping[str, str]:
        """The roles that its tables give to containers, by name."""
        return {one.container: one.role for one in (*self.gluetuns, *self.clients)}

    def with_own(self, own: tuple[OwnHandler, ...], rules_folder: str) -> Table:
        """The same rules with these handlers of the owner."""
        return replace(self, own=own, rules_folder=rules_folder)

    @property
    def longest_window_s(self) -> float:
        """How far back the limits and cooldowns of its rules count, in seconds."""
        windows = (max(rule.cooldown_s, rule.limit.per_s if rule.limit else 0.0) for rule in self.rules)
        return max(windows, default=0.0)


Subject = str | tuple[str, str] | None  # a name, ("role", a role), or None for all
Index = dict[str, dict[Subject, dict[int, Rule]]]


def index(table: Table) -> Index:
    """Rules by event type and by the subject or the role that they name; those that name none stand under None."""
    found: Index = {}
    for place, rule in enumerate(table.rules):
        for entry in rule.on if rule.enabled else ():
            for subject in _subjects(entry):
                found.setdefault(entry.event, {}).setdefault(subject, {})[place] = rule
    return found


def _subjects(entry: Entry) -> tuple[Subject, ...]:
    match, role = entry.match.get(CATALOGUE[entry.event].subject), entry.match.get("role")
    if isinstance(match, OneOf):
        return match.values
    return tuple(("role", value) for value in role.values) if isinstance(role, OneOf) else (None,)
