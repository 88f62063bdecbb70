"""The errors of one file while it is read: everyone who reads a part of it adds what is wrong there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hooks.config.masking import HIDDEN, is_secret
from hooks.rules_file.errors import Diagnostic
from hooks.rules_file.positions import Path, Positions, locate


class Findings:
    """Collects diagnostics by path. `text` must be valid TOML, and `document` its values."""

    def __init__(self, text: str, document: Mapping[str, Any]) -> None:
        self._text, self._document = text, document
        self.diagnostics: list[Diagnostic] = []
        self._broken: set[Path] = set()

    def add(self, code: str, path: Path, said: str, hint: str = "", *, key: bool = False) -> None:
        """An error at the value of this path, or at its key. What is there counts as unusable from now on."""
        self._broken.add(path)
        if is_secret(path):
            said, hint = self._hide(path, said), self._hide(path, hint)
        line, column = self._positions.find(path, key=key)
        rule, test = self._named("rule", path), self._named("test", path)
        self.diagnostics.append(Diagnostic(code, said, hint, rule, line, column, test))

    def broken(self, path: Path) -> bool:
        """Whether the value at this path has an error. Errors within it do not count."""
        return path in self._broken

    def line(self, path: Path) -> int:
        """The line at which it stands, counted from 1."""
        return self._positions.find(path, key=True).line

    @cached_property
    def _positions(self) -> Positions:
        # a good file never gets here
        return locate(self._text)

    def _hide(self, path: Path, sentence: str) -> str:
        value: Any = self._document
        for part in path:
            if isinstance(value, list) and isinstance(part, int):
                value = value[part]
            else:
                value = value.get(part) if isinstance(value, dict) else None
        bare = sentence if value is None or isinstance(value, dict | list) else sentence.replace(str(value), HIDDEN)
        return re.sub(r"""(['"]).*\1""", HIDDEN, bare, flags=re.DOTALL)

    def _named(self, what: str, path: Path) -> str:
        """The [[rule]] or [[test]] that the path leads into: its name, or its number."""
        if len(path) < 2 or path[0] != what or not isinstance(path[1], int):
            return ""
        many = self._document.get(what)
        raw = many[path[1]] if isinstance(many, list) else None
        name = raw.get("name") if isinstance(raw, dict) else None
        return f"{name[:60]!r}" if isinstance(name, str) and name else f"#{path[1] + 1}"


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the file, where it stands, and whom to tell what is wrong with it."""

    findings: Findings
    path: Path
    values: Mapping[str, Any]

    def has(self, key: str) -> bool:
        """Whether the key is written, be its value good or bad."""
        return key in self.values

    def get(self, key: str, default: Any = None) -> Any:
        """The raw value; the default if it is absent or unusable."""
        return default if self.findings.broken((*self.path, key)) else self.values.get(key, default)

    def table(self, key: str) -> Part | None:
        """The table under that key, if there is a usable one."""
        values = self.get(key)
        return Part(self.findings, (*self.path, key), values) if isinstance(values, dict) else None

    def wrong(self, code: str, key: str, said: str, hint: str = "") -> None:
        """Tell what is wrong with the value of a key; of one that is absent, at the table itself."""
        self.findings.add(code, (*self.path, key), said, hint)
