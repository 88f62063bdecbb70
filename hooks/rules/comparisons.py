"""MATCH of rules.toml that names another field of the same event: `{ not = "${event.old_port}" }`.

`rules_file.match` builds `SameAs` and `FieldRange` beside the matches of `hooks.rules.matching`. An entry that holds
one anywhere is a `table.ComparingEntry`, so that every other entry is tested as before. `passes` is the only judge of
such a match: by itself, without the event, none of these passes. Guaranteed: nothing here raises; types are compared
strictly; where the other field is absent nothing is known, which neither passes nor fails, and so `not` does not turn
it into a match.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hooks.events.catalogue import Event
from hooks.rules.matching import AnyOf, Labels, Match, Not, as_toml
from hooks.rules.placeholders import Placeholder, event_value


@dataclass(frozen=True, slots=True)
class SameAs:
    """Equal to another field of the event."""

    field: Placeholder

    def __call__(self, value: Any) -> bool:  # noqa: ARG002 - of a Match
        """Never: the event is not known here."""
        return False

    def __str__(self) -> str:
        return as_toml(str(self.field))


@dataclass(frozen=True, slots=True)
class FieldRange:
    """A number from `min` to `max`, both included, of which at least one is another field of the event."""

    min: float | Placeholder | None = None
    max: float | Placeholder | None = None

    def __call__(self, value: Any) -> bool:  # noqa: ARG002 - of a Match
        """Never: the event is not known here."""
        return False

    def __str__(self) -> str:
        bounds = (("min", self.min), ("max", self.max))
        written = [f"{name} = {_bound(bound)}" for name, bound in bounds if bound is not None]
        return f"{{ {', '.join(written)} }}"


def fields_in(match: Match) -> Iterator[Placeholder]:
    """The other fields of the event that the match names, at any depth."""
    match match:
        case SameAs(field):
            yield field
        case FieldRange(least, most):
            yield from (bound for bound in (least, most) if isinstance(bound, Placeholder))
        case Not(inner):
            yield from fields_in(inner)
        case AnyOf(options):
            for option in options:
                yield from fields_in(option)
        case Labels(matches):
            for inner in matches.values():
                yield from fields_in(inner)


def passes(match: Match, value: Any, event: Event) -> bool | None:
    """Whether the value passes the match; None where a field that decides it is absent."""
    match match:
        case SameAs(field):
            other = event_value(event, field)
            return None if other is None else type(other) is type(value) and other == value
        case FieldRange(least, most):
            return _within(least, most, value, event)
        case Not(inner):
            found = passes(inner, value, event)
            return None if found is None else not found
        case AnyOf(options):
            return _any(passes(option, value, event) for option in options)
        case Labels(matches) if isinstance(value, Mapping):
            values = {name: match.of(value, name) for name in matches}
            tests = [values[name] is not None and passes(inner, values[name], event) for name, inner in matches.items()]
            return False if False in tests else None if None in tests else True
    return match(value)


def _within(least: object, most: object, value: Any, event: Event) -> bool | None:
    low, high = (event_value(event, bound) if isinstance(bound, Placeholder) else bound for bound in (least, most))
    if not all(map(_is_number, (value, *(bound for bound in (low, high) if bound is not None)))):
        return False
    if (low is not None and value < low) or (high is not None and value > high):
        return False
    return None if (low is None) is not (least is None) or (high is None) is not (most is None) else True


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _any(found: Iterable[bool | None]) -> bool | None:
    answers = list(found)
    return True if True in answers else None if None in answers else False


def _bound(bound: float | Placeholder) -> str:
    return as_toml(str(bound)) if isinstance(bound, Placeholder) else f"{bound:g}"
