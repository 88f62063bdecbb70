"""Reads one `[[rule]]`: its values become a `Rule`, and its keys are checked against each other.

`reader` calls `read_rule` for each rule, after the schema has checked every value by itself; the steps, entries and
placeholders are read by `do`, `on` and `placeholders`. Decided here: what is used where a key is left out (a timeout or
retry of [defaults], then the grammar's), and which keys exclude or need each other (`for` needs states, `repeat` needs
`for` and `cooldown`, `queued` excludes waiting, mixed events need a `key`). A rule is returned also if it has errors,
so that all errors of a file are found at once; it may be used only if the whole file is good.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hooks.events import durations
from hooks.events.catalogue import CATALOGUE
from hooks.rules.placeholders import Template
from hooks.rules.table import Debounce, Entry, Limit, RetryPolicy, Rule
from hooks.rules_file import log_entries
from hooks.rules_file.conditions import conditions
from hooks.rules_file.do import Handlers, steps
from hooks.rules_file.node import Node
from hooks.rules_file.on import entries
from hooks.rules_file.placeholders import Scope

_DEBOUNCE_MAX = 4  # × wait, unless given


class ParsedRule(NamedTuple):
    """A rule with its place in the file. It may be used only if the whole file is good."""

    node: Node
    on: list[tuple[Node, Entry]]
    rule: Rule
    line: int


def read_rule(node: Node, defaults: Node, handlers: Handlers, line: int) -> ParsedRule:
    """Read one rule; its errors are reported at their places."""
    on = entries(node)
    events = tuple(dict.fromkeys(entry.event for _, entry in on))
    groups = log_entries.groups(entry for _, entry in on)
    do = steps(node, handlers, events, groups)
    _check_for(node, events)
    _check_repeat(node)
    _check_mode(node)
    _check_kinds(node, events)
    timeout_s = node.seconds("timeout") or defaults.seconds("timeout")
    written: dict[str, Any] = {
        "key": _key(node, events, groups), "only_if": conditions(node, events), "for_s": node.seconds("for"),
        "debounce": _debounce(node), "cooldown_s": node.seconds("cooldown"), "limit": _limit(node),
        "timeout_s": timeout_s,
        **{name: node.get(name) for name in ("repeat", "mode", "enabled", "dry_run")},
    }  # fmt: skip
    given = {name: value for name, value in written.items() if value is not None}
    retry = _retry(node, defaults)
    rule = Rule(node.get("name", ""), tuple(entry for _, entry in on), tuple(do), retry=retry, line=line, **given)
    return ParsedRule(node, on, rule, line)


# -- values ----------------------------------------------------------------------------------


def _key(node: Node, events: tuple[str, ...], groups: frozenset[str]) -> str | Template | None:
    raw = node.get("key")
    if not isinstance(raw, str):
        return None
    scope, path = Scope(node.diagnostics, events, groups, is_key=True), (*node.path, "key")
    template = scope.template(raw, path)
    if isinstance(template, Template):
        for placeholder in template.placeholders:
            scope.types_of(placeholder, path)
    return template


def _debounce(node: Node) -> Debounce | None:
    table = node.table("debounce")
    wait_s = table.seconds("wait") if table else node.seconds("debounce")
    if wait_s is None:
        return None
    max_s = table.seconds("max") if table else None
    if table and max_s is not None and max_s < wait_s:
        said = f"debounce.max is shorter than debounce.wait, {durations.format_duration(wait_s)}"
        table.report("bad-value", "max", said, f'write at least max = "{durations.format_duration(wait_s)}"')
    return Debounce(wait_s, _DEBOUNCE_MAX * wait_s if max_s is None else max_s)


def _limit(node: Node) -> Limit | None:
    table = node.table("limit")
    runs, per_s = (table.get("runs"), table.seconds("per")) if table else (None, None)
    return Limit(runs, per_s) if runs and per_s else None


def _retry(node: Node, defaults: Node) -> RetryPolicy:
    """The rule's retry, else that of [defaults], else the grammar's; each of the three numbers by itself."""
    policy = RetryPolicy()
    tables = [table for table in (node.table("retry"), defaults.table("retry")) if table]
    attempts = next((table.get("attempts") for table in tables if table.get("attempts")), policy.attempts)
    first_s = next((found for table in tables if (found := table.seconds("first"))), policy.first_s)
    max_s = next((found for table in tables if (found := table.seconds("max"))), policy.max_s)
    if first_s > max_s and tables:
        culprit = next(table for table in tables if table.has("first") or table.has("max"))
        first, longest = durations.format_duration(first_s), durations.format_duration(max_s)
        said = f"retry waits {first} first and never longer than {longest}"
        hint = f'make first shorter, or write max = "{first}"'
        culprit.report("bad-value", "first" if culprit.has("first") else "max", said, hint)
    return RetryPolicy(attempts, first_s, max_s)


# -- keys that need or exclude each other ------------------------------------------------------------------


def _check_for(node: Node, events: tuple[str, ...]) -> None:
    if not node.has("for"):
        return
    happenings = [event for event in events if not CATALOGUE[event].is_state]
    if happenings:
        said = f"`for` waits while a state lasts, and {', '.join(happenings)} begins no state"
        hint = "leave `for` out, or use debounce to wait for quiet"
        node.report("for-needs-state", "for", said, hint)
    if node.has("debounce"):
        said = "`for` and debounce both say how long to wait"
        node.report("for-or-debounce", "debounce", said, "keep `for` for a state that must last, debounce for quiet")


def _check_repeat(node: Node) -> None:
    if node.get("repeat") is not True:
        return
    if not node.has("for"):
        said = "repeat runs again while a state lasts, so it needs `for`"
        node.report("repeat-needs-for", "repeat", said, 'write for = "3m", or leave repeat out')
    if not node.has("cooldown"):
        said = "repeat without cooldown would run again at once, in a loop"
        node.report("repeat-needs-cooldown", "repeat", said, 'write cooldown = "5m"')


def _check_mode(node: Node) -> None:
    waits = [key for key in ("debounce", "for") if node.has(key)]
    if node.get("mode") == "queued" and waits:
        said = f'mode = "queued" keeps every event, and `{waits[0]}` keeps only the newest'
        node.report("queued-cannot-wait", "mode", said, f"leave out mode or `{waits[0]}`")


def _check_kinds(node: Node, events: tuple[str, ...]) -> None:
    # if all subjects are of one kind, the subject itself is the key
    kinds = dict.fromkeys((event.partition(".")[0], CATALOGUE[event].subject) for event in events)
    if len(kinds) > 1 and not node.has("key"):
        what = " and ".join(f"{kind}.*" for kind, _ in kinds)
        said = f"`on` mixes {what} events, and no `key` says which of them are about the same thing"
        node.report("key-required", "on", said, 'write key = "gluetun", one name for all of them')
