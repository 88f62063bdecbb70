"""Values and forms of which the schema of rules.toml is made: durations, choices between forms, closed tables.

Importing this module imports pydantic.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from hooks.events import durations
from hooks.rules_file.errors import quoted


def _wrong(code: str, said: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("gluehook", "{said}", {"code": code, "said": said, "hint": hint})


def _instant(value: object) -> object:
    try:
        durations.parse(value)
    except ValueError as error:
        said, _, hint = str(error).partition("; ")
        raise _wrong("bad-duration", said, hint) from None
    return value


def _duration(value: object) -> object:
    if not durations.parse(_instant(value)):
        raise _wrong("bad-value", f"{quoted(value)} is zero", "write a longer one")
    return value


def shape_of(value: object) -> str | None:
    """The tag of a value by its form, for `either`; None for one that no key takes."""
    match value:
        case str():
            return "<text>"
        case list():
            return "<list>"
        case dict():
            return "<table>"
        case bool() | int() | float():
            return "<scalar>"
    return None


def match_shape_of(value: object) -> str | None:
    """As `shape_of`, where a text is a value like a number."""
    return "<scalar>" if isinstance(value, str) else shape_of(value)


def either(*words: str, shape: Any = shape_of) -> Discriminator:
    """A choice between forms; `words` say each of them in an error."""
    return Discriminator(shape, custom_error_type="gluehook_either", custom_error_message=" or ".join(words))


_WRITTEN = WithJsonSchema({"type": "string", "pattern": durations.PATTERN, "minLength": 2})
Duration = Annotated[str, BeforeValidator(_duration), _WRITTEN]
Instant = Annotated[str, BeforeValidator(_instant), _WRITTEN]  # seconds from the begin of a test: may be "0s"
Number = Annotated[float, Field(allow_inf_nan=False)]


class Shape(BaseModel):
    """A table that has these keys and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)
