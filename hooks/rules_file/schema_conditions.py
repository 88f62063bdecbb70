"""The schema of `only_if`: the conditions of a rule.

Importing this module imports pydantic.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Tag

from hooks.rules.facts import PortStanding, Standing
from hooks.rules_file.schema_values import Shape, either

Day = Annotated[str, Field(json_schema_extra={"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]})]
_Standings = Annotated[
    Annotated[Standing, Tag("<text>")] | Annotated[list[Standing], Field(min_length=1), Tag("<list>")],
    either('"running", "stopped", "paused", "healthy", "unhealthy" or "absent"', "a list of them"),
]


class ConditionTable(Shape):
    """One thing that must hold when the run is due: what a container is, the time, the port, or the opposite of one."""

    container: str | None = Field(None, min_length=1, examples=["sonarr"], description="the container of this name …")
    role: str | None = Field(None, examples=["gluetun"], description="… or one that is this program …")
    is_: _Standings | None = Field(
        None, alias="is", examples=["running"], description="… must be this, or one of these"
    )
    time: str | None = Field(
        None,
        examples=["22:00-06:00"],
        json_schema_extra={"pattern": r"^[0-9]{1,2}:[0-9]{2}-[0-9]{1,2}:[0-9]{2}$"},
        description="the local time must lie in this window; over midnight it belongs to the day on which it begins",
    )
    days: (
        Annotated[
            Annotated[Day, Tag("<text>")] | Annotated[list[Day], Field(min_length=1), Tag("<list>")],
            either('a day such as "mon"', "a list of them"),
        ]
        | None
    ) = Field(None, examples=[["sat", "sun"]], description="on one of these days, alone or with time")
    port: PortStanding | None = Field(
        None, examples=["forwarded"], description="gluetun must forward a port, or peers must reach it"
    )
    opposite: ConditionTable | None = Field(
        None, alias="not", examples=[{"port": "open"}], description="this must not hold"
    )
    any: list[ConditionTable] | None = Field(
        None,
        examples=[[{"port": "open"}, {"days": ["sun"]}]],
        description="one of these must hold",
    )


OnlyIf = Annotated[
    Annotated[ConditionTable, Tag("<table>")] | Annotated[list[ConditionTable], Field(min_length=1), Tag("<list>")],
    either('a table such as { container = "sonarr", is = "running" }', "a list of them"),
]
