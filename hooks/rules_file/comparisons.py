"""Reads the other field of an event that a MATCH names, such as "${event.old_port}": is it there, and comparable?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hooks.events.catalogue import CATALOGUE
from hooks.rules.placeholders import Placeholder, Template
from hooks.rules_file.arguments import field_kind
from hooks.rules_file.errors import Diagnostics, quoted
from hooks.rules_file.placeholders import Scope
from hooks.rules_file.positions import Path

_EXAMPLE = "write one field of the event alone, such as ${event.%s}"
_ENTRY: Mapping[type, str] = {
    list: "name one entry of it, counted from 0: ${event.ports.0}",
    dict: "name one of them: ${event.labels.NAME}",
}


@dataclass(frozen=True, slots=True)
class ComparedField:
    """The field whose MATCH is read: of which event, at which path below it, and of which type."""

    diagnostics: Diagnostics
    event: str
    field: str
    wanted: type

    def read(self, text: str, path: Path) -> Placeholder | None:
        """The other field that the text names; None if there is an error, which is reported."""
        template = Scope(self.diagnostics, (self.event,)).template(text, path)
        if not isinstance(template, Template):
            return None
        one, is_alone = template.placeholders[0], len(template.parts) == 1
        if wrong := self._misplaced(one, text, is_alone=is_alone):
            self.diagnostics.add("placeholder-misplaced", path, *wrong)
            return None
        kind = Scope(self.diagnostics, (self.event,)).type_of(one, path)
        return one if kind and self._fits(kind, one, path) else None

    def _misplaced(self, one: Placeholder, text: str, *, is_alone: bool) -> tuple[str, str] | None:
        example = _EXAMPLE % self._other()
        if not is_alone:
            return f"{quoted(text)} is compared as it is: in a match no placeholder is read within a text", example
        if one.root != "event":
            return f"{one.bare} cannot be matched: a match compares the fields of one event with each other", example
        if one.filters:
            return f"a match compares {one.bare} as it is, without | {one.filters[0].name}", f'write "{one.bare}"'
        if one.path == self.field or (one.path == "subject" and self.field == CATALOGUE[self.event].subject):
            return f"{self.field} is compared with itself", "name another field of the event"
        return None

    def _other(self) -> str:
        fields = CATALOGUE[self.event].fields
        alike = [name for name, field in fields.items() if field.type is self.wanted and name != self.field]
        return alike[0] if alike else "type"

    def _fits(self, kind: type, one: Placeholder, path: Path) -> bool:
        if kind is self.wanted or object in (kind, self.wanted):
            return True
        mine, other = field_kind(self.wanted).says, field_kind(kind).says
        said = f"{self.field} is {mine} in {self.event}, which {one}, {other}, can never equal"
        self.diagnostics.add("never-matches", path, said, _ENTRY.get(kind) or f"compare it with {mine}")
        return False
