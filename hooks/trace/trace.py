"""`trace.of(store, run_id)`: everything that the journal knows about one run.

The store may be open read-only, beside a gluehook that runs. What an earlier build did not keep is named in
`Trace.unknown`. It reads the rules of then with pydantic: the running gluehook does not call it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import inf
from typing import Any

from hooks.events.catalogue import Event
from hooks.events.wording import did_you_mean
from hooks.journal import trace_rows
from hooks.journal.store import Store
from hooks.journal.trace_rows import Decided, Tried
from hooks.trace.attempts import attempts
from hooks.trace.followed import came_from, followed, on_containers
from hooks.trace.model import RulesOfThen, Trace, TracedAttempt, TracedRun, Wait
from hooks.trace.rules_then import judged, rules_then, shown

_COMPARED, _NAMED = 1000, 5  # runs that a misspelt id is compared with, and that are named
_EARLY_S, _LATE_S = 1.0, 1.0  # around a run, the decisions that led to it and what came of it


class NoSuchRun(LookupError):  # noqa: N818 - a fact about the journal
    """The journal holds no such run; the text is the whole sentence."""


def of(store: Store, run_id: str) -> Trace:
    """The trace of this run. Raises NoSuchRun, and sqlite3.Error where the journal cannot be read."""
    found = store.history(run=run_id) if run_id else []
    if not found:
        raise NoSuchRun(_no_such(store, run_id))
    run, event = found[0], store.event(found[0]["event"])
    table, rules = rules_then(store, run["began"])
    rule = next((one for one in table.rules if one.name == run["rule"]), None) if table else None
    waited, tried = run.get("waited") or {}, trace_rows.attempts_of(store, run_id)
    decided = _decided(store, run)
    told = tuple(attempts(run, tried, rule, event, table))
    if table and event:
        rules = replace(rules, rules=tuple(judged(store, table, event, run, decided)))
    return Trace(
        _traced(run), event, came_from(store, event, run["began"]) if event else None, rules,
        waited.get("merged", 0), tuple(_waits(waited)),
        tuple(shown(one) for one in decided if one.rule in ("", run["rule"]) and one.key in ("", run["key"])),
        told, followed(store, run, _worked_on(told, run, event)), tuple(_unknown(run, event, rules, tried)),
    )  # fmt: skip


def _traced(run: Mapping[str, Any]) -> TracedRun:
    took_s = None if run["ended"] is None else round(max(0.0, run["ended"] - run["began"]), 3)
    return TracedRun(
        run["id"], run["rule"], run["key"], run["began"], run["ended"], took_s, run["attempt"], run["outcome"],
        run["said"], bool((run.get("waited") or {}).get("manual")),
    )  # fmt: skip


def _worked_on(told: Iterable[TracedAttempt], run: Mapping[str, Any], event: Event | None) -> set[str]:
    """The containers that its steps name or are about."""
    steps = [step for attempt in told for step in attempt.steps]
    args = [step.args or {} for step in steps if on_containers([step.use])]
    given = [value if isinstance(value, list) else [value] for one in args if (value := one.get("container"))]
    named = {name for names in given for name in names if isinstance(name, str)}
    gluetun = str(event.data.get("gluetun") or "") if event else ""
    return named | {run["key"], gluetun} if args else named


def _waits(waited: Mapping[str, Any]) -> Iterator[Wait]:
    """In the order in which they ended."""
    ends = {why: until for why, until in waited.items() if why not in ("since", "merged", "manual", "over")}
    for why, until in sorted(ends.items(), key=lambda one: one[1]):
        yield Wait(why, waited["since"], until)


def _decided(store: Store, run: Mapping[str, Any]) -> list[Decided]:
    """What was decided from the first event of the run on until the run was over."""
    since = (run.get("waited") or {}).get("since", run["began"]) - _EARLY_S
    return trace_rows.decisions(store, since, inf if run["ended"] is None else run["ended"] + _LATE_S)


def _unknown(
    run: Mapping[str, Any], event: Event | None, rules: RulesOfThen, tried: list[Tried]
) -> Iterator[str]:  # fmt: skip
    if event is None:
        yield "the event is not in the journal any more, so nothing is known of what led to the run"
    if not rules.known:
        yield f"{rules.why}; so it is not known which other rules the event matched, and what the steps were asked for"
    if run["attempt"] > 1 and len(tried) < run["attempt"] - 1:
        yield "the earlier attempts are not known: an earlier gluehook kept only how the last one ended"
    if run["steps"] and not any("at" in step for step in run["steps"]):
        yield "when each step began and how long it took is not known: an earlier gluehook did not keep it"


def _no_such(store: Store, run_id: str) -> str:
    known = [run["id"] for run in store.history(most=_COMPARED)]
    near = did_you_mean(run_id, known, " ({})")
    newest = f"; the newest are {', '.join(known[:_NAMED])}" if known else "; the journal holds no run yet"
    return f"there is no run '{run_id}'{near}{newest}"
