"""The schema of `on`: an event and what its fields must be.

Importing this module imports pydantic.
"""

from __future__ import annotations

from typing import Annotated, Any, Union

from pydantic import BaseModel, ConfigDict, Field, Tag
from typing_extensions import TypeAliasType

from hooks.rules_file.schema_values import Number, Shape, either, match_shape_of

Bound = Annotated[
    Annotated[Number, Tag("<scalar>")] | Annotated[str, Tag("<text>")],
    either("a number", "another field of the event in quotes"),
]


class MatchTable(Shape):
    """One of: the opposite, a regular expression, or a range of numbers."""

    opposite: Match | None = Field(None, alias="not", examples=["gluetun"], description="everything but this")
    regex: str | None = Field(
        None, examples=["web-[0-9]+"], description="a regular expression (RE2) that must fit the whole text"
    )
    min: Bound | None = Field(None, examples=[1], description="at least this number, or another field")
    max: Bound | None = Field(None, examples=[137], description="at most this number, or another field")


Match = TypeAliasType(
    "Match",
    Annotated[
        Union[  # noqa: UP007 - a name that is not known yet cannot be joined by |
            Annotated[bool | int | float | str, Tag("<scalar>")],
            Annotated["list[Match]", Tag("<list>")],
            Annotated[MatchTable, Tag("<table>")],
        ],
        either("a value", "a list of values", "a table such as { not = … }", shape=match_shape_of),
    ],
)


class OnTable(BaseModel):
    """An event and what its fields must be; every other key is a field of the event."""

    model_config = ConfigDict(extra="allow", strict=True)
    __pydantic_extra__: dict[str, Match]

    event: str = Field(examples=["container.die"], description="the type of the event")
    catch_up: bool = Field(
        False, examples=[True], description="of timer.cron: once at the start if gluehook did not run when it was due"
    )
    labels: dict[str, Match] | None = Field(
        None, examples=[{"com.example.heal": "yes"}], description="labels of the container, each with what it must be"
    )
    query: dict[str, Match] | None = Field(
        None,
        examples=[{"from": "kuma"}],
        description="what stood behind the ? of a hook, each with its match",
    )
    sent: dict[str, Any] | None = Field(
        None,
        alias="json",
        examples=[{"heartbeat": {"status": 0}}],
        description="values that a hook has sent, each with its match; tables in it are those of the JSON",
    )
