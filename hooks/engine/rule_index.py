"""The rules of a table by what they listen to, so that an event costs no more with rules that listen to others."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.events.catalogue import CATALOGUE, Event
from hooks.rules.table import Rule, Table, index


class RuleIndex:
    """The enabled rules of a table."""

    def __init__(self, table: Table) -> None:
        self._table, self._index = table, index(table)

    def named(self, name: str) -> Rule | None:
        """The enabled rule of this name."""
        return next((rule for rule in self._table.rules if rule.name == name and rule.enabled), None)

    def matching(self, event: Event) -> Iterator[Rule]:
        """The rules that the event matches, in the file's order."""
        by_subject = self._index.get(event.type)
        if by_subject is None:
            return
        candidates = by_subject.get(str(event.data.get(CATALOGUE[event.type].subject, event.subject)), {})
        for more in (by_subject.get(("role", event.data.get("role", ""))), by_subject.get(None)):
            candidates = {**candidates, **more} if more else candidates
        for place in sorted(candidates):
            rule = candidates[place]
            if rule.listens_to(event) and _reaches(rule, event):
                yield rule


def _reaches(rule: Rule, event: Event) -> bool:
    if event.type == "rule.exhausted" and event.subject == rule.name:
        return False  # it would last because it lasts
    return event.origin != "resync" or rule.for_s is not None or rule.reconciles
