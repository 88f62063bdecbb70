"""One table of a rules file with its place: every reader of a part of the file gets one, and reports errors to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hooks.events import durations
from hooks.rules_file.errors import Diagnostics
from hooks.rules_file.positions import Path


@dataclass(frozen=True, slots=True)
class Node:
    """A table of the file: its values, its path, and the collector of the file's errors."""

    diagnostics: Diagnostics
    path: Path
    values: Mapping[str, Any]

    def has(self, key: str) -> bool:
        """Whether the key is written, whether or not its value is usable."""
        return key in self.values

    def get(self, key: str, default: Any = None) -> Any:
        """The raw value; the default if it is absent or has an error."""
        return default if self.broken(key) else self.values.get(key, default)

    def broken(self, *path: str | int) -> bool:
        """Whether the value at this path below the table has an error."""
        return self.diagnostics.broken((*self.path, *path))

    def seconds(self, key: str) -> float | None:
        """The duration under that key in seconds; None if it is absent or has an error."""
        raw = self.get(key)
        return durations.parse(raw) if isinstance(raw, str) else None

    def table(self, key: str) -> Node | None:
        """The table under that key; None if it is absent, is no table or has an error."""
        values = self.get(key)
        return Node(self.diagnostics, (*self.path, key), values) if isinstance(values, dict) else None

    def tables(self, key: str, shorthand: str = "") -> Iterator[Node]:
        """The tables under that key, whether it holds one or a list. With `shorthand` the text "x" is the table
        { shorthand = "x" }. An entry that is no table or has an error is an empty one, so that each keeps its place.
        """
        raw = self.get(key)
        many = raw if isinstance(raw, list) else [] if raw is None else [raw]
        for index, one in enumerate(many):
            place = (key, index) if many is raw else (key,)
            values = {shorthand: one} if shorthand and isinstance(one, str) else one
            usable = isinstance(values, dict) and not self.broken(*place)
            yield Node(self.diagnostics, (*self.path, *place), values if usable else {})

    def report(self, code: str, key: str, said: str, hint: str = "", *, at_key: bool = False) -> None:
        """Add an error at the value of a key, or at the key itself; if the key is absent, at the table."""
        self.diagnostics.add(code, (*self.path, key), said, hint, key=at_key)
