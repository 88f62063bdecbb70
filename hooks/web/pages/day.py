"""The time line of 24 h: each gluetun's health and port, runs, failures, and when gluehook itself did not work.

A band is a row of spans of one state each, bars are counts of 15 minutes. Both are drawn as SVG with one unit a
minute and no text: the words stand beside them, and in a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hooks.journal.pages import FAILED
from hooks.web.pages.words import State, Tone, clock, cut, span

MINUTES = 1_440
BIN_MINUTES = 15
_NARROWEST = 3.0  # minutes: what is shorter would not be seen
_MOST_BANDS, _MOST_SPANS = 12, 96  # on the page
_HEALTH: Mapping[str, State] = {
    "container.healthy": State("well", "healthy"), "container.unhealthy": State("broken", "unhealthy"),
    "container.start": State("risk", "starting"), "container.die": State("broken", "not running"),
    "container.destroy": State("broken", "removed"),
}  # fmt: skip
_PORT: Mapping[str, State] = {
    "port.forwarded": State("well", "forwarded"), "port.cleared": State("broken", "no port"),
    "port.invalid": State("broken", "no valid port"),
}  # fmt: skip
WANTED = frozenset((*_HEALTH, *_PORT))
"""The types of events that the time line is made of."""


@dataclass(slots=True)
class Day:
    """What has happened, as it is read from the journal and heard from the runner. Instants in s since the epoch."""

    changes: dict[tuple[str, str], list[tuple[float, State]]] = field(default_factory=dict)
    counts: dict[int, list[int]] = field(default_factory=dict)  # by bin of the epoch: all runs, failed ones
    gaps: list[tuple[float, float]] = field(default_factory=list)

    def event(self, type_: str, at: float, data: Mapping[str, Any]) -> None:
        """An event has happened. Those of other containers than gluetuns are no part of the time line."""
        topic: Literal["health", "port"] = "health" if type_ in _HEALTH else "port"
        state = _HEALTH.get(type_) or _PORT.get(type_)
        name = data.get("gluetun") or data.get("container")
        if state is None or not name or (topic == "health" and data.get("role") != "gluetun"):
            return
        if type_ == "port.forwarded":
            state = State("well", cut(data.get("port"), 20))
        changes = self.changes.setdefault((topic, cut(name, 200)), [])
        if not changes or changes[-1][1] != state:
            changes.append((at, state))

    def run(self, began: float, outcome: object) -> None:
        """A run has ended."""
        count = self.counts.setdefault(int(began // (BIN_MINUTES * 60)), [0, 0])
        count[0] += 1
        count[1] += outcome in FAILED

    def forget(self, before: float) -> None:
        """Leave out what is older; of each state the last one before it stays."""
        for changes in self.changes.values():
            while len(changes) > 1 and changes[1][0] <= before:
                del changes[0]
        for one in [one for one in self.counts if (one + 1) * BIN_MINUTES * 60 < before]:
            del self.counts[one]
        self.gaps = [gap for gap in self.gaps if gap[1] > before]


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a band, in minutes from its left edge; `seconds` is how long it really was."""

    left: float
    width: float
    state: State
    words: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Band:
    """A row of spans. `kind` is health, port or gluehook."""

    kind: str
    name: str
    spans: tuple[Span, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A count of one quarter of an hour; `height` is in hundredths of the highest."""

    left: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Bars:
    """A row of counts."""

    kind: str
    tone: Tone
    total: int
    bars: tuple[Bar, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Line:
    """The whole time line. `ticks`: minutes and words of its hours."""

    bands: tuple[Band, ...]
    bars: tuple[Bars, ...]
    ticks: tuple[tuple[float, str], ...]
    is_read: bool = True


def line(day: Day, now: float, *, is_read: bool = True) -> Line:
    """The time line that ends at `now`."""
    begin = now - MINUTES * 60
    bands = [_band(*name, changes, begin, now) for name, changes in sorted(day.changes.items())[:_MOST_BANDS]]
    bands.append(_own(day.gaps, begin, now))
    runs, failed = (_bars(day, begin, now, which) for which in (0, 1))
    return Line(tuple(bands), (runs, failed), tuple(_ticks(begin, now)), is_read)


def _band(kind: str, name: str, changes: Sequence[tuple[float, State]], begin: float, now: float) -> Band:
    spans = list(_spans(changes, begin, now))[-_MOST_SPANS:]
    return Band(kind, name, tuple(spans), _summary(spans))


def _spans(changes: Sequence[tuple[float, State]], begin: float, now: float) -> Iterator[Span]:
    for (at, state), (until, _) in zip(changes, (*changes[1:], (now, None)), strict=True):
        if until > begin:
            yield _span(max(at, begin), min(until, now), state, begin, now)


def _span(at: float, until: float, state: State, begin: float, now: float) -> Span:
    words = f"{state.word}, {clock(at, now)} to {clock(until, now) if until < now else 'now'}, {span(until - at)}"
    width = round(max((until - at) / 60, _NARROWEST), 1)
    left = round(min((at - begin) / 60, MINUTES - width), 1)
    return Span(left, width, state, words, until - at)


def _summary(spans: Iterable[Span]) -> str:
    """How long each word held, the longest first."""
    held: dict[str, float] = {}
    for one in spans:
        held[one.state.word] = held.get(one.state.word, 0.0) + one.seconds
    longest = sorted(held.items(), key=lambda item: -item[1])[:4]
    return "; ".join(f"{word} {span(seconds)}" for word, seconds in longest) or "nothing is recorded"


def _own(gaps: Sequence[tuple[float, float]], begin: float, now: float) -> Band:
    state = State("broken", "gluehook did not run")
    spans = [_span(max(at, begin), min(until, now), state, begin, now) for at, until in gaps if until > begin]
    return Band("gluehook", "gluehook", tuple(spans[-_MOST_SPANS:]), _summary(spans) if spans else "no gap")


def _bars(day: Day, begin: float, now: float, which: int) -> Bars:
    size = BIN_MINUTES * 60
    found = {
        one: count[which] for one, count in sorted(day.counts.items()) if (one + 1) * size > begin and count[which]
    }
    highest, total = max(found.values(), default=1), sum(found.values())
    noun = "failed" if which else "runs"
    bars = tuple(
        Bar(round((one * size - begin) / 60, 1), round(100 * count / highest, 1),
            f"{count} {noun}, {clock(one * size, now)} to {clock((one + 1) * size, now)}")
        for one, count in found.items()
    )  # fmt: skip
    summary = f"{total} in 24 h" + (f", most {highest} in 15 min" if total else "")
    return Bars("failures" if which else "runs", "broken" if which else "well", total, bars, summary)


def _ticks(begin: float, now: float) -> Iterator[tuple[float, str]]:
    for back in (24, 18, 12, 6, 0):
        at = now - back * 3600
        yield round((at - begin) / 60), clock(at, at)[:5]
