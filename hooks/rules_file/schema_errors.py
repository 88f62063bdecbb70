"""Checks a parsed rules.toml against the schema, and words pydantic's errors for the owner.

Importing this module imports pydantic.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from hooks.events.wording import did_you_mean
from hooks.rules_file.errors import kind_of, quoted
from hooks.rules_file.positions import Path
from hooks.rules_file.schema import DebounceTable, Defaults, Document, LimitTable, RetryTable, Rule, StepTable
from hooks.rules_file.schema_conditions import ConditionTable
from hooks.rules_file.schema_on import MatchTable, OnTable
from hooks.rules_file.schema_rule_tests import ExpectedTable, GivenTable, RuleTest, StandsTable
from hooks.rules_file.schema_servers import ClientTable, GluetunTable


class SchemaError(NamedTuple):
    """An error of one value, or, with `key`, of the key itself."""

    code: str
    path: Path
    said: str
    hint: str
    key: bool = False


def schema_errors(document: Mapping[str, Any]) -> Iterator[SchemaError]:
    """Every error of a parsed file against the schema."""
    try:
        Document.model_validate(document)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            yield _error(one)


_SHAPES = frozenset({"<text>", "<list>", "<table>", "<scalar>", "[key]"})
_LISTS = (("rule",), ("test",), ("gluetun",), ("client",))
_WANTED = {
    "string_type": "a text in quotes", "bool_type": "true or false", "int_type": "a whole number",
    "float_type": "a number", "list_type": "a list", "dict_type": "a table", "model_type": "a table",
    "model_attributes_type": "a table",
}  # fmt: skip


def _error(error: Any) -> SchemaError:
    kind, context = error["type"], error.get("ctx") or {}
    path: Path = tuple(part for part in error["loc"] if part not in _SHAPES)
    value, name = error["input"], _name(path)
    example = _example(path)
    match kind:
        case "gluehook":
            return SchemaError(context["code"], path, f"{name}: {context['said']}", context["hint"])
        case "extra_forbidden":
            return SchemaError(
                "unknown-key", path, f"there is no key {quoted(path[-1])} here", _nearest(path), key=True
            )
        case "missing":
            if path == ("version",):
                return SchemaError("version", path, "version is missing", "write version = 1 as the first line")
            return SchemaError("missing-key", path, f"{name} is missing", f"write for example {example}")
        case "string_pattern_mismatch":
            return SchemaError("bad-name", path, f"{quoted(value)} is not a valid name of a rule", _kebab(value))
        case "literal_error" if isinstance(value, str):
            hint = did_you_mean(value, re.findall("'([^']*)'", context["expected"])) or f"write {context['expected']}"
            return SchemaError("bad-value", path, f"{name} is {quoted(value)}", hint)
        case "literal_error":
            return SchemaError(
                "wrong-type", path, f"{name} is {kind_of(value)}", _instead(context["expected"], example)
            )
        case "gluehook_either":
            return SchemaError("wrong-type", path, f"{name} is {kind_of(value)}", _instead(error["msg"], example))
    if path == ("version",):
        return SchemaError("version", path, f"{quoted(value)} is not a known version", "write version = 1")
    if kind in _WANTED:
        return SchemaError("wrong-type", path, f"{name} is {kind_of(value)}", _instead(_WANTED[kind], example))
    return SchemaError(
        "bad-value", path, f"{name} {_bound(kind, context, error['msg'])}", f"write for example {example}"
    )


def _bound(kind: str, context: Mapping[str, Any], otherwise: str) -> str:
    match kind:
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "too_short" | "string_too_short":
            return "is empty"
        case "too_long" | "string_too_long":
            return f"is longer than {context['max_length']}"
    return f"is not right: {otherwise[:1].lower()}{otherwise[1:]}"


def _name(path: Path) -> str:
    inner = path[2:] if path[:1] in _LISTS and len(path) > 2 else path
    words = [part for part in inner if isinstance(part, str)]
    if len(words) > 1 and words[0] in ("on", "do", "given", "expect", "world"):
        del words[0]
    name = ".".join(words) or "the file"
    return f"entry {path[-1] + 1} of {name}" if path and isinstance(path[-1], int) else name


_TABLES: Mapping[str, type[BaseModel]] = {
    "defaults": Defaults, "retry": RetryTable, "limit": LimitTable, "debounce": DebounceTable,
    "gluetun": GluetunTable, "client": ClientTable, "on": OnTable, "do": StepTable, "rule": Rule,
    "given": GivenTable, "world": StandsTable, "expect": ExpectedTable, "test": RuleTest,
}  # fmt: skip


def _model(path: Path) -> type[BaseModel]:
    """The table that holds the key at the end of this path."""
    if len(path) <= 1:
        return Document
    holder = next((part for part in reversed(path[:-1]) if isinstance(part, str)), "")
    if "only_if" in path[2:-1]:
        return ConditionTable
    within_on = len(path) > 3 and path[2] == "on"
    return MatchTable if within_on and holder != "on" else _TABLES.get(holder, MatchTable)


def _keys(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _nearest(path: Path) -> str:
    keys = _keys(_model(path))
    return did_you_mean(str(path[-1]), keys) or f"the keys are {', '.join(keys)}"


def _instead(wanted: str, example: str) -> str:
    return f"write {wanted}, for example {example}" if example else f"write {wanted}"


def _example(path: Path) -> str:
    if path[:1] in _LISTS and len(path) <= 2:
        return f"[[{path[0]}]] with two brackets, once for each"
    field = _keys(_model(path)).get(str(path[-1])) if path and isinstance(path[-1], str) else None
    return f"{path[-1]} = {toml(field.examples[0])}" if field and field.examples else ""


def toml(value: object) -> str:
    """A plain value as TOML, on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml_key(key)} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _toml_key(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() and key.isascii() else json.dumps(key)


def _kebab(value: str) -> str:
    words = "".join(sign.lower() if sign.isascii() and sign.isalnum() else " " for sign in value).split()
    return f'write small letters, digits and single hyphens: name = "{"-".join(words)[:60] or "restart-web"}"'
