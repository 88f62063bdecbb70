"""Reads rules.toml: an immutable `Table`, or every error in the file. Never raises for a mistake of the owner.

The short-lived child of `hooks.app.loading` and the command line call it; the running process never does, as it would
load pydantic. The steps: `toml_text` parses the text, table by table, so that one broken table does not hide the errors
of the others; `schema_errors` checks keys and types; `rule` and `rule_tests` read each table; what rules say about each
other (unique names, rules that answer the end of others) is checked here. Guaranteed: a file is good as a whole or not
used at all, errors come in the order of their places, `load`, `read` and `contents` agree, and a table depends on the
text and the handlers alone.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from hooks.events import byte_order_mark
from hooks.events.wording import did_you_mean
from hooks.rules.matching import OneOf
from hooks.rules.rule_tests import RuleTest
from hooks.rules.table import Entry, Table
from hooks.rules_file import toml_text
from hooks.rules_file.do import Handlers
from hooks.rules_file.errors import Diagnostic, Diagnostics, quoted
from hooks.rules_file.node import Node
from hooks.rules_file.rule import ParsedRule, read_rule
from hooks.rules_file.rule_tests import Definitions, rule_tests
from hooks.rules_file.servers import servers

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
        return Diagnostic("not-a-file", "it is not a file but a directory, a pipe or a socket", hint)
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
        return byte_order_mark.decoded(raw)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        said = f"it is not UTF-8 text: byte {error.start + 1}, on line {line}, is 0x{raw[error.start]:02x}"
        return Diagnostic("not-utf8", said, "save it as UTF-8")
    except ValueError as error:
        said, _, hint = str(error).partition("; ")
        return Diagnostic("not-utf8", f"it {said}", hint)


# -- the text --------------------------------------------------------------------------------


class Contents(NamedTuple):
    """What a good file holds: its rules, and its tests, which a running gluehook does not need."""

    table: Table
    rule_tests: tuple[RuleTest, ...]


def read(text: str, file: str, handlers: Handlers) -> Table | list[Diagnostic]:
    """The table of this text, or all errors of its rules and tests in the order of their places."""
    found = contents(text, file, handlers)
    return found.table if isinstance(found, Contents) else found


def contents(text: str, file: str, handlers: Handlers) -> Contents | list[Diagnostic]:
    """As `read`, with the tests."""
    from hooks.rules_file.schema_errors import schema_errors

    document, readable, errors = toml_text.parse(text)
    diagnostics = Diagnostics(readable, document)
    for error in schema_errors(document):
        # the version may stand in a table that could not be read
        if not (errors and error.code == "version" and "version" not in document):
            diagnostics.add(*error[:4], key=error.key)
    root = Node(diagnostics, (), document)
    defaults = root.table("defaults") or Node(diagnostics, ("defaults",), {})
    (rules, rule_lines), (tests, test_lines) = (_with_lines(root, what, readable) for what in ("rule", "test"))
    parsed = [read_rule(node, defaults, handlers, line) for node, line in zip(rules, rule_lines, strict=True)]
    _check_unique(rules, rule_lines, "rule")
    _check_named_rules(parsed, complete=not errors)
    _check_unique(tests, test_lines, "test")
    gluetuns, clients = servers(root)
    known = Definitions({one.rule.name: one.rule for one in parsed}, handlers, complete=not errors)
    checked = rule_tests(tests, test_lines, known)
    found = errors + diagnostics.found
    if found:
        return sorted(found, key=lambda one: (one.line, one.column))
    return Contents(Table(tuple(one.rule for one in parsed), file, gluetuns, clients), tuple(checked))


def _with_lines(root: Node, what: str, text: str) -> tuple[list[Node], list[int]]:
    """All [[rule]] or [[test]] tables, and the line of each."""
    nodes = list(root.tables(what))
    return nodes, _lines(text, nodes, _HEADERS[what])


def _lines(text: str, nodes: list[Node], header: re.Pattern[str]) -> list[int]:
    """The line of each table. Headers are found without a scan of the whole text unless that could be wrong."""
    starts = [found.start() for found in header.finditer(text)]
    if len(starts) != len(nodes):
        return [node.diagnostics.line(node.path) for node in nodes]
    counts = (text.count("\n", begin, end) for begin, end in zip([0, *starts], starts, strict=False))
    lines, line = [], 1
    for count in counts:
        line += count
        lines.append(line)
    return lines


# -- what rules say about each other -----------------------------------------------------------


def _check_unique(nodes: Iterable[Node], lines: Iterable[int], what: str) -> None:
    """Each name once, among the rules and among the tests."""
    first: dict[str, int] = {}
    for node, line in zip(nodes, lines, strict=True):
        name = node.values.get("name")
        if isinstance(name, str) and name and first.setdefault(name, line) != line:
            hint = f"the other one is on line {first[name]}; give one of them another name"
            node.report("duplicate-name", "name", f"another {what} has this name", hint)


def _check_named_rules(parsed: list[ParsedRule], *, complete: bool) -> None:
    """A rule that answers the end of another one names a rule that exists and can end."""
    by_name: dict[str, ParsedRule] = {}
    for one in parsed:
        if isinstance(name := one.node.values.get("name"), str):
            by_name.setdefault(name, one)
    for one in parsed:
        for node, entry in one.on:
            if "rule" in entry.match and entry.event in ("rule.exhausted", "run.failed", "rule.recovered"):
                _check_named_rule(node, entry, one, by_name, complete=complete)


def _check_named_rule(
    node: Node, entry: Entry, answers: ParsedRule, by_name: dict[str, ParsedRule], *, complete: bool
) -> None:
    match = entry.match["rule"]
    if not isinstance(match, OneOf):
        if complete and not any(map(match, by_name)):
            node.report(
                "unknown-rule", "rule", "no rule in this file has a name that matches", f"the rules are {_few(by_name)}"
            )
        return
    for name in match.values:
        if name not in by_name:
            if complete:
                hint = did_you_mean(name, by_name) or f"the rules are {_few(by_name)}"
                node.report("unknown-rule", "rule", f"there is no rule {quoted(name)} in this file", hint)
        elif entry.event == "rule.exhausted":
            _check_end(node, by_name[name], answers)


def _check_end(node: Node, named: ParsedRule, answers: ParsedRule) -> None:
    name = named.node.values["name"]
    if named is answers:
        hint = "name another rule, or let another rule listen to this one"
        node.report("escalates-itself", "rule", f"rule {quoted(name)} listens to its own rule.exhausted", hint)
    elif not (named.node.has("limit") or named.node.get("repeat")):
        said = f"rule {quoted(name)} has neither limit nor repeat, so it is never exhausted"
        node.report("never-matches", "rule", said, 'give it limit = { runs = 3, per = "1h" }, or answer run.failed')


def _few(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(map(quoted, shown[:5])) + (", …" if len(shown) > 5 else "")
