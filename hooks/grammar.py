"""The shape of rules.toml: which keys there are, of which type. What they mean together is checked elsewhere.

Importing this module imports pydantic, so only the short-lived process that checks a
file does it.
"""

from __future__ import annotations

from typing import Annotated, Any, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from hooks import durations
from hooks.diagnostics import quoted
from hooks.table import Mode


def _wrong(code: str, said: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("gluehook", "{said}", {"code": code, "said": said, "hint": hint})


def _duration(value: object) -> object:
    try:
        seconds = durations.parse(value)
    except ValueError as error:
        said, _, hint = str(error).partition("; ")
        raise _wrong("bad-duration", said, hint) from None
    if not seconds:
        raise _wrong("bad-value", f"{quoted(value)} is no time at all", "write a longer one")
    return value


def _shape(value: object) -> str | None:
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


def _match_shape(value: object) -> str | None:
    return "<scalar>" if isinstance(value, str) else _shape(value)


def _either(*words: str, shape: Any = _shape) -> Discriminator:
    return Discriminator(shape, custom_error_type="gluehook_either", custom_error_message=" or ".join(words))


Duration = Annotated[str, BeforeValidator(_duration)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class MatchTable(_Shape):
    """One of: the opposite, a regular expression, or a range of numbers."""

    opposite: Match | None = Field(None, alias="not", examples=["gluetun"])
    regex: str | None = Field(None, examples=["web-[0-9]+"])
    min: Number | None = Field(None, examples=[1])
    max: Number | None = Field(None, examples=[137])


Match = TypeAliasType(
    "Match",
    Annotated[
        Union[  # noqa: UP007 - a name that is not known yet cannot be joined by |
            Annotated[bool | int | float | str, Tag("<scalar>")],
            Annotated["list[Match]", Tag("<list>")],
            Annotated[MatchTable, Tag("<table>")],
        ],
        _either("a value", "a list of values", "a table such as { not = … }", shape=_match_shape),
    ],
)


class OnTable(BaseModel):
    """An event and what its fields must be; every other key is a field of the event."""

    model_config = ConfigDict(extra="allow", strict=True)
    __pydantic_extra__: dict[str, Match]

    event: str = Field(examples=["container.die"])
    labels: dict[str, Match] | None = Field(None, examples=[{"com.example.heal": "yes"}])


class StepTable(BaseModel):
    """A handler and its arguments; every other key is an argument, which the handler itself describes."""

    model_config = ConfigDict(extra="allow", strict=True)

    use: str = Field(examples=["containers.restart"])
    when_changed: bool = Field(False, examples=[True])


class DebounceTable(_Shape):
    """Run `wait` after the last event, at the latest `max` after the first."""

    wait: Duration = Field(examples=["10s"])
    max: Duration | None = Field(None, examples=["40s"])


class LimitTable(_Shape):
    """At most so many runs in any such time."""

    runs: int = Field(ge=1, examples=[3])
    per: Duration = Field(examples=["1h"])


class RetryTable(_Shape):
    """How often an attempt is made, the first included, and how long it waits between them."""

    attempts: int | None = Field(None, ge=1, examples=[6])
    first: Duration | None = Field(None, examples=["1s"])
    max: Duration | None = Field(None, examples=["30s"])


class Defaults(_Shape):
    """What holds for every rule that says nothing else."""

    timeout: Duration | None = Field(None, examples=["30s"])
    retry: RetryTable | None = Field(None, examples=[{"attempts": 6, "first": "1s", "max": "30s"}])


_OneOn = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[OnTable, Tag("<table>")],
    _either('an event such as "container.die"', "a table { event = … }"),
]
_OneStep = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[StepTable, Tag("<table>")],
    _either('a handler such as "gluetun.restart_vpn"', "a table { use = … }"),
]


class Rule(_Shape):
    """When these events come, run these steps."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60, examples=["restart-web"])
    on: Annotated[
        Annotated[str, Tag("<text>")]
        | Annotated[OnTable, Tag("<table>")]
        | Annotated[list[_OneOn], Field(min_length=1), Tag("<list>")],
        _either("an event", "a table { event = … }", "a list of them"),
    ] = Field(examples=["container.die"])
    for_: Duration | None = Field(None, alias="for", examples=["3m"])
    debounce: (
        Annotated[
            Annotated[Duration, Tag("<text>")]
            | Annotated[Duration, Tag("<scalar>")]
            | Annotated[DebounceTable, Tag("<table>")],
            _either('a duration such as "10s"', "a table { wait = …, max = … }"),
        ]
        | None
    ) = Field(None, examples=["10s"])
    cooldown: Duration | None = Field(None, examples=["5m"])
    repeat: bool = Field(False, examples=[True])
    limit: LimitTable | None = Field(None, examples=[{"runs": 3, "per": "1h"}])
    mode: Mode = Field("latest", examples=["latest"])
    key: str | None = Field(None, min_length=1, examples=["gluetun"])
    timeout: Duration | None = Field(None, examples=["30s"])
    retry: RetryTable | None = Field(None, examples=[{"attempts": 1}])
    enabled: bool = Field(True, examples=[False])
    dry_run: bool = Field(False, examples=[True])
    do: Annotated[
        Annotated[str, Tag("<text>")]
        | Annotated[StepTable, Tag("<table>")]
        | Annotated[list[_OneStep], Field(min_length=1), Tag("<list>")],
        _either("a handler", "a table { use = … }", "a list of them"),
    ] = Field(examples=["gluetun.restart_vpn"])


class Document(_Shape):
    """A whole rules.toml."""

    version: int = Field(ge=1, le=1, examples=[1])
    defaults: Defaults | None = Field(None, examples=[{"timeout": "30s"}])
    rule: list[Rule] = Field(default_factory=list)
    test: list[dict[str, Any]] = Field(default_factory=list)
