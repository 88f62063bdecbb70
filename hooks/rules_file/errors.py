"""The errors of a rules file: their codes, one error, all of one file, and how they are shown to the owner.

Every error has a stable code. tests/broken/ holds a broken file and its golden output
for each of them, and docs/errors.md is made from those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, time
from functools import cached_property
from typing import Any

from hooks.config.masking import MaskedText, is_secret, without_secrets
from hooks.config.secrets import HIDDEN
from hooks.rules_file.positions import Path, Positions, locate

CODES: Mapping[str, str] = {
    "file-missing": "There is no rules file at this path.",
    "file-unreadable": "The rules file exists but cannot be read.",
    "not-a-file": "The path is a directory, a pipe or a socket.",
    "file-empty": "The rules file is empty.",
    "file-too-big": "The rules file is larger than one MiB.",
    "not-utf8": "The rules file is not UTF-8 text.",
    "syntax": "The text is not TOML.",
    "version": "The file does not name the version of its grammar.",
    "unknown-key": "A key that is not allowed here.",
    "missing-key": "A required key is missing.",
    "wrong-type": "A value of another type than the key takes.",
    "bad-value": "A value of the right type that makes no sense here.",
    "bad-name": "A rule's name is not kebab-case.",
    "duplicate-name": "Two rules, or two tests, have the same name, or two tables the same container or port file.",
    "bad-duration": "A duration without a unit, or with an unknown one.",
    "unknown-event": "An event type that is not in the catalogue.",
    "unknown-field": "A field that this event does not have.",
    "bad-match": "A MATCH that cannot be read.",
    "never-matches": "A MATCH that no event can pass.",
    "tick-every": "A timer.tick has no period, or one that is too short.",
    "cron-at": "A timer.cron has no schedule, or one that cannot be read or never comes.",
    "log-of-what": "A container.log does not say which lines of which containers.",
    "unknown-rule": "A match names a rule that is not in the file.",
    "escalates-itself": "A rule listens to its own rule.exhausted.",
    "bad-condition": "A condition of `only_if` that says nothing, several things, or what never holds.",
    "for-needs-state": "`for` with an event that does not begin a state.",
    "repeat-needs-for": "`repeat` without `for`.",
    "repeat-needs-cooldown": "`repeat` without `cooldown` would run in a loop.",
    "for-or-debounce": "`for` and `debounce` in one rule.",
    "queued-cannot-wait": "mode = \"queued\" together with `for` or `debounce`.",
    "key-required": "`on` mixes kinds of events and no `key` says what counts as the same thing.",
    "placeholder-syntax": "A `${` that is never closed.",
    "placeholder-unknown": "A placeholder for something that does not exist.",
    "placeholder-misplaced": "A placeholder where none is read, or where it is always empty.",
    "placeholder-filter": "A filter that does not exist, or that does not fit what stands before it.",
    "placeholder-type": "A placeholder whose value has the wrong type here.",
    "unknown-handler": "A step uses a handler that does not exist.",
    "unusable-handler": "A step uses a handler of the owner that cannot be used.",
    "unknown-argument": "A step has an argument that its handler does not take.",
    "missing-argument": "A step lacks an argument that its handler needs.",
    "wrong-argument": "An argument of another type than the handler takes.",
    "test-checks-nothing": "A [[test]] that cannot fail.",
    "test-too-late": "An event or an expected run of a [[test]] comes after its end.",
    "test-never": "A [[test]] expects something that its rule never does.",
    "secret-in-clear": "A password or key stands in the file itself.",
    "when-changed-first": "`when_changed` on the first step, before which nothing can have changed.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error. `said` is what is wrong, `hint` what to write instead; line and column count from 1, 0 is the file."""

    code: str
    said: str
    hint: str = ""
    rule: str = ""  # "'forward-port'", or "#3" for a rule without a name
    line: int = 0
    column: int = 0
    test: str = ""  # as `rule`, where it stands in a [[test]]

    @property
    def sentence(self) -> str:
        """Who, what is wrong, and what to write."""
        who = f"rule {self.rule}: " if self.rule else f"test {self.test}: " if self.test else ""
        return who + self.said + (f"; {self.hint}" if self.hint else "")


class Diagnostics:
    """Collects the errors of one file while its readers work. `text` must be valid TOML, and `document` its values."""

    def __init__(self, text: str, document: Mapping[str, Any]) -> None:
        self._text, self._document = text, document
        self.found: list[Diagnostic] = []
        self._broken: set[Path] = set()

    def add(self, code: str, path: Path, said: str, hint: str = "", *, key: bool = False) -> None:
        """Add an error at the value of this path, or at its key. From now on that value is `broken`."""
        self._broken.add(path)
        if is_secret(path):
            said, hint = self._hide(path, said), self._hide(path, hint)
        line, column = self._positions.find(path, key=key)
        rule, test = self._named("rule", path), self._named("test", path)
        self.found.append(Diagnostic(code, said, hint, rule, line, column, test))

    def broken(self, path: Path) -> bool:
        """Whether the value at this path has an error. Errors within it do not count."""
        return path in self._broken

    def line(self, path: Path) -> int:
        """The line of the key at this path, counted from 1."""
        return self._positions.find(path, key=True).line

    @cached_property
    def _positions(self) -> Positions:
        # made when the first error is added: a good file needs none
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
        """The name of the [[rule]] or [[test]] that the path leads into, or its number; "" outside of one."""
        if len(path) < 2 or path[0] != what or not isinstance(path[1], int):
            return ""
        many = self._document.get(what)
        raw = many[path[1]] if isinstance(many, list) else None
        name = raw.get("name") if isinstance(raw, dict) else None
        return f"{name[:60]!r}" if isinstance(name, str) and name else f"#{path[1] + 1}"


def render(diagnostics: Iterable[Diagnostic], text: str, file: str, *, colour: bool = False) -> str:
    """The errors for a person: place, code, sentence, and the source line with a caret under the place.

    `text` is the file's text, "" where it could not be read. Secrets in it are not shown.
    """
    masked = MaskedText(text)
    return "\n".join(_block(one, masked, file, colour) for one in diagnostics)


def as_record(one: Diagnostic, file: str) -> dict[str, str | int]:
    """The error for a program: the same facts, as plain JSON values."""
    return {"file": file, **asdict(one)}


def quoted(value: object) -> str:
    """A value of the file for a sentence: cut, on one line, without control characters, without what looks secret."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return str(value)[:40]
    shown = repr(without_secrets(value[:4000]))
    return shown if len(shown) <= 62 else shown[:60] + "…'"


def kind_of(value: object) -> str:
    """What a value of the file is, for a sentence."""
    match value:
        case str():
            return "a text"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case date() | time():
            return "a date or time"
    return "a table"


def _block(one: Diagnostic, masked: MaskedText, file: str, colour: bool) -> str:
    place = f"{file}:{one.line}:{one.column}" if one.line else file
    head = f"{_paint(place, '1', colour)}: {_paint(f'error[{one.code}]', '1;31', colour)}: {one.sentence}"
    if not one.line:
        return head
    source, indent = masked.show(one.line, one.column)
    return f"{head}\n    {source}\n    {indent}{_paint('^', '1;32', colour)}"


def _paint(text: str, ansi: str, colour: bool) -> str:
    return f"\033[{ansi}m{text}\033[0m" if colour else text
