"""rules.toml -> an immutable `Table`, or everything that is wrong with it. Never raises for an owner's mistake.

The shape is checked by `grammar` and told by `shape`; what one rule means is checked by
`rule_reader`; what rules say about each other is checked here.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hooks.events.wording import did_you_mean
from hooks.rules.matching import OneOf
from hooks.rules.rule_tests import RuleTest
from hooks.rules.table import Entry, Table
from hooks.rules_file import toml_text
from hooks.rules_file.do import Handlers
from hooks.rules_file.errors import Diagnostic, quoted
from hooks.rules_file.findings import Findings, Part
from hooks.rules_file.rule import Draft, draft
from hooks.rules_file.rule_tests import Known, rule_tests

_LARGEST_BYTES = 1 << 20
_HEADERS = {what: re.compile(rf"^[ \t]*\[\[[ \t]*{what}[ \t]*\]\]", re.MULTILINE) for what in ("rule", "test")}


# -- the file --------------------------------------------------------------------------------


def load(path: str | Path, handlers: Handlers) -> Table | list[Diagnostic]:
    """The rules file at this path, checked as a whole. `handlers` are those that a step may use, by name."""
    text = source(path)
    return [text] if isinstance(text, Diagnostic) else read(text, str(path), handlers)


def source(path: str | Path) -> str | Diagnostic:
    """The text of a rules file, or why there is none. A file over 1 MiB is not read."""
    try:
        return _text(Path(path))
    except FileNotFoundError:
        return Diagnostic("file-missing", "there is no such file", "write one, or set GLUEHOOK_RULES to where it is")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        return Diagnostic("file-unreadable", f"it cannot be read: {why}", "let the user that gluehook runs as read it")


def _text(path: Path) -> str | Diagnostic:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        hint = "mount the folder that holds rules.toml; Docker makes a directory where a mounted file is missing"
        return Diagnostic("not-a-file", "it is no file but a directory, a pipe or a socket", hint)
    with path.open("rb") as file:
        raw = file.read(_LARGEST_BYTES + 1)
    if len(raw) > _LARGEST_BYTES:
        hint = "a thousand rules take a quarter of that: is it the right file?"
        return Diagnostic("file-too-big", f"it has {status.st_size:,} bytes, more than 1 MiB", hint)
    if not raw.strip():
        return Diagnostic("file-empty", "it is empty", "write version = 1 and a [[rule]], as docs/rules.md shows")
    return _decoded(raw)


def _decoded(raw: bytes) -> str | Diagnostic:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        said = f"it is no text in UTF-8: byte {error.start + 1}, on line {line}, is 0x{raw[error.start]:02x}"
        return Diagnostic("not-utf8", said, "save it as UTF-8")


# -- the text --------------------------------------------------------------------------------


class Contents(NamedTuple):
    """What a good file holds: the rules, and their tests, which a running gluehook has no use for."""

    table: Table
    rule_tests: tuple[RuleTest, ...]


def read(text: str, file: str, handlers: Handlers) -> Table | list[Diagnostic]:
    """The table that this text says, or all its errors in the order in which they stand; those of its tests, too."""
    found = contents(text, file, handlers)
    return found.table if isinstance(found, Contents) else found


def contents(text: str, file: str, handlers: Handlers) -> Contents | list[Diagnostic]:
    """As `read`, with the tests."""
    from hooks.rules_file.schema_errors import faults

    document, readable, errors = toml_text.parse(text)
    findings = Findings(readable, document)
    for fault in faults(document):
        # a block that could not be read may hold what seems to be missing
        if not (errors and fault.code == "version" and "version" not in document):
            findings.add(*fault[:4], key=fault.key)
    parts, lines = _parts(findings, document, readable, "rule")
    defaults = Part(findings, (), document).table("defaults") or Part(findings, ("defaults",), {})
    drafts = [draft(part, defaults, handlers, line) for part, line in zip(parts, lines, strict=True)]
    _check_names(drafts, complete=not errors)
    known = Known({one.rule.name: one.rule for one in drafts}, handlers, complete=not errors)
    tests = rule_tests(*_parts(findings, document, readable, "test"), known)
    found = errors + findings.diagnostics
    if found:
        return sorted(found, key=lambda one: (one.line, one.column))
    return Contents(Table(tuple(one.rule for one in drafts), file), tuple(tests))


def _parts(findings: Findings, document: Mapping[str, Any], text: str, what: str) -> tuple[list[Part], list[int]]:
    """All [[rule]] or [[test]] tables, and the line of each."""
    raw = document.get(what)
    many = raw if isinstance(raw, list) else []
    parts = [Part(findings, (what, place), one) for place, one in enumerate(many) if isinstance(one, dict)]
    return parts, _lines(text, parts, _HEADERS[what])


def _lines(text: str, parts: list[Part], header: re.Pattern[str]) -> list[int]:
    """The line of each table. Headers are found without a scan of the whole text unless that could be wrong."""
    starts = [found.start() for found in header.finditer(text)]
    if len(starts) != len(parts):
        return [part.findings.line(part.path) for part in parts]
    counts = (text.count("\n", begin, end) for begin, end in zip([0, *starts], starts, strict=False))
    lines, line = [], 1
    for count in counts:
        line += count
        lines.append(line)
    return lines


# -- rules that speak of rules ---------------------------------------------------------------


def _check_names(drafts: list[Draft], *, complete: bool) -> None:
    """Each name once; and who answers another rule's end names one that is there and can end."""
    by_name: dict[str, Draft] = {}
    for one in drafts:
        name = one.part.values.get("name")
        if isinstance(name, str) and name in by_name:
            hint = f"the other one is on line {by_name[name].line}; give one of them another name"
            one.part.wrong("duplicate-name", "name", "another rule has this name", hint)
        elif isinstance(name, str):
            by_name[name] = one
    for one in drafts:
        for part, entry in one.on:
            if "rule" in entry.match and entry.event in ("rule.exhausted", "run.failed"):
                _check_named_rule(part, entry, one, by_name, complete=complete)


def _check_named_rule(part: Part, entry: Entry, answers: Draft, by_name: dict[str, Draft], *, complete: bool) -> None:
    match = entry.match["rule"]
    if not isinstance(match, OneOf):
        if complete and not any(map(match, by_name)):
            part.wrong(
                "unknown-rule", "rule", "no rule in this file has a name that passes", f"there is {_few(by_name)}"
            )
        return
    for name in match.values:
        if name not in by_name:
            if complete:
                hint = did_you_mean(name, by_name) or f"there is {_few(by_name)}"
                part.wrong("unknown-rule", "rule", f"there is no rule {quoted(name)} in this file", hint)
        elif entry.event == "rule.exhausted":
            _check_end(part, by_name[name], answers)


def _check_end(part: Part, named: Draft, answers: Draft) -> None:
    name = named.part.values["name"]
    if named is answers:
        hint = "name the rule that came before it, or let another rule answer"
        part.wrong("escalates-itself", "rule", f"{quoted(name)} would answer its own exhaustion", hint)
    elif not (named.part.has("limit") or named.part.get("repeat")):
        said = f"rule {quoted(name)} has neither limit nor repeat, so it is never exhausted"
        part.wrong("never-matches", "rule", said, 'give it limit = { runs = 3, per = "1h" }, or answer run.failed')


def _few(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(map(quoted, shown[:5])) + (", …" if len(shown) > 5 else "")
