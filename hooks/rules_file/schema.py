"""The schema of rules.toml: its keys and their types. What keys mean together is checked elsewhere.

Importing this module imports pydantic, so only the short-lived process that checks a
file does it.
"""

from __future__ import annotations

from typing import Annotated, Any, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from hooks.events import durations
from hooks.rules.table import Mode
from hooks.rules_file.errors import quoted
from hooks.rules_file.schema_servers import ClientTable, GluetunTable


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


_WRITTEN = WithJsonSchema({"type": "string", "pattern": durations.PATTERN, "minLength": 2})
Duration = Annotated[str, BeforeValidator(_duration), _WRITTEN]
Instant = Annotated[str, BeforeValidator(_instant), _WRITTEN]  # seconds from the begin of a test: may be "0s"
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class MatchTable(_Shape):
    """One of: the opposite, a regular expression, or a range of numbers."""

    opposite: Match | None = Field(None, alias="not", examples=["gluetun"], description="everything but this")
    regex: str | None = Field(
        None, examples=["web-[0-9]+"], description="a regular expression (RE2) that must fit the whole text"
    )
    min: Number | None = Field(None, examples=[1], description="at least this number")
    max: Number | None = Field(None, examples=[137], description="at most this number")


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

    event: str = Field(examples=["container.die"], description="the type of the event")
    labels: dict[str, Match] | None = Field(
        None, examples=[{"com.example.heal": "yes"}], description="labels of the container, each with what it must be"
    )


class StepTable(BaseModel):
    """A handler and its arguments; every other key is an argument, which the handler itself describes."""

    model_config = ConfigDict(extra="allow", strict=True)

    use: str = Field(examples=["containers.restart"], description="the handler")
    when_changed: bool = Field(False, examples=[True], description="only if an earlier step changed something")


class DebounceTable(_Shape):
    """Run `wait` after the last event, at the latest `max` after the first."""

    wait: Duration = Field(examples=["10s"], description="how long it must have been quiet")
    max: Duration | None = Field(
        None, examples=["40s"], description="the longest wait since the first event; 4 times wait unless given"
    )


class LimitTable(_Shape):
    """At most so many runs in any such time."""

    runs: int = Field(ge=1, examples=[3], description="how many runs")
    per: Duration = Field(examples=["1h"], description="in how long")


class RetryTable(_Shape):
    """How often an attempt is made, the first included, and how long it waits between them."""

    attempts: int | None = Field(None, ge=1, examples=[6], description="how many attempts, the first included")
    first: Duration | None = Field(None, examples=["1s"], description="the first wait; it doubles each time")
    max: Duration | None = Field(None, examples=["30s"], description="the longest wait")


class Defaults(_Shape):
    """What holds for every rule that says nothing else."""

    timeout: Duration | None = Field(None, examples=["30s"], description="for one attempt; 30s unless given")
    retry: RetryTable | None = Field(
        None,
        examples=[{"attempts": 6, "first": "1s", "max": "30s"}],
        description="how often it is tried, and the waits between",
    )


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

    name: str = Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=60,
        examples=["restart-web"],
        description="small letters, digits and hyphens; once in the file",
    )
    on: Annotated[
        Annotated[str, Tag("<text>")]
        | Annotated[OnTable, Tag("<table>")]
        | Annotated[list[_OneOn], Field(min_length=1), Tag("<list>")],
        _either("an event", "a table { event = … }", "a list of them"),
    ] = Field(examples=["container.die"], description="when one of these comes")
    for_: Duration | None = Field(None, alias="for", examples=["3m"], description="the state must last this long first")
    debounce: (
        Annotated[
            Annotated[Duration, Tag("<text>")]
            | Annotated[Duration, Tag("<scalar>")]
            | Annotated[DebounceTable, Tag("<table>")],
            _either('a duration such as "10s"', "a table { wait = …, max = … }"),
        ]
        | None
    ) = Field(None, examples=["10s"], description="wait until it has been quiet this long")
    cooldown: Duration | None = Field(
        None, examples=["5m"], description="from the end of one run to the start of the next"
    )
    repeat: bool = Field(False, examples=[True], description="with `for`: again and again while the state lasts")
    limit: LimitTable | None = Field(
        None, examples=[{"runs": 3, "per": "1h"}], description="then stop, and raise rule.exhausted"
    )
    mode: Mode = Field(
        "latest", examples=["latest"], description="what waits behind a run: the newest event, all of them, none"
    )
    key: str | None = Field(
        None,
        min_length=1,
        examples=["gluetun"],
        description="what counts as the same thing; default: the subject of the event",
    )
    timeout: Duration | None = Field(None, examples=["30s"], description="for one attempt; 30s unless given")
    retry: RetryTable | None = Field(
        None, examples=[{"attempts": 1}], description="how often it is tried, and the waits between"
    )
    enabled: bool = Field(True, examples=[False], description="false switches the rule off")
    dry_run: bool = Field(False, examples=[True], description="only say what would be done")
    do: Annotated[
        Annotated[str, Tag("<text>")]
        | Annotated[StepTable, Tag("<table>")]
        | Annotated[list[_OneStep], Field(min_length=1), Tag("<list>")],
        _either("a handler", "a table { use = … }", "a list of them"),
    ] = Field(examples=["gluetun.restart_vpn"], description="run these, in order")


class GivenTable(BaseModel):
    """An event of a test and when it comes; every other key is a field of the event."""

    model_config = ConfigDict(extra="allow", strict=True)

    at: Instant = Field(examples=["0s"], description="when it comes, from the begin of the test")
    event: str = Field(examples=["container.die"], description="its type; its fields stand beside it")


class ExpectedTable(BaseModel):
    """A run that must start, or one step of it; every other key is an argument that the step must have."""

    model_config = ConfigDict(extra="allow", strict=True)

    at: Instant = Field(examples=["0s"], description="when it starts, from the begin of the test")
    rule: str = Field(examples=["restart-web"], description="whose run it is")
    use: str | None = Field(
        None, examples=["containers.restart"], description="the step; its arguments stand beside it"
    )


_Outcome = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[list[str], Field(min_length=1), Tag("<list>")],
    _either('how an attempt ends, such as "fail"', "a list of them, attempt by attempt"),
]


class RuleTest(_Shape):
    """When these events come, these runs start and no others; nothing is really done."""

    name: str = Field(
        min_length=1, max_length=120, examples=["web is restarted when it dies"], description="what it shows; unique"
    )
    given: list[GivenTable] = Field(
        min_length=1,
        examples=[[{"at": "0s", "event": "container.die", "container": "web"}]],
        description="the events, and when they come",
    )
    expect: list[ExpectedTable] = Field(
        default_factory=list,
        examples=[[{"at": "0s", "rule": "restart-web", "use": "containers.restart"}]],
        description="every run that starts until the end of the test",
    )
    until: Instant | None = Field(
        None, examples=["10m"], description="the end of the test; else its last event or expected run"
    )
    outcomes: dict[str, _Outcome] = Field(
        default_factory=dict,
        examples=[{"restart-web": "fail"}],
        description="how attempts end, by rule or handler; they change something at once unless said here",
    )


class Document(_Shape):
    """A whole rules.toml."""

    version: int = Field(ge=1, le=1, examples=[1], description="of the grammar")
    defaults: Defaults | None = Field(
        None, examples=[{"timeout": "30s"}], description="what holds for every rule that says nothing else"
    )
    gluetun: list[GluetunTable] = Field(default_factory=list)
    client: list[ClientTable] = Field(default_factory=list)
    rule: list[Rule] = Field(default_factory=list)
    test: list[RuleTest] = Field(default_factory=list)
