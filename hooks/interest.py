"""What a rule table listens to, so that sources need not tell the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from handlers.base import Handler
from hooks.events import CATALOGUE, Event, ended_by, topic_of
from hooks.match import Match, OneOf
from hooks.placeholders import templates
from hooks.table import Rule, Table

_Subjects = frozenset[str] | None  # None: any


class Interest:
    """Which events reach the engine: those that a rule matches by type and subject, and those that end its states."""

    def __init__(self, table: Table, handlers: Mapping[str, type[Handler[Any]]], gluetun: str) -> None:
        rules = [rule for rule in table.rules if rule.enabled]
        self.types = frozenset(entry.event for rule in rules for entry in rule.on)
        self.every = _named(rules, "timer.")
        self.files = _named(rules, "file.")
        self.port = any(_uses_port(rule, handlers) for rule in rules)
        self._subjects: dict[str, _Subjects] = {}
        self._topics: dict[str, _Subjects] = {}
        for entry in (entry for rule in rules for entry in rule.on):
            kind = CATALOGUE[entry.event]
            subjects = _subjects(entry.match.get(kind.subject))
            _widen(self._subjects, kind.name, subjects)
            if kind.state:
                # a port's state is gluetun's own, whatever the rule names
                _widen(self._topics, kind.state.topic, frozenset({gluetun}) if kind.state.topic == "port" else subjects)

    def wants(self, event: Event) -> bool:
        """Whether a rule listens to it, or a state that a rule listens to begins or ends with it."""
        named = str(event.data.get(CATALOGUE[event.type].subject, event.subject))
        if event.type in self._subjects and _holds(self._subjects[event.type], named):
            return True
        topic = topic_of(event)
        topics = (*ended_by(event), topic) if topic else ended_by(event)
        return any(what in self._topics and _holds(self._topics[what], who) for what, who in topics)


def _holds(subjects: _Subjects, name: str) -> bool:
    return subjects is None or name in subjects


def _widen(into: dict[str, _Subjects], name: str, subjects: _Subjects) -> None:
    known = into.get(name, frozenset())
    into[name] = None if known is None or subjects is None else known | subjects


def _subjects(match: Match | None) -> _Subjects:
    return frozenset(map(str, match.values)) if isinstance(match, OneOf) else None


def _named(rules: Iterable[Rule], prefix: str) -> frozenset[str]:
    """The timers or files that rules name."""
    entries = [entry for rule in rules for entry in rule.on if entry.event.startswith(prefix)]
    found = [_subjects(entry.match.get(CATALOGUE[entry.event].subject)) or frozenset[str]() for entry in entries]
    return frozenset().union(*found)


def _uses_port(rule: Rule, handlers: Mapping[str, type[Handler[Any]]]) -> bool:
    if any(entry.event.startswith("port.") for entry in rule.on):
        return True
    if any(step.use in handlers and handlers[step.use].uses_port for step in rule.do):
        return True
    placeholders = (p for step in rule.do for template in templates(step.args) for p in template.placeholders)
    return any(p.root == "state" and p.path.startswith("port") for p in placeholders)
