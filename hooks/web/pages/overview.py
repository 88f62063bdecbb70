"""The overview: one look at the whole server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hooks.web.pages import chains as chain_views
from hooks.web.pages.chains import Chain
from hooks.web.pages.day import Line
from hooks.web.pages.findings import Diagnosis
from hooks.web.pages.runs import RunRow
from hooks.web.pages.waits import Next, coming
from hooks.web.pages.words import State, cut, instant, texts

_MOST_SOURCES = 20
_LONGEST_HEADLINE = 100  # characters


@dataclass(frozen=True, slots=True)
class Source:
    """A source of events."""

    name: str
    state: State
    since: float | None
    said: str


@dataclass(frozen=True, slots=True)
class Self:
    """gluehook itself: what `gluehook health` says, its sources, its journal."""

    is_healthy: bool
    said: tuple[str, ...]
    runner_problem: str
    sources: tuple[Source, ...]
    journal_problem: str
    began: float | None
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the page shows."""

    headline: State
    own: Self
    chains: tuple[Chain, ...]
    diagnosis: Diagnosis
    next: Next
    line: Line | None
    latest: tuple[RunRow, ...] | None


def overview(
    health: Mapping[str, Any], snapshot: Mapping[str, Any] | None, runner_problem: str, *, diagnosis: Diagnosis,
    findings: Sequence[Mapping[str, Any]] = (), line: Line | None = None, latest: Sequence[RunRow] | None = None,
) -> Overview:  # fmt: skip
    """The overview. `snapshot` is None where the runner does not answer, and `runner_problem` says why."""
    known = snapshot or {}
    own = _own(health, known, runner_problem)
    chains = tuple(chain_views.chains(known, findings))
    return Overview(
        _headline(own, chains, diagnosis),
        own,
        chains,
        diagnosis,
        coming(known),
        line,
        None if latest is None else tuple(latest),
    )


def _own(health: Mapping[str, Any], known: Mapping[str, Any], problem: str) -> Self:
    journal = known.get("journal")
    sources = known.get("sources")
    named = sources.items() if isinstance(sources, Mapping) else ()
    return Self(
        bool(health.get("healthy")), tuple(texts(health.get("said"))), cut(problem),
        tuple(_source(name, one) for name, one in list(named)[:_MOST_SOURCES]),
        cut(journal.get("problem")) if isinstance(journal, Mapping) else "", instant(known.get("began")),
        bool(known.get("dry_run")),
    )  # fmt: skip


def _source(name: object, one: object) -> Source:
    facts = one if isinstance(one, Mapping) else {}
    is_up = bool(facts.get("is_up"))
    state = State("well", "followed") if is_up else State("broken", "lost")
    return Source(cut(name, 100), state, instant(facts.get("since")), "" if is_up else cut(facts.get("said"), 400))


def _headline(own: Self, chains: Sequence[Chain], diagnosis: Diagnosis) -> State:
    """The server in one sentence: the worst thing first."""
    if not own.is_healthy:
        return State("broken", "gluehook is not well")
    if own.runner_problem:
        return State("unknown", "gluehook does not answer")
    broken = [chain.gluetun.name for chain in chains if not chain.is_well]
    if broken:
        more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
        return State("broken", f"The chain of {broken[0]}{more} is broken")
    if diagnosis.is_known and diagnosis.causes:
        first = diagnosis.causes[0]
        return State(
            first.state.tone, first.seen if len(first.seen) <= _LONGEST_HEADLINE else f"{first.check}: see below"
        )
    if any(source.state.tone == "broken" for source in own.sources):
        return State("risk", "A source of events is lost")
    return State("well", "All is well")
