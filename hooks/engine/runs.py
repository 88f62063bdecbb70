"""The values that the engine hands out and takes in: a run, how it ended, and what the engine decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from hooks.events.catalogue import Event, Topic
from hooks.rules.conditions import Condition
from hooks.rules.table import Rule, Step
from hooks.rules.verdicts import Verdict

ResultKind = Literal["changed", "unchanged", "skipped", "retry", "give_up"]
NoteKind = Literal[
    "accepted", "waits", "merged", "dropped", "exhausted", "renewed", "retries", "superseded", "failed", "blind",
    "sees",
]  # fmt: skip
WaitKind = Literal["for", "debounce", "cooldown", "running", "pause", "only_if"]


class Waited(NamedTuple):
    """Why a run did not begin with its event. Instants are the engine's seconds."""

    since: float  # when the lane took the first of its events
    merged: int = 0  # events that were merged into its own
    until: tuple[tuple[WaitKind, float], ...] = ()  # what held it back, and until when


class Run(NamedTuple):
    """One attempt at a rule's steps, from `step` on. `id` stays the same for all attempts of a run."""

    id: str
    rule: Rule
    key: str
    event: Event  # the newest that the lane had when the attempt was made due
    attempt: int = 1
    step: int = 0  # the first step not yet done
    changed: bool = False  # an earlier step changed something
    said: str = ""  # what the last step that was done said
    quiet: bool = False  # woken by a resync alone: a step that only sends or runs something then needs a change
    states: tuple[Event, ...] = ()  # of a `for` rule: the events whose states must still last
    manual: bool = False  # the owner asked for it
    waited: Waited | None = None  # None where it began at once, and for a retry
    over: bool = False  # its event is about a bad state that had ended before the run began

    def passes_over(self, step: Step, *, changed: bool) -> bool:
        """Whether this step has nothing to do in it; `changed`: an earlier step has changed something."""
        return not changed and (step.when_changed or (self.quiet and not step.reconciles))


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended. `step`, `changed` and `last_said` are where a next attempt goes on."""

    kind: ResultKind
    said: str = ""
    after: float | None = None  # seconds that the target asked for, with `retry`
    step: int = 0
    changed: bool = False
    handler: str = ""  # the step's handler that ended it
    last_said: str = ""  # what the last step that was done said
    again: bool = False  # a step left something alone for a reason that may end: the next resync is news
    failed_step: Mapping[str, Any] | None = None  # what the journal keeps of the step that ended it, if one did
    unmet: Verdict | None = None  # it has not begun, as its conditions did not hold by a fresh reading

    @property
    def counts(self) -> bool:
        """Whether the run counts for limit and cooldown."""
        return self.kind not in ("unchanged", "skipped")


def overall(kinds: set[str]) -> ResultKind:
    """How a run ends whose steps have ended so."""
    if "changed" in kinds:
        return "changed"
    return "skipped" if kinds == {"skipped"} else "unchanged"


class Note(NamedTuple):
    """Something that the engine decided and an owner may want to read. `wait_s` is seconds from then."""

    kind: NoteKind
    rule: str
    key: str
    event: Event
    why: str = ""
    wait_s: float | None = None
    run: str = ""
    alone: bool = False  # it is about this event alone, not about what was merged into it


class Unmet(NamedTuple):
    """Conditions that do not hold. They are judged again at `until`, in the engine's seconds."""

    verdict: Verdict
    until: float
    may_hold_at: float | None = None  # by the clock alone; None where something must happen first
    unsure: bool = False  # it cannot be seen for a moment: a happening waits, too, and nothing is told


@dataclass(slots=True)
class Waiting:
    """An event that waits in its lane for `due`, in the engine's seconds."""

    event: Event
    due: float
    first: float  # when the oldest event merged into it came
    quiet: bool = False
    attempt: int = 1
    id: str = ""  # of the run that it goes on with
    step: int = 0
    changed: bool = False
    said: str = ""
    manual: bool = False  # the owner asked for it: no waiting, no limit
    merged: int = 0  # events that were merged into this one
    unmet: Unmet | None = None  # what holds it back
    told: tuple[Condition, ...] = ()  # the conditions that were last reported to hold it back
    refused: Unmet | None = None  # what a fresh reading has shown, and until when that counts


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What a lane of the previous process had accepted and did not finish. `run` is "" if it never began."""

    rule: str
    key: str
    event: Event
    run: str = ""
    attempt: int = 1
    step: int = 0
    changed: bool = False
    said: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """When a lane's runs that count began, and when the last of them ended. Seconds, on the reader's clock."""

    rule: str
    key: str
    starts: tuple[float, ...]  # of the trouble that lasted
    ended: float
    before: tuple[float, ...] = ()  # of the troubles before it
    topics: tuple[Topic, ...] = ()  # what the runs of `starts` were about, as far as it was in a bad state
    attempts: int = 0  # that these runs took
    said: str = ""  # how the last run ended
    failed: Event | None = None  # the event of the last run that did not skip its work, if that run failed
