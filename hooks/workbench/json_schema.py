"""The JSON Schema of rules.toml, for editors: made from the grammar's models, the catalogue of events and the handlers.

Draft 7, in words that Taplo (Even Better TOML) follows when it completes: `oneOf`, `anyOf`, `properties`, and nothing
beside a `$ref`, which hides its neighbours. It knows names, fields, arguments and shapes; what words mean together is
for `gluehook check`. Importing this module imports pydantic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hooks.events.catalogue import CATALOGUE, EventType
from hooks.events.cron import LONGEST_CHARS
from hooks.events.fields import Field
from hooks.handler import Handler
from hooks.rules_file.arguments import DURATION, PLACEHOLDER, Argument, any_of, arguments
from hooks.rules_file.rule_tests import given_name
from hooks.rules_file.schema import Document

FILE_NAME = "rules.schema.json"
Schema = dict[str, Any]


def schema(handlers: Mapping[str, type[Handler[Any]]]) -> Schema:
    """The whole schema, as plain JSON values, for rules that may use these handlers."""
    made = _for_toml(Document.model_json_schema(ref_template="#/definitions/{model}"))
    definitions = made.pop("$defs")
    del definitions["Match"], definitions["MatchTable"]  # in their place come those of each type
    on = {_title("on", names[0]): _on(names) for names in _alike()}
    given = {_title("given", names[0]): _given(names, definitions["GivenTable"]) for names in _alike()}
    do = {_title("do", name): _step(handler) for name, handler in handlers.items()}
    definitions |= {**_MATCHES, **on, **given, **do}
    definitions["OnTable"] = {"oneOf": [_ref(name) for name in on]}
    definitions["GivenTable"] = {"oneOf": [_ref(name) for name in given]}
    definitions["ConditionTable"] = {"oneOf": list(_conditions(definitions["ConditionTable"]["properties"]))}
    definitions["StepTable"] = {"oneOf": [_ref(name) for name in do]}
    definitions["ExpectedTable"]["properties"]["use"] |= _enum(handlers.values())
    rule = definitions["Rule"]["properties"]
    _name(rule["on"], _enum(kind for kind in CATALOGUE.values() if not kind.needed))
    _name(rule["do"], _enum(handler for handler in handlers.values() if not _required(handler) and not handler.one_of))
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "gluehook's rules.toml"}
    return {**head, **made, "definitions": definitions}


def _for_toml(made: Any) -> Any:
    """Without what only pydantic needs: its titles, and null, which TOML has not."""
    if isinstance(made, list):
        return [_for_toml(one) for one in made if one != {"type": "null"}]
    if not isinstance(made, dict):
        return made
    dropped = [key for key, value in made.items() if (key == "title" and isinstance(value, str)) or value is None]
    kept = {key: _for_toml(value) for key, value in made.items() if key not in dropped}
    match kept.get("anyOf"):
        case [dict(only)] if "$ref" not in only:
            return only | {key: value for key, value in kept.items() if key != "anyOf"}
    return kept


def _name(place: Schema, names: Schema) -> None:
    """Let the texts of `on` or `do`, alone and in a list, be these names."""
    for one in place["oneOf"]:
        if one.get("type") == "array":
            _name(one["items"], names)
    place["oneOf"] = [names if one == {"type": "string"} else one for one in place["oneOf"]]


def _enum(named: Iterable[EventType | type[Handler[Any]]]) -> Schema:
    """A text that is one of these names, and what each means, as Taplo shows it."""
    says = {one.name: one.says for one in named}
    return {"type": "string", "enum": list(says), "x-taplo": {"docs": {"enumValues": list(says.values())}}}


def _table(properties: Schema, required: Iterable[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _title(what: str, name: str) -> str:
    return f"{what}_{name.replace('.', '_')}"


# -- on ------------------------------------------------------------------------------------------

_FIELD: Schema = {"type": "string", "pattern": r"^\$\{event\.[^{}| ]+\}$"}  # another field of the event
_TEXT: Schema = {"anyOf": [{"type": "string", "not": PLACEHOLDER}, _FIELD]}
_PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
_SCHEDULE: Schema = {"type": "string", "pattern": r"^\s*(@[A-Za-z]+|\S+(\s+\S+){4})\s*$", "maxLength": LONGEST_CHARS}
_BOUND: Schema = {"anyOf": [{"type": "number"}, _FIELD]}
_BOUNDS: Schema = {"min": _BOUND, "max": _BOUND}
# RE2 (hooks/rules/linear_regex.py) is no format that an editor knows: with ECMA's it would mark good patterns as wrong
_REGEX: Schema = {"regex": {"type": "string", "description": "in RE2's syntax; it must fit the whole text"}}


def _match(name: str, value: Schema, more: Schema) -> dict[str, Schema]:
    """What a field may be compared with: a value, a list of such, or a table that says one thing."""
    same = _ref(name)
    tables = [_table({"not": same}, ["not"]), *([{**_table(more, []), "minProperties": 1}] if more else [])]
    return {name: {"anyOf": [value, {"type": "array", "items": same, "minItems": 1}, *tables]}}


_MATCHES = {
    **_match("MatchText", _TEXT, _REGEX), **_match("MatchNumber", {"anyOf": [{"type": "integer"}, _FIELD]}, _BOUNDS),
    **_match("MatchPort", {"anyOf": [_PORT, _FIELD]}, _BOUNDS),
}  # fmt: skip


def _alike() -> Iterator[list[str]]:
    """The event types, those with the same fields together."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    for kind in CATALOGUE.values():
        groups.setdefault((kind.subject, *kind.fields.items()), []).append(kind.name)
    yield from groups.values()


