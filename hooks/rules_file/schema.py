"""The schema of rules.toml: its keys and their types. What keys mean together is checked elsewhere.

Importing this module imports pydantic, so only the short-lived process that checks a
file does it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Tag

from hooks.rules.table import Mode
from hooks.rules_file.schema_conditions import OnlyIf
from hooks.rules_file.schema_on import OnTable
from hooks.rules_file.schema_rule_tests import RuleTest
from hooks.rules_file.schema_servers import ClientTable, GluetunTable
from hooks.rules_file.schema_values import Duration, Shape, either


class StepTable(BaseModel):
    """A handler and its arguments; every other key is an argument, which the handler itself describes."""

    model_config = ConfigDict(extra="allow", strict=True)

    use: str = Field(examples=["containers.restart"], description="the handler")
    when_changed: bool = Field(False, examples=[True], description="only if an earlier step changed something")


class DebounceTable(Shape):
    """Run `wait` after the last event, at the latest `max` after the first."""

    wait: Duration = Field(examples=["10s"], description="how long it must have been quiet")
    max: Duration | None = Field(
        None, examples=["40s"], description="the longest wait since the first event; 4 times wait unless given"
    )


class LimitTable(Shape):
    """At most so many runs in any such time."""

    runs: int = Field(ge=1, examples=[3], description="how many runs")
    per: Duration = Field(examples=["1h"], description="in how long")


class RetryTable(Shape):
    """How often an attempt is made, the first included, and how long it waits between them."""

    attempts: int | None = Field(None, ge=1, examples=[6], description="how many attempts, the first included")
    first: Duration | None = Field(None, examples=["1s"], description="the first wait; it doubles each time")
    max: Duration | None = Field(None, examples=["30s"], description="the longest wait")


class Defaults(Shape):
    """What holds for every rule that says nothing else."""

    timeout: Duration | None = Field(None, examples=["30s"], description="for one attempt; 30s unless given")
    retry: RetryTable | None = Field(
        None,
        examples=[{"attempts": 6, "first": "1s", "max": "30s"}],
        description="how often it is tried, and the waits between",
    )


_OneOn = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[OnTable, Tag("<table>")],
    either('an event such as "container.die"', "a table { event = … }"),
]
_OneStep = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[StepTable, Tag("<table>")],
    either('a handler such as "gluetun.restart_vpn"', "a table { use = … }"),
]


class Rule(Shape):
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
        either("an event", "a table { event = … }", "a list of them"),
    ] = Field(examples=["container.die"], description="when one of these comes")
    only_if: OnlyIf | None = Field(
        None,
        examples=[{"container": "sonarr", "is": "running"}],
        description="all of these must hold when the run is due: a state waits for them, a happening is dropped",
    )
    for_: Duration | None = Field(None, alias="for", examples=["3m"], description="the state must last this long first")
    debounce: (
        Annotated[
            Annotated[Duration, Tag("<text>")]
            | Annotated[Duration, Tag("<scalar>")]
            | Annotated[DebounceTable, Tag("<table>")],
            either('a duration such as "10s"', "a table { wait = …, max = … }"),
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
        either("a handler", "a table { use = … }", "a list of them"),
    ] = Field(examples=["gluetun.restart_vpn"], description="run these, in order")


class Document(Shape):
    """A whole rules.toml."""

    version: int = Field(ge=1, le=1, examples=[1], description="of the grammar")
    defaults: Defaults | None = Field(
        None, examples=[{"timeout": "30s"}], description="what holds for every rule that says nothing else"
    )
    gluetun: list[GluetunTable] = Field(default_factory=list)
    client: list[ClientTable] = Field(default_factory=list)
    rule: list[Rule] = Field(default_factory=list)
    test: list[RuleTest] = Field(default_factory=list)
