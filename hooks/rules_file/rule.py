"""One `[[rule]]`: from what the file holds to a `Rule`, and whether its words go together."""

from __future__ import annotations

from typing import Any, NamedTuple

from hooks.events import durations
from hooks.events.catalogue import CATALOGUE
from hooks.rules.placeholders import Template
from hooks.rules.table import Debounce, Entry, Limit, RetryPolicy, Rule
from hooks.rules_file.do import Handlers, steps
from hooks.rules_file.findings import Part
from hooks.rules_file.on import entries
from hooks.rules_file.placeholders import Scope

_DEBOUNCE_MAX = 4  # × wait, unless given


class Draft(NamedTuple):
    """A rule as far as it is good, and where it stands. The rule counts only if the whole file is good."""

    part: Part
    on: list[tuple[Part, Entry]]
    rule: Rule
    line: int


def draft(part: Part, defaults: Part, handlers: Handlers, line: int) -> Draft:
    """Read one rule; what is wrong with it is told to the findings."""
    on = entries(part)
    events = tuple(dict.fromkeys(entry.event for _, entry in on))
    do = steps(part, handlers, events)
    _check_for(part, events)
    _check_repeat(part)
    _check_mode(part)
    _check_kinds(part, events)
    timeout_s = _seconds(part, "timeout") or _seconds(defaults, "timeout")
    written: dict[str, Any] = {
        "key": _key(part, events), "for_s": _seconds(part, "for"), "debounce": _debounce(part),
        "cooldown_s": _seconds(part, "cooldown"), "limit": _limit(part), "timeout_s": timeout_s,
        **{name: part.get(name) for name in ("repeat", "mode", "enabled", "dry_run")},
    }  # fmt: skip
    given = {name: value for name, value in written.items() if value is not None}
    retry = _retry(part, defaults)
    rule = Rule(part.get("name", ""), tuple(entry for _, entry in on), tuple(do), retry=retry, line=line, **given)
    return Draft(part, on, rule, line)


# -- values ----------------------------------------------------------------------------------


def _seconds(part: Part, key: str) -> float | None:
    raw = part.get(key)
    return durations.parse(raw) if isinstance(raw, str) else None


def _key(part: Part, events: tuple[str, ...]) -> str | Template | None:
    raw = part.get("key")
    if not isinstance(raw, str):
        return None
    scope, path = Scope(part.findings, events, is_key=True), (*part.path, "key")
    template = scope.template(raw, path)
    if isinstance(template, Template):
        for placeholder in template.placeholders:
            scope.type_of(placeholder, path)
    return template


def _debounce(part: Part) -> Debounce | None:
    table = part.table("debounce")
    wait_s = _seconds(table, "wait") if table else _seconds(part, "debounce")
    if wait_s is None:
        return None
    max_s = _seconds(table, "max") if table else None
    if table and max_s is not None and max_s < wait_s:
        said = f"debounce.max is shorter than debounce.wait, {durations.format_duration(wait_s)}"
        table.wrong("bad-value", "max", said, f'write at least max = "{durations.format_duration(wait_s)}"')
    return Debounce(wait_s, _DEBOUNCE_MAX * wait_s if max_s is None else max_s)


def _limit(part: Part) -> Limit | None:
    table = part.table("limit")
    runs, per_s = (table.get("runs"), _seconds(table, "per")) if table else (None, None)
    return Limit(runs, per_s) if runs and per_s else None


def _retry(part: Part, defaults: Part) -> RetryPolicy:
    """What the rule says, else what [defaults] say, else what the grammar says; each of the three numbers by itself."""
    policy = RetryPolicy()
    tables = [table for table in (part.table("retry"), defaults.table("retry")) if table]
    attempts = next((table.get("attempts") for table in tables if table.get("attempts")), policy.attempts)
    first_s = next((found for table in tables if (found := _seconds(table, "first"))), policy.first_s)
    max_s = next((found for table in tables if (found := _seconds(table, "max"))), policy.max_s)
    if first_s > max_s and tables:
        culprit = next(table for table in tables if table.has("first") or table.has("max"))
        first, longest = durations.format_duration(first_s), durations.format_duration(max_s)
        said = f"retry waits {first} first and never longer than {longest}"
        hint = f'make first shorter, or write max = "{first}"'
        culprit.wrong("bad-value", "first" if culprit.has("first") else "max", said, hint)
    return RetryPolicy(attempts, first_s, max_s)


# -- words that go together ----------------------------------------------------------------------


def _check_for(part: Part, events: tuple[str, ...]) -> None:
    if not part.has("for"):
        return
    happenings = [event for event in events if not CATALOGUE[event].is_state]
    if happenings:
        said = f"`for` waits while a state lasts, and {', '.join(happenings)} is over at once"
        hint = "leave `for` out, or use debounce to wait for quiet"
        part.wrong("for-needs-state", "for", said, hint)
    if part.has("debounce"):
        said = "`for` and debounce both say how long to wait"
        part.wrong("for-or-debounce", "debounce", said, "keep `for` for a state that must last, debounce for quiet")


def _check_repeat(part: Part) -> None:
    if part.get("repeat") is not True:
        return
    if not part.has("for"):
        said = "repeat runs again while a state lasts, and without `for` none is watched"
        part.wrong("repeat-needs-for", "repeat", said, 'write for = "3m", or leave repeat out')
    if not part.has("cooldown"):
        said = "repeat without cooldown would run again at once, in a loop"
        part.wrong("repeat-needs-cooldown", "repeat", said, 'write cooldown = "5m"')


def _check_mode(part: Part) -> None:
    waits = [key for key in ("debounce", "for") if part.has(key)]
    if part.get("mode") == "queued" and waits:
        said = f'mode = "queued" keeps every event, and `{waits[0]}` keeps only the newest'
        part.wrong("queued-cannot-wait", "mode", said, f"leave out mode or `{waits[0]}`")


def _check_kinds(part: Part, events: tuple[str, ...]) -> None:
    # as long as the subject is the same sort of thing, it tells by itself what belongs together
    kinds = dict.fromkeys((event.partition(".")[0], CATALOGUE[event].subject) for event in events)
    if len(kinds) > 1 and not part.has("key"):
        what = " and ".join(f"{kind}.*" for kind, _ in kinds)
        said = f"`on` mixes {what} events, and nothing says which of them are about the same thing"
        part.findings.add("key-required", (*part.path, "on"), said, 'write key = "gluetun", one name for all of them')
