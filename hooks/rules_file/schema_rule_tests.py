"""The schema of `[[test]]`.

Importing this module imports pydantic.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Tag

from hooks.rules.facts import Standing
from hooks.rules_file.schema_values import Instant, Shape, either


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


class StandsTable(Shape):
    """What a container is when the test begins. One that neither stands here nor has an event is absent."""

    container: str = Field(min_length=1, examples=["sonarr"], description="its name")
    is_: Standing = Field(alias="is", examples=["running"], description="what it is")
    role: str | None = Field(None, examples=["gluetun"], description="which program it is, where the name does not say")


_Outcome = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[list[str], Field(min_length=1), Tag("<list>")],
    either('how an attempt ends, such as "fail"', "a list of them, attempt by attempt"),
]


class RuleTest(Shape):
    """When these events come, these runs start and no others; nothing is really done."""

    name: str = Field(
        min_length=1, max_length=120, examples=["web is restarted when it dies"], description="what it shows; unique"
    )
    given: list[GivenTable] = Field(
        default_factory=list,
        examples=[[{"at": "0s", "event": "container.die", "container": "web"}]],
        description="the events, and when they come",
    )
    expect: list[ExpectedTable] = Field(
        default_factory=list,
        examples=[[{"at": "0s", "rule": "restart-web", "use": "containers.restart"}]],
        description="every run that starts until the end of the test",
    )
    start: str | None = Field(
        None,
        examples=["2026-03-29T01:30"],
        description="the local time at 0s, for rules with time; schedules then come by themselves",
    )
    timezone: str | None = Field(
        None, examples=["Europe/Berlin"], description="the time zone of the test; else the offset of start, or TZ"
    )
    world: list[StandsTable] = Field(
        default_factory=list,
        examples=[[{"container": "sonarr", "is": "running"}]],
        description="what containers are when it begins; given events change that",
    )
    until: Instant | None = Field(
        None, examples=["10m"], description="the end of the test; else its last event or expected run"
    )
    enable: list[str] = Field(
        default_factory=list,
        examples=[["restart-web"]],
        description="rules that are on in this test although they have enabled = false",
    )
    outcomes: dict[str, _Outcome] = Field(
        default_factory=dict,
        examples=[{"restart-web": "fail"}],
        description="how attempts end, by rule or handler; they change something at once unless said here",
    )
