"""A `[[test]]` of rules.toml as plain data: what is given, what is expected, and until when. Instants are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hooks.assumed import Assumptions


@dataclass(frozen=True, slots=True)
class Given:
    """An event that comes at this instant: its type, and its fields as far as the file tells them."""

    at_s: float
    event: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """A run of this rule that starts at this instant; with `use` one of its steps, with at least these arguments."""

    at_s: float
    rule: str
    use: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One `[[test]]`. Nothing else than what is expected may run until `until_s`, that instant included."""

    name: str
    given: tuple[Given, ...]
    expected: tuple[Expected, ...]
    until_s: float
    outcomes: Assumptions = field(default_factory=dict)
    line: int = 0
