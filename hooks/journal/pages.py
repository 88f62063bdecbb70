"""Past runs and accepted events, page by page, newest first.

A cursor is a text that says where the next page begins. It stays good while new rows come and old ones are forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from hooks.events.catalogue import Event
from hooks.journal import packing
from hooks.journal.run_steps import steps_of, what_it_said

if TYPE_CHECKING:
    from hooks.journal.store import Store

OutcomeFilter = Literal[
    "", "failed", "unfinished", "changed", "unchanged", "skipped", "retry", "give_up", "superseded"
]  # fmt: skip
OUTCOMES: Mapping[str, str] = {
    "changed": "changed", "unchanged": "unchanged", "skipped": "skipped", "retry": "failed", "give_up": "gave up",
    "superseded": "superseded",
}  # fmt: skip
"""How a run, an attempt or a step has ended, in the words that people read."""
FAILED = ("retry", "give_up")  # the outcomes of a run that has not done its work
MOST = 1000  # in one page
_COLUMNS = "id rule key event began ended attempt step changed said outcome steps".split()


class CursorError(ValueError):
    """The text is no cursor of this kind of page."""


class Page(NamedTuple):
    """One page of runs, each as in `Store.history`; `next` is the cursor of the page of older ones, "" if none is."""

    runs: list[dict[str, Any]]
    next: str


class EventsPage(NamedTuple):
    """One page of accepted events; `next` as in `Page`."""

    events: list[Event]
    next: str


def runs_page(
    store: Store, *, before: str = "", limit: int = 50, rule: str = "", key: str = "", event: str = "",
    outcome: OutcomeFilter = "", since: float = 0.0,
) -> Page:  # fmt: skip
    """The runs before the cursor `before` ("": the newest): at most `limit`, of this rule, key and event (its id), with
    this outcome, begun at `since` (seconds since the Unix epoch) or later. Raises CursorError, and ValueError for
    another limit than 1 to `MOST` or an unknown outcome.
    """
    began, number = _run_cursor(before)
    wanted = _outcomes(outcome)
    rows = store.select(
        f"select number, waited, {', '.join(_COLUMNS)} from {_runs(store)} where (began, number) < (?, ?)"  # noqa: S608
        " and began >= ? and ? in ('', rule) and ? in ('', key) and ? in ('', event)"
        " and (? is null or coalesce(outcome, '') in (select value from json_each(?)))"
        " order by began desc, number desc limit ?",
        began, number, since, rule, key, event, wanted, wanted, _checked(limit) + 1,
    )  # fmt: skip
    runs = [as_record(row[1], dict(zip(_COLUMNS, row[2:], strict=True))) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(runs, f"{runs[-1]['began']!r}_{last[0]}" if last else "")


def events_page(store: Store, *, before: str = "", limit: int = 50, since: float = 0.0) -> EventsPage:
    """The accepted events before the cursor, the newest first. Raises as `runs_page`."""
    if before and not before.isdecimal():
        raise CursorError(f"{before[:40]!r} is no cursor of events")
    rows = store.select(
        "select e.seq, e.packed, p.line from events e join patterns p on p.seq = e.pattern where e.seq < ?"
        " and e.at >= ? order by e.seq desc limit ?",
        min(int(before or 2**63 - 1), 2**63 - 1), int(since * 1e9), _checked(limit) + 1,
    )  # fmt: skip
    events = [event for _, *packed in rows[:limit] if (event := packing.unpack(*packed))]
    return EventsPage(events, f"{rows[limit - 1][0]}" if len(rows) > limit else "")


def runs_named(store: Store, run: str) -> list[dict[str, Any]]:
    """The run of this id, or none."""
    rows = store.select(f"select waited, {', '.join(_COLUMNS)} from {_runs(store)} where id = ?", run)  # noqa: S608
    return [as_record(row[0], dict(zip(_COLUMNS, row[1:], strict=True))) for row in rows]


def as_record(waited: str | None, run: dict[str, Any]) -> dict[str, Any]:
    """A run for programs. `steps` is a list, `waited` what held it back before its first attempt (None: nothing)."""
    steps = steps_of(run["steps"], run["began"])
    said = what_it_said(run["said"], steps)
    more = {"waited": json.loads(waited)} if waited else {}
    return {**run, "changed": bool(run["changed"]), "steps": steps, "said": said, **more}


def _runs(store: Store) -> str:
    # an earlier build's journal that nobody has brought up to date
    return "runs" if store.schema >= 3 else "(select *, null as waited from runs)"


def _run_cursor(text: str) -> tuple[float, int]:
    if not text:
        return float("inf"), 0
    began, _, number = text.rpartition("_")
    try:
        return float(began), max(-(2**63), min(int(number), 2**63 - 1))
    except ValueError:
        raise CursorError(f"{text[:40]!r} is no cursor of runs") from None


def _outcomes(outcome: str) -> str | None:
    """The chosen outcomes as a JSON list, "" for a run that has not ended; None for all."""
    if outcome not in get_args(OutcomeFilter):
        raise ValueError(f"there is no outcome {outcome[:40]!r}; there are {', '.join(get_args(OutcomeFilter)[1:])}")
    chosen = {"": None, "failed": FAILED, "unfinished": ("",)}.get(outcome, (outcome,))
    return None if chosen is None else json.dumps(chosen)


def _checked(limit: int) -> int:
    if not 1 <= limit <= MOST:
        raise ValueError(f"the limit is {limit}: ask for 1 to {MOST}")
    return limit
