"""Where each key and value of a TOML document stands.

tomllib gives values without positions; this scanner gives positions without values. It
runs only if a file has an error, and only on text that tomllib has accepted, so it
checks nothing itself.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

Path = tuple[str | int, ...]

_BLANKS = re.compile(r"[ \t]*")
_BETWEEN = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    "|".join((r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', r"'''.*?'{3,5}", r'"(?:[^"\\\n]|\\.)*"', r"'[^'\n]*'")), re.DOTALL
)
_ATOM = re.compile(r"[^,\]}\s#]+(?: [0-9][^,\]}\s#]*)?")  # a date and a time may have a blank between them
_DEEPEST = 32  # a dotted key of a million parts must not cost a million long paths


class Position(NamedTuple):
    """A place in the text, both counted from 1; columns are characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Positions:
    """Every key and every value by its path: ("rule", 0, "on", 1, "container")."""

    keys: Mapping[Path, Position]
    values: Mapping[Path, Position]

    def find(self, path: Path, *, key: bool = False) -> Position:
        """Where the value (or the key) stands; for one that is not there, the table that should hold it."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values and path not in self.keys:
            path = path[:-1]
        return self.values.get(path) or self.keys.get(path) or Position(1, 1)


def locate(text: str) -> Positions:
    """The positions of a valid TOML document."""
    scanner = _Scanner(text)
    scanner.document()
    return Positions(scanner.keys, scanner.values)


class _Scanner:
    """Walks over the text once; `at` is the offset of the next character."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.keys: dict[Path, Position] = {}
        self.values: dict[Path, Position] = {}
        self._line_starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._last: dict[Path, int] = {}  # array of tables -> index of its newest element

    def document(self) -> None:
        table: Path = ()
        before = -1
        while self._skip(_BETWEEN) and self.at > before:
            before = self.at
            table = self._header() if self._sees("[") else self._pair(table)

    # -- small steps ---------------------------------------------------------------------

    def _skip(self, what: re.Pattern[str]) -> bool:
        found = what.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at < len(self.text)

    def _sees(self, sign: str) -> bool:
        return self.text.startswith(sign, self.at)

    def _take(self, sign: str) -> bool:
        seen = self._sees(sign)
        self.at += len(sign) if seen else 0
        return seen

    def _position(self, offset: int) -> Position:
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def _note_key(self, path: Path, offset: int) -> None:
        # a table that is written in several places stands where it is named first
        if path not in self.keys:
            self.keys[path] = self._position(offset)

    # -- grammar -------------------------------------------------------------------------

    def _header(self) -> Path:
        array = self._take("[[") or not self._take("[")
        names = self._dotted_key()
        self._take("]]" if array else "]")
        path: Path = ()
        for place, (name, offset) in enumerate(names):
            path += (name,)
            self._note_key(path, offset)
            if array and place == len(names) - 1:
                self._last[path] = self._last.get(path, -1) + 1
            if path in self._last:
                path += (self._last[path],)
                self._note_key(path, offset)
        return path

    def _pair(self, table: Path) -> Path:
        path = table
        for name, offset in self._dotted_key():
            path += (name,)
            self._note_key(path, offset)
        self._take("=")
        self._skip(_BLANKS)
        self._value(path)
        return table

    def _dotted_key(self) -> list[tuple[str, int]]:
        parts: list[tuple[str, int]] = []
        while not parts or self._take("."):
            self._skip(_BLANKS)
            part = self._key_part()
            if len(parts) < _DEEPEST:
                parts.append(part)
            self._skip(_BLANKS)
        return parts

    def _key_part(self) -> tuple[str, int]:
        start = self.at
        if self._sees('"') or self._sees("'"):
            self._skip(_STRING)
            return tomllib.loads(f"key = {self.text[start : self.at]}")["key"], start
        self._skip(_BARE_KEY)
        return self.text[start : self.at], start

    def _value(self, path: Path) -> None:
        self.values[path] = self._position(self.at)
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline_table(path)
        else:
            self._skip(_STRING if self.text[self.at] in "\"'" else _ATOM)

    def _array(self, path: Path) -> None:
        index = 0
        while self._skip(_BETWEEN) and not self._take("]"):
            self._note_key((*path, index), self.at)
            self._value((*path, index))
            index += 1
            self._skip(_BETWEEN)
            self._take(",")

    def _inline_table(self, path: Path) -> None:
        while self._skip(_BETWEEN) and not self._take("}"):
            self._pair(path)
            self._skip(_BETWEEN)
            self._take(",")
