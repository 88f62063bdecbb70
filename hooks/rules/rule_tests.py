"""A `[[test]]` of rules.toml as plain data: what is given, what is expected, and until when. Instants are seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

from hooks.events import durations
from hooks.rules.facts import Standing

AssumedOutcome = Literal["changed", "unchanged", "skipped", "fail", "give_up"]
BEGAN_NS = 1_800_000_000_000_000_000  # where a test begins on the wall clock unless it says so: 2027-01-15T08:00Z
OUTCOMES: tuple[AssumedOutcome, ...] = get_args(AssumedOutcome)
_HINT = f"write {', '.join(OUTCOMES)}, a duration such as 20s, or both: fail,20s"


class Assumed(NamedTuple):
    """How an attempt that is not really made is assumed to end, and after how many seconds."""

    outcome: AssumedOutcome = "changed"
    takes_s: float = 0.0


Assumptions = Mapping[str, Sequence[Assumed]]
"""By rule, or by handler ("notify.send") for its own steps. The first attempt takes the first, the last one stays."""


def assumed(text: str) -> Assumed:
    """Read "fail", "20s" or "fail,20s". Raises ValueError: "what is wrong; what to write"."""
    outcome, takes_s = Assumed()
    for word in (part.strip() for part in text.split(",")):
        if word in OUTCOMES:
            outcome = word
        elif word[:1].isdecimal():
            takes_s = durations.parse(word)
        else:
            raise ValueError(f"{word[:40]!r} is not an outcome of an attempt; {_HINT}")
    return Assumed(outcome, takes_s)


@dataclass(frozen=True, slots=True)
class Given:
    """An event at this instant: its type, and the fields that the file gives."""

    at_s: float
    event: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """A run of this rule that starts at this instant; with `use` one of its steps, with at least these arguments."""

    at_s: float
    rule: str
    use: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stands:
    """What a container is when the test begins."""

    container: str
    standing: Standing
    role: str = ""


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One `[[test]]`. No other run than those expected may start until `until_s`, that instant included."""

    name: str
    given: tuple[Given, ...]
    expected: tuple[Expected, ...]
    until_s: float
    outcomes: Assumptions = field(default_factory=dict)
    line: int = 0
    enable: tuple[str, ...] = ()  # rules that are switched off, and on in this test
    began_ns: int = BEGAN_NS  # ns since the Unix epoch
    zone: str = ""  # its time zone: "Europe/Berlin", "+02:00", "" for that of the process
    world: tuple[Stands, ...] = ()
    has_start: bool = False  # the file says when it begins, so that schedules come by themselves
