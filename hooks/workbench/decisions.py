"""The time line of a replay: what the engine decided, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from hooks.config.masking import presentable
from hooks.engine.runs import NoteKind
from hooks.events.catalogue import Event

DecisionKind = NoteKind | Literal["event", "runs", "ended", "left"]


class PerformedStep(NamedTuple):
    """One step of an attempt: its handler, its arguments as far as they can be filled in, how it is assumed to end."""

    use: str
    args: Mapping[str, Any]
    status: str


class Decision(NamedTuple):
    """One row. `event` is what it is about; of the kind "event", what has just come."""

    at: int  # ns since the Unix epoch
    kind: DecisionKind
    event: Event
    rule: str = ""
    key: str = ""
    why: str = ""
    wait_s: float | None = None  # from `at` on
    run: str = ""
    attempt: int = 0
    steps: tuple[PerformedStep, ...] = ()  # that a starting attempt performs

    def as_record(self) -> dict[str, Any]:
        """The row for a program: plain JSON values, without what is empty."""
        row: dict[str, Any] = {"at": instant(self.at), "what": self.kind}
        row |= {name: value for name in ("rule", "key", "run", "attempt", "why") if (value := getattr(self, name))}
        if self.wait_s is not None:
            row["wait_s"] = round(self.wait_s, 3)
        if self.steps:
            row["steps"] = [step._replace(args=presentable(step.args))._asdict() for step in self.steps]
        event = {"type": self.event.type, "subject": self.event.subject}
        row["event"] = {**event, "origin": self.event.origin, "id": self.event.id} if self.kind == "event" else event
        return row


def instant(at: int) -> str:
    """An instant (ns since the Unix epoch) as RFC 3339 with milliseconds, in UTC."""
    whole, rest = divmod(at, 10**9)
    try:
        return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 10**6:03}Z"
    except (ValueError, OverflowError, OSError):  # beyond the year 9999
        return f"{at}ns"
