"""The list of runs: filters, rows and the cursor of the next page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from hooks.events.durations import parse
from hooks.web.pages.words import LONGEST_LINE, State, cut, instant, number, outcome

PAGE = 50  # runs
OUTCOMES: Mapping[str, str] = {
    "": "any outcome", "failed": "failed", "changed": "changed", "unchanged": "unchanged", "skipped": "skipped",
    "superseded": "superseded", "unfinished": "unfinished",
}  # fmt: skip
SPANS: Mapping[str, str] = {
    "": "all that is kept",
    "1h": "the last hour",
    "24h": "the last 24 h",
    "7d": "the last 7 days",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for. `problem` says what of it was not understood and is left out."""

    rule: str = ""
    outcome: str = ""
    since: str = ""
    before: str = ""  # the cursor
    problem: str = ""

    @property
    def since_s(self) -> float:
        """The span in seconds; 0 for all."""
        return parse(self.since) if self.since else 0.0

    def query(self, **changed: str) -> str:
        """The query of a link to the same list, with some values changed."""
        values = {"rule": self.rule, "outcome": self.outcome, "since": self.since, **changed}
        return urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run."""

    id: str
    rule: str
    key: str
    state: State
    began: float | None
    took_s: float | None
    attempts: int
    said: str


@dataclass(frozen=True, slots=True)
class RunsPage:
    """One page of the list. `older` is the cursor of the next one, "" at the end."""

    rows: tuple[RunRow, ...]
    filter: Filter
    rules: tuple[str, ...]
    older: str = ""
    problem: str = ""


def asked(query: Mapping[str, str]) -> Filter:
    """The filter of a query; a value that is none is left out, and said."""
    problems = []
    chosen, since = query.get("outcome", ""), query.get("since", "")
    if chosen not in OUTCOMES:
        problems.append(f"there is no outcome '{cut(chosen, 40)}': any is shown")
        chosen = ""
    try:
        since = since if not since or parse(since) else ""
    except ValueError as wrong:
        problems.append(f"since: {wrong}")
        since = ""
    return Filter(
        cut(query.get("rule", ""), 200), chosen, since, cut(query.get("before", ""), 200), "; ".join(problems)
    )


def run_row(record: Mapping[str, Any], now: float) -> RunRow:
    """A run of the journal, as `Store.history` has it."""
    began, ended = instant(record.get("began")), instant(record.get("ended"))
    took = max(0.0, (ended or now) - began) if began is not None else None
    return RunRow(cut(record.get("id"), 200), cut(record.get("rule"), 200), cut(record.get("key"), LONGEST_LINE),
                  outcome(record.get("outcome")), began, took, int(number(record.get("attempt"), 1)),
                  cut(record.get("said"), LONGEST_LINE))  # fmt: skip


def runs_page(
    records: Sequence[Mapping[str, Any]], which: Filter, rules: Sequence[str], now: float, *, older: str = "",
    problem: str = "",
) -> RunsPage:  # fmt: skip
    """One page of the list. `problem`: why nothing is known."""
    names = tuple(dict.fromkeys(name for name in (*rules, which.rule) if name))
    return RunsPage(tuple(run_row(one, now) for one in records), which, names[:200], older, cut(problem))
