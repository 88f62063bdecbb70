"""MATCH of rules.toml: what a field of an event must be. Plain values: a table is sent between processes."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


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
        return any(type(v) is type(value) and v == value for v in self.values)


@dataclass(frozen=True, slots=True)
class Glob:
    """`*` is any characters, `?` is one, case counts, everything else is itself."""

    pattern: str

    def __call__(self, value: Any) -> bool:
        """Whether the whole text fits the pattern."""
        # fnmatch also knows [sets]; ours does not, so brackets are taken literally
        return isinstance(value, str) and fnmatch.fnmatchcase(value, self.pattern.replace("[", "[[]"))


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression that must fit the whole text."""

    pattern: re.Pattern[str]

    def __call__(self, value: Any) -> bool:
        """Whether the whole text fits."""
        return isinstance(value, str) and self.pattern.fullmatch(value) is not None


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


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of several matches."""

    options: tuple[Match, ...]

    def __call__(self, value: Any) -> bool:
        """Whether one of them passes."""
        return any(option(value) for option in self.options)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    match: Match

    def __call__(self, value: Any) -> bool:
        """Whether the inner match fails."""
        return not self.match(value)


@dataclass(frozen=True, slots=True)
class Labels:
    """Each named label is there and passes its match."""

    matches: Mapping[str, Match]

    def __call__(self, value: Any) -> bool:
        """Whether all of them pass."""
        return isinstance(value, Mapping) and all(k in value and m(value[k]) for k, m in self.matches.items())
