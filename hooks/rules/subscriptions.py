"""Which events the rules of a table need. Everything else is dropped before it reaches the engine.

The app asks for each event of each source (`accepts`), the replay before it parses a line (`may_accept`), and the
sources get the lists of what to watch: event types, timers, files, and whether the port file is used at all.

Guaranteed: an event is accepted if an enabled rule matches its type and subject, or if it begins or ends a state that
such a rule listens to, or if it changes a container or a port that a condition of such a rule names. Other fields are
not looked at, so an accepted event may still match no rule. Built once for each table and never changed: threads share
it without a lock. The cost of a question does not grow with the number of rules that name other subjects; only globs
and other patterns are tried one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from hooks.events.catalogue import CATALOGUE, CHANGES_WORLD, Event, EventType, ended_by, topic_of
from hooks.rules.comparisons import fields_in
from hooks.rules.conditions import Condition, ContainerIs, PortIs, RoleIs
from hooks.rules.log_groups import LOG
from hooks.rules.matching import Match, OneOf
from hooks.rules.placeholders import templates
from hooks.rules.table import CronEntry, Entry, Rule, Table
from hooks.rules.verdicts import each


class Subscriptions:
    """The events that a table's rules need. Events of containers and ports say their role (hooks/world)."""

    def __init__(self, table: Table) -> None:
        rules = [rule for rule in table.rules if rule.enabled]
        conditions = list(each(condition for rule in rules for condition in rule.only_if))
        self.types = frozenset(entry.event for rule in rules for entry in rule.on).union(*map(_types, conditions))
        self.timers = _named(rules, "timer.tick")
        self.schedules = _named(rules, "timer.cron")
        self.catch_up = _named(rules, "timer.cron", lambda entry: isinstance(entry, CronEntry) and entry.catch_up)
        self.files = _named(rules, "file.")
        self.logs = tuple(entry for rule in rules for entry in rule.on if entry.event == LOG)
        self.handler_files = frozenset(file for own in table.own for file in own.files)
        self.uses_port = any(_uses_port(rule) for rule in rules)
        self._subjects: defaultdict[str, _Subjects] = defaultdict(_Subjects)
        self._topics: defaultdict[str, _Subjects] = defaultdict(_Subjects)
        for entry in (entry for rule in rules for entry in rule.on):
            kind = CATALOGUE[entry.event]
            match, role = entry.match.get(kind.subject), entry.match.get("role")
            self._subjects[kind.name].add(match, role)
            if kind.state and kind.state.topic == "port":  # a gluetun's own, whatever the rule names
                self._topics["port"].add(None, OneOf(("gluetun",)))
            elif kind.state:
                self._topics[kind.state.topic].add(match, role)
        for condition in conditions:
            self._add_condition(condition)
        self._states = {kind.name: self._followed_topics(kind) for kind in CATALOGUE.values()}

    def accepts(self, event: Event) -> bool:
        """Whether a rule listens to the event, or to a state that begins or ends with it."""
        named = str(event.data.get(CATALOGUE[event.type].subject, event.subject))
        role = "gluetun" if CATALOGUE[event.type].is_of_gluetun else event.data.get("role", "")
        if event.type in self._subjects and self._subjects[event.type].has(named, role):
            return True
        topic = topic_of(event)
        topics = (*ended_by(event), topic) if topic else ended_by(event)
        return any(what in self._topics and self._topics[what].has(who, role) for what, who in topics)

    def may_accept(self, kind: str, subject: str) -> bool:
        """`accepts` by type and subject alone; True where the answer depends on other fields of the event."""
        if kind in self._subjects and self._subjects[kind].may_have(subject):
            return True
        # a rename ends the states of the container that had the name before
        states = self._states.get(kind, ())
        return bool(states) and (kind == "container.rename" or any(subjects.may_have(subject) for subjects in states))

    def _add_condition(self, condition: Condition) -> None:
        match condition:
            case ContainerIs(str(name)):
                named: tuple[Match | None, Match | None] = (OneOf((name,)), None)
            case RoleIs(role):
                named = (None, OneOf((role,)))
            case ContainerIs():
                named = (None, None)
            case PortIs():
                named = (None, OneOf(("gluetun",)))  # a port is lost with its gluetun
            case _:
                return
        self._topics["life"].add(*named)  # so that the old name of a rename counts, too
        for kind in CHANGES_WORLD:
            self._subjects[kind].add(*named)
        for kind in _types(condition):
            self._subjects[kind].add(None)

    def _followed_topics(self, kind: EventType) -> tuple[_Subjects, ...]:
        """The subjects of the states that rules listen to and that an event of this type begins or ends."""
        topics = (*kind.ends, kind.state.topic) if kind.state else kind.ends
        return tuple(self._topics[topic] for topic in topics if topic in self._topics)


class _Subjects:
    """The subjects that rules name. Names and roles are looked up; globs and other patterns are tried one by one."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._roles: set[str] = set()
        self._matches: list[Match] = []
        self._all = False

    def has(self, name: str, role: str) -> bool:
        """Whether a rule names this subject, or its role."""
        if self._all or name in self._names or (role and role in self._roles):
            return True
        return bool(self._matches) and any(match(name) for match in self._matches)

    def may_have(self, name: str) -> bool:
        """As `has`, where the role is not known."""
        return bool(self._roles) or self.has(name, "")

    def add(self, match: Match | None, role: Match | None = None) -> None:
        if isinstance(match, OneOf):
            self._names.update(map(str, match.values))
        elif match is not None and not any(fields_in(match)):  # else only the whole event tells
            self._matches.append(match)
        elif isinstance(role, OneOf):
            self._roles.update(map(str, role.values))
        else:
            self._all = True


def _named(rules: Iterable[Rule], prefix: str, which: Callable[[Entry], bool] = lambda _: True) -> frozenset[str]:
    """The periods or schedules of timers, or the paths of files, that such entries of rules name."""
    entries = [entry for rule in rules for entry in rule.on if entry.event.startswith(prefix) and which(entry)]
    matches = [entry.match.get(CATALOGUE[entry.event].subject) for entry in entries]
    return frozenset(str(value) for match in matches if isinstance(match, OneOf) for value in match.values)


def _types(condition: Condition) -> frozenset[str]:
    """The events that a condition needs besides those that change the world, which come anyway."""
    if not isinstance(condition, PortIs):
        return frozenset()
    return _REACH if condition.standing == "open" else _PORT


_PORT = frozenset({"port.forwarded", "port.cleared"})
_REACH = frozenset({"port.open", "port.closed", "port.unknown"})


def _uses_port(rule: Rule) -> bool:
    if any(isinstance(condition, PortIs) and condition.standing == "forwarded" for condition in each(rule.only_if)):
        return True
    if any(entry.event.startswith("port.") for entry in rule.on):
        return True
    if any(step.uses_port for step in rule.do):
        return True
    placeholders = (p for step in rule.do for template in templates(step.args) for p in template.placeholders)
    return any(p.root == "state" and p.path.startswith("port") for p in placeholders)
