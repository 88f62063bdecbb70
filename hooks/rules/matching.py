"""MATCH of rules.toml: the tests of one field of an event.

`rules_file.match` builds them, `table.Entry.matches` calls them for each event and field on the data path, and
`explain` shows them by str() as rules.toml has them. Guaranteed: plain frozen values that can be pickled, as a table is
sent from the child that reads it; no test raises, whatever the value; types are compared strictly, so True is not 1 and
"1" is not 1; a glob or a regular expression must fit the whole text. An absent field is never tested: it matches
nothing, not even `not`.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hooks.rules.linear_regex import fits
from hooks.rules.placeholders import walk


class Match(Protocol):
    """A test of one field's value. An absent field never gets here: it never matches."""

    def __call__(self, value: Any) -> bool:
        """Whether the value passes."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """Equal to one of these. `True` is not `1`."""

    values: tuple[Any, ...]

    def __call__(self, value: Any) -> bool:
        """Whether the value is one of them."""
        for one in self.values:  # noqa: SIM110 - asked for each event; any() takes twice as long
            if type(one) is type(value) and one == value:
                return True
        return False

    def __str__(self) -> str:
        return as_toml(self.values[0] if len(self.values) == 1 else self.values)


@dataclass(frozen=True, slots=True)
class Glob:
    """`*` is any characters, `?` is one, case counts, everything else is itself."""

    pattern: str

    def __call__(self, value: Any) -> bool:
        """Whether the whole text fits the pattern."""
        # fnmatch also knows [sets]; ours does not, so brackets are taken literally
        return isinstance(value, str) and fnmatch.fnmatchcase(value, self.pattern.replace("[", "[[]"))

    def __str__(self) -> str:
        return as_toml(self.pattern)


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression (hooks/rules/linear_regex.py) that must fit the whole text."""

    pattern: str

    def __call__(self, value: Any) -> bool:
        """Whether the whole text fits."""
        return isinstance(value, str) and fits(self.pattern, value)

    def __str__(self) -> str:
        return f"{{ regex = {as_toml(self.pattern)} }}"


@dataclass(frozen=True, slots=True)
class Range:
    """A number from `min` to `max`, both included; an absent bound is open."""

    min: float | None = None
    max: float | None = None

    def __call__(self, value: Any) -> bool:
        """Whether the number lies within."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)

    def __str__(self) -> str:
        bounds = (("min", self.min), ("max", self.max))
        return f"{{ {', '.join(f'{name} = {bound:g}' for name, bound in bounds if bound is not None)} }}"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of several matches."""

    options: tuple[Match, ...]

    def __call__(self, value: Any) -> bool:
        """Whether one of them passes."""
        return any(option(value) for option in self.options)

    def __str__(self) -> str:
        # of a list in the file its plain values became one option
        return f"[{', '.join(str(option).removeprefix('[').removesuffix(']') for option in self.options)}]"


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    match: Match

    def __call__(self, value: Any) -> bool:
        """Whether the inner match fails."""
        return not self.match(value)

    def __str__(self) -> str:
        return f"{{ not = {self.match} }}"


@dataclass(frozen=True, slots=True)
class Labels:
    """Each named label is there and passes its match."""

    matches: Mapping[str, Match]

    def __call__(self, value: Any) -> bool:
        """Whether all of them pass."""
        return isinstance(value, Mapping) and all(k in value and m(value[k]) for k, m in self.matches.items())

    def of(self, value: Mapping[str, Any], name: str) -> Any:
        """What the label of this name is; None if it is absent."""
        return value.get(name)

    def __str__(self) -> str:
        return f"{{ {', '.join(f'{as_toml(name)} = {match}' for name, match in self.matches.items())} }}"


@dataclass(frozen=True, slots=True)
class Inside(Labels):
    """Each path, such as `heartbeat.status`, leads to a value in the table that passes its match."""

    def __call__(self, value: Any) -> bool:
        """Whether all of them pass."""
        if not isinstance(value, Mapping):
            return False
        return all((found := walk(value, path)) is not None and match(found) for path, match in self.matches.items())

    def of(self, value: Mapping[str, Any], name: str) -> Any:
        """What the path leads to; None if it leads nowhere."""
        return walk(value, name)


def as_toml(value: Any) -> str:
    """A plain value as rules.toml has it; str() of a match is the match as rules.toml has it."""
    return json.dumps(value, ensure_ascii=False)
