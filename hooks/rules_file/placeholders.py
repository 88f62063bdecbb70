"""Checks placeholders when a file is read: that each has a value for every event of its rule, and of which type.

`do` asks for each argument and `rule` for the key. What is guaranteed of a good file: when a step runs, `${event.x}` is
a field of the event, `${run.said}` stands in a later step than the first, a key needs only the event, and each value
has the type that was found here. Empty values remain possible: a step with one is skipped when it runs. Secrets are not
read here: `hooks.pairs.secret_names` says at the start which of them have no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hooks.events.catalogue import CATALOGUE
from hooks.events.fields import FIELDS
from hooks.events.wording import did_you_mean, nearest
from hooks.rules.filters import FilterError, result_types
from hooks.rules.log_groups import LOG
from hooks.rules.placeholders import PATTERN, Placeholder, Template, parse
from hooks.rules_file.errors import Diagnostics, quoted
from hooks.rules_file.positions import Path

_EVERY_EVENT = {"type": str, "subject": str}
_STATE: dict[str, type] = {"port": int, "ports": list}
_RUN: dict[str, type] = {"said": str, "id": str}
_ROOTS = ("event", "state", "run")
_FIELDS = frozenset(name for kind in CATALOGUE.values() for name in kind.fields)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a placeholder stands: the events of its rule, and whether it is in the first step or in the key."""

    diagnostics: Diagnostics
    events: tuple[str, ...]
    groups: frozenset[str] | None = None  # that every container.log of the rule has; None where none is known
    first_step: bool = False
    is_key: bool = False

    def template(self, text: str, path: Path) -> str | Template | None:
        """The text with its placeholders read; None if one is malformed, which is reported."""
        if "${" in PATTERN.sub(" ", text):
            said = "a placeholder is opened by ${ and never closed"
            self.diagnostics.add("placeholder-syntax", path, said, "write } after its name")
            return None
        try:
            return parse(text)
        except FilterError as error:
            self._bad_filter(error, path)
            return None
        except ValueError as error:
            said = f"{quoted(str(error))} is no placeholder"
            self.diagnostics.add("placeholder-unknown", path, said, _nearest(str(error)[2:-1]))
            return None

    def _bad_filter(self, error: FilterError, path: Path) -> None:
        said, _, hint = str(error).partition("; ")
        self.diagnostics.add("placeholder-filter", path, said, hint)

    def types_of(self, placeholder: Placeholder, path: Path) -> tuple[type, ...] | None:
        """The types that its value may have behind its filters; None if there is an error, which is reported."""
        kind = self.type_of(placeholder, path)
        if kind is None:
            return None
        if placeholder.root == "secret" and placeholder.has_default:
            said = f"${{secret:{placeholder.path}}} has a default, which stands in the file in clear"
            hint = "leave the default out: a step whose secret has no value is skipped"
            self.diagnostics.add("secret-in-clear", path, said, hint)
            return None
        try:
            return result_types(placeholder.filters, kind)
        except FilterError as error:
            self._bad_filter(error, path)
            return None

    def type_of(self, placeholder: Placeholder, path: Path) -> type | None:
        """The type of its value before its filters; None if it has none here, which is reported."""
        if self.is_key and placeholder.root != "event":
            said = f"key cannot use {placeholder.bare}: it must be known when the event comes"
            self.diagnostics.add("placeholder-misplaced", path, said, "use a field of the event, or a fixed text")
            return None
        return _TYPES[placeholder.root](self, placeholder, path)

    def _event(self, placeholder: Placeholder, path: Path) -> type | None:
        if not self.events:
            return None  # the errors of `on` are reported already
        name, _, rest = placeholder.path.partition(".")
        types = {event: self._type_in(event, name) for event in self.events}
        without = [event for event, kind in types.items() if kind is None]
        is_needed = not (self.is_key or placeholder.has_default)  # a key is else the event's subject
        if without and (is_needed or len(without) == len(types)):
            said = f"{placeholder} does not exist in {', '.join(without[:3])}"
            if LOG in without and self.groups is not None:
                said += ", where every `line` would have to name such a group"
            elif LOG in without:
                said += ", and groups of its `line` are known in the steps and the key only"
            self.diagnostics.add("placeholder-unknown", path, said, self._shared(name))
            return None
        kind = next((kind for kind in types.values() if kind), str)
        return self._inside(kind, rest, placeholder, path)

    def _shared(self, name: str) -> str:
        common = set.intersection(*(self._fields_of(event) for event in self.events))
        if len(self.events) > 1 and not common:
            return "the events of `on` have no field in common; make a rule for each"
        every = "every event of `on` has" if len(self.events) > 1 else "it has"
        return did_you_mean(name, common) or f"{every} {', '.join(sorted(common))}"

    def _fields_of(self, event: str) -> set[str]:
        return {*CATALOGUE[event].fields, *(self.groups or () if event == LOG else ())}

    def _type_in(self, event: str, name: str) -> type | None:
        """The type of this field in events of this type; None where they have none of that name."""
        field = CATALOGUE[event].fields.get(name)
        if field is None and event == LOG and name in (self.groups or ()):
            return str
        return field.type if field else _EVERY_EVENT.get(name)

    def _state(self, placeholder: Placeholder, path: Path) -> type | None:
        return self._named(_STATE, placeholder, path)

    def _run(self, placeholder: Placeholder, path: Path) -> type | None:
        if self.first_step and placeholder.path == "said":
            said = f"{placeholder} is what the step before reported, and this is the first step"
            self.diagnostics.add("placeholder-misplaced", path, said, "use it from the second step on")
            return None
        return self._named(_RUN, placeholder, path)

    def _secret(self, _placeholder: Placeholder, _path: Path) -> type | None:
        return str

    def _named(self, known: dict[str, type], placeholder: Placeholder, path: Path) -> type | None:
        name, _, rest = placeholder.path.partition(".")
        if name in known:
            return self._inside(known[name], rest, placeholder, path)
        hint = did_you_mean(name, known) or f"{placeholder.root} has {' and '.join(known)}"
        self.diagnostics.add("placeholder-unknown", path, f"{placeholder} does not exist", hint)
        return None

    def _inside(self, kind: type, rest: str, placeholder: Placeholder, path: Path) -> type | None:
        if not rest:
            return kind
        if kind is list and rest.isdecimal():
            return int  # the only lists are lists of ports
        if kind is dict:
            inside: type = FIELDS[placeholder.path.partition(".")[0]].values
            return inside
        hint = "write its place in the list, from 0 on: ${state.ports.0}" if kind is list else "leave out the last dot"
        self.diagnostics.add("placeholder-unknown", path, f"{placeholder} leads nowhere", hint)
        return None


_TYPES: dict[str, Callable[[Scope, Placeholder, Path], type | None]] = {
    "event": Scope._event, "state": Scope._state, "run": Scope._run, "secret": Scope._secret,
}  # fmt: skip


def _nearest(inside: str) -> str:
    inside = inside.strip()
    root, _, rest = (part.strip() for part in inside.replace(":", ".").partition("."))
    if root == "secret":
        return f"write ${{secret:{re.sub(r'[^A-Za-z0-9_]+', '_', rest).lstrip('0123456789') or 'NAME'}}}"
    if not rest and inside in _FIELDS:
        return f"did you mean ${{event.{inside}}}?"
    if not rest and inside.isupper():
        return f"for a secret write ${{secret:{inside}}}"
    near = nearest(root, _ROOTS) if re.fullmatch(r"[\w.:-]+", rest) else ""
    return f"did you mean ${{{near}.{rest}}}?" if near else "write ${event.…}, ${state.…}, ${run.…} or ${secret:NAME}"
