"""Reads `on` of a rule: its entries, and whether an event could pass them."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.events.catalogue import CATALOGUE, EventType
from hooks.events.wording import did_you_mean
from hooks.rules.matching import Inside, Labels, Match, OneOf
from hooks.rules.table import CronEntry, Entry, entry_of
from hooks.rules_file import log_entries
from hooks.rules_file.errors import quoted
from hooks.rules_file.match import MATCH_KEYS, InsideReader, MatchReader
from hooks.rules_file.node import Node

_FEW = 8  # event types that a message lists
_ALL = "`gluehook events` lists all of them"


def entries(rule: Node) -> list[tuple[Node, Entry]]:
    """The usable entries of `on`, each with its place; the errors of the others are reported."""
    return [(node, found) for node in rule.tables("on", "event") if (found := _entry(node))]


def event_type(node: Node) -> EventType | None:
    """The event type that a table names; None if there is none of that name, which is reported."""
    name = node.get("event")
    kind = CATALOGUE.get(name) if isinstance(name, str) else None
    if kind is None and isinstance(name, str):
        node.report("unknown-event", "event", f"there is no event {quoted(name)}", _nearest_event(name))
    return kind


def field_type(node: Node, kind: EventType, name: str, field_name: str = "") -> type | None:
    """The type of this field of the event; None if the event has no such field, which is reported.

    `field_name` is its name where the file has another one for it.
    """
    field = kind.fields.get(field_name or name)
    if field is None:
        said = f"{kind.name} has no field {quoted(name)}"
        node.report("unknown-field", name, said, _nearest_field(name, kind), at_key=True)
    return field.type if field else None


def _entry(node: Node) -> Entry | None:
    kind = event_type(node)
    if kind is None:
        return None
    options = ("event", "catch_up") if kind.name == "timer.cron" else ("event",)
    match = {field: test for field in node.values if field not in options and (test := _field(node, kind, field))}
    if kind.name == "timer.cron":
        _check_named(node, "at", match.get("at"), "cron-at", "a timer.cron must say when it comes")
        return CronEntry(kind.name, match, node.get("catch_up", False) is True)
    if kind.name == "timer.tick":
        _check_named(node, "every", match.get("every"), "tick-every", "a timer.tick must say how often it comes")
    elif kind.name.startswith("file."):
        _check_named(node, "path", match.get("path"), "never-matches", "only files that a rule names are watched")
    log_entries.check(node, kind, match)
    return entry_of(kind.name, match)


def _nearest_event(name: str) -> str:
    if "health_status" in name:
        return "a container's health is container.healthy or container.unhealthy"
    same_action = [known for known in CATALOGUE if known.partition(".")[2] == name]
    if same_action:
        return f"did you mean {same_action[0]!r}?"
    if meant := did_you_mean(name, CATALOGUE):
        return meant
    same_kind = [known for known in CATALOGUE if known.partition(".")[0] == name.partition(".")[0]]
    return f"these exist: {', '.join(same_kind)}" if 0 < len(same_kind) < _FEW else _ALL


def _field(node: Node, kind: EventType, name: str) -> Match | None:
    wanted = field_type(node, kind, name)
    if wanted is list:
        node.report(
            "never-matches", name, f"{name} is a list in {kind.name} and equals nothing", "match on port instead"
        )
    elif wanted is dict:
        return _inside(node, name, kind)
    elif wanted and node.get(name) is not None:
        return MatchReader(node, kind.name, name, wanted).read()
    return None


def _nearest_field(name: str, kind: EventType) -> str:
    if name in ("for", "debounce", "cooldown", "limit", "key", "mode", "repeat"):
        return f"{name} belongs to the rule itself, on a line beside `on`"
    if name == "catch_up":
        return "only a timer.cron can be caught up on; leave it out"
    return did_you_mean(name, kind.fields) or f"its fields are {', '.join(kind.fields)}"


def _inside(node: Node, name: str, kind: EventType) -> Match | None:
    """The MATCH of a field that is a table: labels, query, or json with tables in it."""
    table, field = node.table(name), kind.fields[name]
    if table is None or not table.values:
        if not node.broken(name):
            said = f"{name} is no table that names a value, or an empty one"
            node.report("bad-match", name, said, f"write {_INSIDE[name]}")
        return None
    readers = _readers(table, name, kind, field.values, "")
    tests = {path: test for path, reader in readers if (test := reader.read())}
    return Inside(tests) if field.values is object else Labels(tests)


def _readers(table: Node, name: str, kind: EventType, wanted: type, above: str) -> Iterator[tuple[str, InsideReader]]:
    """A reader for each value that the table names, with its path; `above` is the path of the table and a dot."""
    for key, value in table.values.items():
        inner = table.table(key) if wanted is object and isinstance(value, dict) else None
        if inner and inner.values.keys() - MATCH_KEYS:
            yield from _readers(inner, name, kind, wanted, f"{above}{key}.")
        else:
            yield f"{above}{key}", InsideReader(table, kind.name, key, wanted, path=f"{name}.{above}{key}")


_INSIDE = {
    "labels": 'labels = { "com.example.heal" = "yes" }', "query": 'query = { from = "kuma" }',
    "json": "json = { heartbeat = { status = 0 } }",
}  # fmt: skip


def _check_named(node: Node, field: str, match: Match | None, code: str, why: str) -> None:
    """Timers and files are followed only if a rule names them in full."""
    if not node.has(field) or (match is not None and not isinstance(match, OneOf)):
        example = {"every": '"5m"', "path": '"/folder/file"', "at": '"0 4 * * sun"'}[field]
        node.report(code, field, why, f'write {{ event = "{node.values["event"]}", {field} = {example} }}')
