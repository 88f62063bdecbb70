"""What each rule of then said about the event: a trace of last night judges by the rules of last night."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from hooks.engine.engine import Engine
from hooks.events.catalogue import Event
from hooks.handler import Handler
from hooks.journal import trace_rows
from hooks.journal.pages import runs_page
from hooks.journal.store import Store
from hooks.journal.trace_rows import Decided
from hooks.rules.table import Rule, Table
from hooks.trace.model import Decision, JudgedRule, RulesOfThen
from hooks.workbench import explain

_EARLY_S = 0.1  # the row of a run may bear a slightly earlier instant than that of the event beside it
_CLOCK_SET_S = 3600.0  # by which a clock may have been set back between two runs for one event
_NOT_KEPT = "the rules that were in force are not in the journal"


def rules_then(store: Store, at: float) -> tuple[Table | None, RulesOfThen]:
    """The table that was in force then, or None, and what is known of it."""
    found = trace_rows.rules_at(store, at)
    if found is None:
        return None, RulesOfThen(known=False, why=f"{_NOT_KEPT}: an earlier gluehook did not keep them")
    since, mark, file, text = found
    if not text:
        return None, RulesOfThen(known=False, why=f"{_NOT_KEPT} any more", file=file, fingerprint=mark, since=since)
    table = _table(text, file)
    why = "" if table else "this gluehook cannot read the rules that were in force then"
    return table, RulesOfThen(known=table is not None, why=why, file=file, fingerprint=mark, since=since)


@lru_cache(maxsize=4)
def _table(text: str, file: str) -> Table | None:
    from hooks.own_handlers.table import handlers_of
    from hooks.rules_file import reader  # which loads pydantic

    handlers = handlers_of(file)
    found = reader.read(text, file, handlers)
    return handlers.used_by(found) if isinstance(found, Table) else None


def handlers(table: Table | None) -> Mapping[str, type[Handler[Any]]]:
    """The handlers that rules of this table may name, which few programs need."""
    from handlers import HANDLERS
    from hooks.own_handlers.in_force import InForce

    return InForce(HANDLERS, lambda: table or Table())


def judged(
    store: Store, table: Table, event: Event, run: Mapping[str, Any], decided: Iterable[Decided]
) -> Iterator[JudgedRule]:
    """One for each rule, in the file's order. `run` is the traced run, `decided` what was decided around it."""
    matching = {rule.name for rule in Engine(table).rules_for(event)}
    # no index finds the runs of an event, but none began before it, whatever was done to the clock
    since = max(0.0, min(run["began"], event.time / 1e9) - _CLOCK_SET_S)
    others = runs_page(store, event=event.id, limit=1000, since=since).runs
    own = {other["rule"]: other for other in others} | {run["rule"]: run}
    decided = list(decided)
    for rule in table.rules:
        nearest = explain.nearest(rule, event)
        entry = explain.entry_as_toml(nearest) if nearest else ""
        if rule.name in matching or rule.name == run["rule"]:
            became = own.get(rule.name)
            about = tuple(shown(one) for one in decided if (one.rule, one.event) == (rule.name, event.id))
            why = () if became or about else _elsewhere(store, rule, event, run)
            outcome = became["outcome"] if became else None
            yield JudgedRule(rule.name, True, entry, why, became["id"] if became else "", outcome, about)
        else:
            yield JudgedRule(rule.name, False, entry, tuple(explain.why_not(rule, nearest, event)))


def shown(one: Decided) -> Decision:
    """A decision without the rule and key that it is about."""
    return Decision(one.at, one.kind, one.why, one.until, one.times)


def _elsewhere(store: Store, rule: Rule, event: Event, run: Mapping[str, Any]) -> tuple[str, ...]:
    """Where the event went that has no run of its own."""
    accepted = (run.get("waited") or {}).get("since", run["began"])
    rows = store.select(
        "select id from runs where rule = ? and key = ? and began >= ? order by began limit 1",
        rule.name, rule.key_of(event), accepted - _EARLY_S,
    )  # fmt: skip
    if rows:
        return (f"a newer event took its place: {rows[0][0]}",)
    return ("no run for it is known: it may wait, or have been handled already",)
