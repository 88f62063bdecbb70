"""The type hint of an argument as plain values, and back: the process that reads rules never sees the owner's class."""

from __future__ import annotations

from dataclasses import MISSING, field, fields, make_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hooks.handler import Duration
from hooks.rules.own_handler import OwnArgument, Spec
from hooks.rules_file.arguments import arguments

_PLAIN: dict[str, Any] = {
    "str": str, "int": int, "float": float, "bool": bool, "Duration": Duration, "Any": Any, "None": NoneType,
}  # fmt: skip
UNSET = object()
"""The value of an argument whose default only the owner's class knows."""


def described(args: type) -> tuple[OwnArgument, ...]:
    """The arguments of an owner's `Args`. Raises TypeError for a type or a default that no argument can have."""
    known, hints = arguments(args), get_type_hints(args)
    return tuple(_described(one, hints[one.name], known[one.name].says) for one in fields(args))


def _described(one: Any, hint: Any, says: str) -> OwnArgument:
    required = one.default is MISSING and one.default_factory is MISSING
    is_known = one.default is not MISSING
    if is_known and not isinstance(one.default, str | int | float | bool | None):
        raise TypeError(f"the default of {one.name} is a {type(one.default).__name__}; give it a plain value")
    return OwnArgument(one.name, _spec(hint), required, one.default if is_known else None, is_known, str(says))


def _spec(hint: Any) -> Spec:
    base, inner = get_origin(hint), get_args(hint)
    if base in (Union, UnionType):
        return ["union", *map(_spec, inner)]
    if base is Literal:
        return ["literal", *inner]
    if base in (list, dict):
        return ["list" if base is list else "dict", _spec(inner[-1])]
    return next(name for name, plain in _PLAIN.items() if plain is hint)


def args_class(known: tuple[OwnArgument, ...]) -> type:
    """A dataclass with the same arguments, made from the plain values. `given` tells what was set."""
    made = [(one.name, _hint(one.spec), _field(one)) for one in known]
    return make_dataclass("OwnArgs", made, frozen=True, kw_only=True)


def given(args: Any) -> dict[str, Any]:
    """The values of an `args_class`, without those that only the owner's class knows."""
    values = {one.name: getattr(args, one.name) for one in fields(args)}
    return {name: value for name, value in values.items() if value is not UNSET}


def _field(one: OwnArgument) -> Any:
    metadata = {"says": one.says}
    if one.required:
        return field(metadata=metadata)
    return field(default=one.default, metadata=metadata) if one.is_known else field(
        default_factory=lambda: UNSET, metadata=metadata
    )  # fmt: skip


def _hint(spec: Spec) -> Any:
    if isinstance(spec, str):
        return _PLAIN[spec]
    what, *inner = spec
    if what == "union":
        return Union[tuple(map(_hint, inner))]  # noqa: UP007 - of any number
    if what == "literal":
        return Literal[tuple(inner)]
    return list[_hint(inner[0])] if what == "list" else dict[str, _hint(inner[0])]  # type: ignore[misc]
