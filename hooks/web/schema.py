"""What the API takes and gives, for its OpenAPI schema. Answers are written as they are read, not through these."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Error(BaseModel):
    """Why a request was not fulfilled."""

    error: str


class Done(BaseModel):
    """What was done."""

    done: str


class Ready(BaseModel):
    """Whether all is there that the page needs, and what is not known if not."""

    ready: bool
    unknown: list[str]


class Summary(BaseModel):
    """The server in a few values, for a widget. What is not known is null."""

    state: str = Field(description="well, unwell or unknown")
    port: int | None = Field(description="the first port that is forwarded")
    open: str | None = Field(description="whether peers reach it: open, closed or unknown")
    rules: int | None
    waits: int | None
    running: int | None
    paused: bool | None
    failed_24h: int | None = Field(description="runs of the last 24 h that failed or gave up")
    said: str = Field(description="the first sentence about what is wrong, or that all is well")


class Status(BaseModel):
    """Whether gluehook is well, and what the runner knows now."""

    version: str
    healthy: bool
    said: list[str]
    unknown: list[str]
    summary: Summary
    snapshot: dict[str, Any] | None = Field(description="as docs/control-socket.md has it")
    snapshot_at: float | None = Field(description="when it was read, in seconds since the Unix epoch")


class Run(BaseModel):
    """A past run."""

    model_config = ConfigDict(extra="allow")
    id: str
    rule: str
    key: str
    event: str
    began: float
    ended: float | None
    outcome: str | None
    said: str


class RunsPage(BaseModel):
    """A page of runs. `next` is the value of `before` for the older ones, "" if there are none."""

    runs: list[Run]
    next: str


class Event(BaseModel):
    """An accepted event, as a line of a recording has it."""

    model_config = ConfigDict(extra="allow")
    type: str
    subject: str
    time: int
    id: str


class EventsPage(BaseModel):
    """A page of events; `next` as for runs."""

    events: list[Event]
    next: str


class Rules(BaseModel):
    """The rules in force: what the runner says of each, and the text of their file without secrets."""

    file: str | None
    fingerprint: str | None
    rules: list[dict[str, Any]] | None
    text: str | None
    unknown: list[str]


class Findings(BaseModel):
    """What the doctor has found, first causes first. While it looks for the first time, `findings` is null."""

    at: float | None
    findings: list[dict[str, Any]] | None
    said: str
    is_looking: bool


class Pause(BaseModel):
    """Start no run of `rule`, or of any rule, for this duration, such as 30m."""

    rule: str = ""
    duration: str = Field(alias="for")


class Resume(BaseModel):
    """End the pause of `rule`, or every pause."""

    rule: str = ""


class Retry(BaseModel):
    """Run the rule of this past run again, with its event."""

    run: str


class RunRule(BaseModel):
    """Run this rule by hand: with this event, or with that of its last run."""

    rule: str
    event: dict[str, Any] | None = None


class Explain(BaseModel):
    """What the rules in force would do with this event, a line of a recording."""

    event: dict[str, Any]


class Explanations(BaseModel):
    """For each rule whether it would run, when, and if not, why not."""

    rules: list[dict[str, Any]]
    said: str
