"""The arguments of a handler as rules.toml writes them, read from the type hints of its `Args`.

The one place that knows which types an argument may have. The reader of `do` checks values by it, the JSON Schema, the
reference of handlers and `explain` show what it says. A type that is not known here is a TypeError at the first use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from hooks.events import durations
from hooks.handler import Duration


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of values: str, int, float, bool, Duration, list, dict, object, or Literal with its `choices`.

    `says` is it in a sentence, `example` a value, `written` a value as the reference shows it, `schema` its JSON
    Schema. `items` are the types that an entry of a list or a value of a dict may have.
    """

    base: Any
    says: str
    example: str
    written: str
    schema: Mapping[str, Any]
    items: tuple[Kind, ...] = ()
    choices: tuple[Any, ...] = ()


class Argument(NamedTuple):
    """One argument. `default` is a plain value as rules.toml has it; None if there is none."""

    name: str
    kinds: tuple[Kind, ...]
    required: bool
    default: Any
    says: str

    @property
    def is_duration(self) -> bool:
        """Whether its value is a number of seconds, written as "30s"."""
        return any(kind.base is Duration for kind in self.kinds)


@cache
def arguments(args: type) -> Mapping[str, Argument]:
    """The arguments of a handler's `Args`, by name, in their order."""
    hints = get_type_hints(args)
    return {field.name: _argument(field, kinds(hints[field.name])) for field in fields(args)}


def _argument(field: Field[Any], allowed: tuple[Kind, ...]) -> Argument:
    required = field.default is MISSING and field.default_factory is MISSING
    default = None if field.default is MISSING else field.default
    argument = Argument(field.name, allowed, required, default, field.metadata.get("says", ""))
    if argument.is_duration and default is not None:
        return argument._replace(default=durations.format_duration(default))
    return argument


def kinds(hint: Any) -> tuple[Kind, ...]:
    """The types that a hint allows, without None, which TOML has not."""
    many = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(_kind(one) for one in many if one is not NoneType)


def field_kind(base: type) -> Kind:
    """The type of an event's field: str, int, list (of ports), dict (labels), or object for any."""
    return _kind(_OF_FIELDS.get(base, base))


def in_words(allowed: Iterable[Kind]) -> str:
    """Several types in a sentence: "a text or a list of texts"."""
    return " or ".join(kind.says for kind in allowed)


def any_of(allowed: Iterable[Kind]) -> Mapping[str, Any]:
    """The JSON Schema of a value of one of these types, or of a placeholder in its place."""
    schemas = [kind.schema for kind in allowed]
    if {} in schemas:
        return {}
    # a text of any content may be a placeholder already
    return {"anyOf": schemas if _PLAIN[str].schema in schemas else [*schemas, PLACEHOLDER]}


PLACEHOLDER: Mapping[str, Any] = {"type": "string", "pattern": r"\$\{"}
DURATION = Kind(
    Duration, "a duration", '"30s"', '"30s"', {"type": "string", "pattern": durations.PATTERN, "minLength": 2}
)
_PLAIN: Mapping[Any, Kind] = {
    str: Kind(str, "a text", '"…"', '"text"', {"type": "string"}),
    int: Kind(int, "a whole number", "1", "number", {"type": "integer"}),
    float: Kind(float, "a number", "1.5", "number", {"type": "number"}),
    bool: Kind(bool, "true or false", "true", "true or false", {"type": "boolean"}),
    Duration: DURATION,
    Any: Kind(object, "a text, a number, true or false, a list or a table", '"…"', "any value", {}),
}
_OF_FIELDS: Mapping[type, Any] = {list: list[int], dict: dict[str, str], object: Any}
_LISTS = {str: "a list of texts", int: "a list of numbers"}


def _kind(hint: Any) -> Kind:
    base, inner = get_origin(hint), get_args(hint)
    if base is Literal:
        written = " or ".join(f'"{word}"' for word in inner)
        return Kind(base, " or ".join(map(repr, inner)), f'"{inner[0]}"', written, {"enum": list(inner)}, choices=inner)
    if base is list:
        items, says = kinds(inner[0]), _LISTS.get(inner[0], "a list")
        schema = {"type": "array", "items": any_of(items)}
        return Kind(base, says, '["…", "…"]', f"[{' or '.join(one.written for one in items)}, …]", schema, items)
    if base is dict:
        items = kinds(inner[1])
        schema = {"type": "object", "additionalProperties": any_of(items)}
        says = "a table of texts" if [one.base for one in items] == [str] else "a table"
        written = " or ".join(dict.fromkeys(one.written for one in items))
        return Kind(base, says, '{ name = "…" }', f"{{ name = {written} }}", schema, items)
    if hint not in _PLAIN:
        raise TypeError(f"no argument of a handler can be {hint}: use {', '.join(one.__name__ for one in _PLAIN)}, "
                        "Literal, or a list or dict of them")  # fmt: skip
    return _PLAIN[hint]
