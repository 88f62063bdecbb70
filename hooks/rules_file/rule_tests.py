"""One `[[test]]`: from what the file holds to a `Rehearsal`, and whether it could ever fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hooks.events import durations
from hooks.events.catalogue import EventType
from hooks.events.wording import did_you_mean
from hooks.rules.rule_tests import Assumed, Expected, Given, RuleTest, assumed
from hooks.rules.table import Rule
from hooks.rules_file.do import Handlers, expected, handler_of
from hooks.rules_file.errors import kind_of, quoted
from hooks.rules_file.findings import Part
from hooks.rules_file.on import event_type, field_type

_WORDS = {str: "a text", int: "a whole number", list: "a list of numbers", dict: "a table of texts"}


class Known(NamedTuple):
    """What a test may speak of."""

    rules: Mapping[str, Rule]
    handlers: Handlers
    complete: bool  # every rule could be read, so that a name that is not there is nowhere


def rule_tests(parts: Sequence[Part], lines: Sequence[int], known: Known) -> list[RuleTest]:
    """Read all tests; what is wrong with them is told to the findings."""
    first: dict[str, int] = {}
    for part, line in zip(parts, lines, strict=True):
        name = str(part.get("name", ""))
        if name and first.setdefault(name, line) != line:
            hint = f"the other one is on line {first[name]}; give one of them another name"
            part.wrong("duplicate-name", "name", "another test has this name", hint)
    return [_rule_test(part, known, line) for part, line in zip(parts, lines, strict=True)]


def _rule_test(part: Part, known: Known, line: int) -> RuleTest:
    given = [one for inner in _parts(part, "given") if (one := _given(inner))]
    awaited = [run for inner in _parts(part, "expect") if (run := _expected(inner, known))]
    until_s = _seconds(part, "until")
    _check_end(part, until_s)
    if until_s is not None:
        _check_instants(part, until_s)
    last_s = max([0.0, *(one.at_s for one in given), *(one.at_s for one in awaited)])
    name, outcomes = str(part.get("name", "")), _outcomes(part, known)
    return RuleTest(name, tuple(given), tuple(awaited), last_s if until_s is None else until_s, outcomes, line)


def _parts(part: Part, key: str) -> Iterator[Part]:
    raw = part.get(key)
    for place, one in enumerate(raw if isinstance(raw, list) else []):
        if isinstance(one, dict):
            yield Part(part.findings, (*part.path, key, place), one)


def _seconds(part: Part, key: str) -> float | None:
    raw = part.get(key)
    return durations.parse(raw) if isinstance(raw, str) else None


# -- given ---------------------------------------------------------------------------------------


def _given(part: Part) -> Given | None:
    kind, at_s = event_type(part), _seconds(part, "at")
    if kind is None or at_s is None:
        return None
    fields = {name: value for name, value in part.values.items() if name not in ("at", "event")}
    for name in fields:
        _check_field(part, kind, name)
    if kind.subject not in fields and not kind.name.startswith("port."):
        said = f"a {kind.name} must say its {kind.subject}"
        part.wrong("missing-key", kind.subject, said, f'write for example {kind.subject} = "…"')
    return Given(at_s, kind.name, fields)


def _check_field(part: Part, kind: EventType, name: str) -> None:
    wanted, value = field_type(part, kind, name), part.values[name]
    if wanted and type(value) is not wanted:
        said = f"{name} is {kind_of(value)}, and in {kind.name} it is {_WORDS[wanted]}"
        part.wrong("wrong-type", name, said, f"write {_WORDS[wanted]}")


# -- expect --------------------------------------------------------------------------------------


def _expected(part: Part, known: Known) -> Expected | None:
    at_s, name, use = _seconds(part, "at"), part.get("rule"), part.get("use")
    if at_s is None or not isinstance(name, str):
        return None
    if name in known.rules:
        _check_rule(part, known.rules[name])
    elif known.complete:
        hint = did_you_mean(name, known.rules) or "name one of the rules of this file"
        part.wrong("unknown-rule", "rule", f"there is no rule {quoted(name)} in this file", hint)
    return Expected(at_s, name, use if isinstance(use, str) else "", _arguments(part, known.handlers))


def _check_rule(part: Part, rule: Rule) -> None:
    use, uses = part.get("use"), list(dict.fromkeys(step.use for step in rule.do))
    if not rule.enabled:
        part.wrong("test-never", "rule", f"rule {rule.name!r} is switched off and never runs", "write enabled = true")
    elif isinstance(use, str) and uses and use not in uses:
        said = f"rule {rule.name!r} has no step {quoted(use)}"
        part.wrong("test-never", "use", said, did_you_mean(use, uses) or f"its steps are {', '.join(uses)}")


def _arguments(part: Part, handlers: Handlers) -> dict[str, Any]:
    names = [name for name in part.values if name not in ("at", "rule", "use")]
    handler = None if part.findings.broken((*part.path, "use")) else handler_of(part, handlers)
    if names and not part.has("use"):
        said = f"{quoted(names[0])} would be an argument, and no `use` says of which step"
        part.findings.add("missing-key", (*part.path, names[0]), said, 'write use = "…" beside it', key=True)
    return {name: expected(part, handler, name) for name in names} if handler else {}


# -- the whole -----------------------------------------------------------------------------------


def _check_end(part: Part, until_s: float | None) -> None:
    given = [at_s for one in _parts(part, "given") if (at_s := _seconds(one, "at")) is not None]
    if not part.values.get("expect") and given and not (until_s is not None and until_s > max(given)):
        said = "it expects no run, and ends with its last event, so that nothing could ever be wrong"
        later = durations.format_duration(max(given) + 600)
        hint = f'say what runs by expect = […], or write until = "{later}": nothing may run'
        part.findings.add("test-checks-nothing", (*part.path, "until"), said, hint)


def _check_instants(part: Part, until_s: float) -> None:
    for key in ("given", "expect"):
        for one in _parts(part, key):
            at_s = _seconds(one, "at")
            if at_s is not None and at_s > until_s:
                said = f"{one.values['at']} is after the end of the test, {part.values['until']}"
                one.wrong("test-too-late", "at", said, f'write until = "{one.values["at"]}" or later')


def _outcomes(part: Part, known: Known) -> dict[str, list[Assumed]]:
    table = part.table("outcomes")
    found: dict[str, list[Assumed]] = {}
    for name in table.values if table else ():
        assert table is not None
        if name not in known.rules and name not in known.handlers:
            if known.complete:
                hint = did_you_mean(name, [*known.rules, *known.handlers]) or "name a rule of this file, or a handler"
                said = f"there is no rule or handler {quoted(name)}"
                table.findings.add("unknown-rule", (*table.path, name), said, hint, key=True)
        else:
            found[name] = _assumed(table, name)
    return found


def _assumed(table: Part, name: str) -> list[Assumed]:
    raw = table.get(name)
    found = []
    for text in raw if isinstance(raw, list) else [raw]:
        try:
            found.append(assumed(text if isinstance(text, str) else ""))
        except ValueError as error:
            said, _, hint = str(error).partition("; ")
            table.wrong("bad-value", name, said, hint)
    return found