def _on(names: list[str]) -> Schema:
    kind = CATALOGUE[names[0]]
    needed = kind.needed
    event = _enum(CATALOGUE[name] for name in names)
    compared = {name: field for name, field in kind.fields.items() if field.type is not list}
    properties = {name: {**_compared(name, f), "description": f.says} for name, f in compared.items()}
    if needed and needed != "line":
        value = {"every": DURATION.schema, "at": _SCHEDULE}.get(needed, {"type": "string", "pattern": "^/[^*?]*$"})
        properties[needed]["anyOf"] = [value, {"type": "array", "items": value, "minItems": 1}]
    if needed == "at":
        says = "once at the start, if gluehook did not run when it was due"
        properties["catch_up"] = {"type": "boolean", "default": False, "description": says}
    return _table({"event": event, **properties}, ["event", *([needed] if needed else [])])


def _compared(name: str, field: Field) -> Schema:
    if field.type is dict:
        inside = {} if field.values is object else _ref("MatchText")
        return {"type": "object", "additionalProperties": inside, "minProperties": 1}
    match = "MatchText" if field.type is str else "MatchPort" if name.endswith("port") else "MatchNumber"
    return {"anyOf": [_ref(match)]}


def _conditions(keys: Schema) -> Iterator[Schema]:
    """A condition says one thing."""
    keys["any"] |= {"minItems": 1}
    for named in (("container", "is"), ("role", "is"), ("time", "days"), ("days",), ("port",), ("not",), ("any",)):
        yield _table({key: keys[key] for key in named}, named[:1] if named[0] == "time" else named)


# -- given of a test ------------------------------------------------------------------------------

_VALUES: Mapping[type, Schema] = {
    str: {"type": "string"}, int: {"type": "integer"}, list: {"type": "array", "items": {"type": "integer"}},
    dict: {"type": "object", "additionalProperties": {"type": "string"}},
}  # fmt: skip


def _given(names: list[str], table: Schema) -> Schema:
    kind = CATALOGUE[names[0]]
    event = _enum(CATALOGUE[name] for name in names)
    fields_ = {given_name(kind, n): {**_value(field), "description": field.says} for n, field in kind.fields.items()}
    needed = [] if kind.is_of_gluetun else [given_name(kind, kind.subject)]  # a port is gluetun's
    return _table({"at": table["properties"]["at"], "event": event, **fields_}, ["at", "event", *needed])


def _value(field: Field) -> Schema:
    return {"type": "object"} if field.values is object else _VALUES[field.type]


# -- do ------------------------------------------------------------------------------------------


def _step(handler: type[Handler[Any]]) -> Schema:
    known = {argument.name: _argument(argument) for argument in arguments(handler.Args).values()}
    when = {"type": "boolean", "default": False, "description": "only if an earlier step changed something"}
    table = _table({"use": _enum([handler]), "when_changed": when, **known}, ["use", *_required(handler)])
    return {**table, "oneOf": [{"required": [name]} for name in handler.one_of]} if handler.one_of else table


def _required(handler: type[Handler[Any]]) -> list[str]:
    return [argument.name for argument in arguments(handler.Args).values() if argument.required]


def _argument(argument: Argument) -> Schema:
    is_shown = isinstance(argument.default, str | int)
    shown = {"default": argument.default} if is_shown else {}
    return {**any_of(argument.kinds), "description": argument.says, **shown}
