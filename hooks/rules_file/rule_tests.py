"""Reads the `[[test]]`s: their values become `RuleTest`s, and each is checked to be able to fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hooks.events import durations
from hooks.events.catalogue import EventType
from hooks.events.wording import did_you_mean
from hooks.rules.rule_tests import Assumed, Expected, Given, RuleTest, assumed
from hooks.rules.table import Rule
from hooks.rules_file.arguments import field_kind
from hooks.rules_file.do import Handlers, read_expected, read_handler
from hooks.rules_file.errors import kind_of, quoted
from hooks.rules_file.node import Node
from hooks.rules_file.on import event_type, field_type
from hooks.rules_file.rule_test_world import stands, start


class Definitions(NamedTuple):
    """The rules and handlers that a test may name."""

    rules: Mapping[str, Rule]
    handlers: Handlers
    complete: bool  # all rules could be read: a name that is not here does not exist


def rule_tests(nodes: Sequence[Node], lines: Sequence[int], known: Definitions) -> list[RuleTest]:
    """Read all tests; their errors are reported at their places."""
    return [_rule_test(node, known, line) for node, line in zip(nodes, lines, strict=True)]


def _rule_test(node: Node, known: Definitions, line: int) -> RuleTest:
    given = [one for inner in node.tables("given") if (one := _given(inner))]
    enable = _enabled(node, known)
    awaited = [run for inner in node.tables("expect") if (run := _expected(inner, known, enable))]
    until_s = node.seconds("until")
    _check_end(node, until_s)
    if until_s is not None:
        _check_instants(node, until_s)
    last_s = max([0.0, *(one.at_s for one in given), *(one.at_s for one in awaited)])
    name, outcomes = str(node.get("name", "")), _outcomes(node, known)
    end_s, (began_ns, zone) = last_s if until_s is None else until_s, start(node)
    world = stands(node)
    return RuleTest(
        name, tuple(given), tuple(awaited), end_s, outcomes, line, enable, began_ns, zone, world, node.has("start")
    )  # fmt: skip


# -- given ---------------------------------------------------------------------------------------


def _given(node: Node) -> Given | None:
    kind, at_s = event_type(node), node.seconds("at")
    if kind is None or at_s is None:
        return None
    written = {given_name(kind, name): name for name in kind.fields}
    named = [name for name in node.values if name not in ("at", "event")]
    for name in named:
        _check_field(node, kind, name, written.get(name, name))
    subject = given_name(kind, kind.subject)
    if subject not in named and not kind.is_of_gluetun:
        said = f"a {kind.name} needs its {subject}"
        node.report("missing-key", subject, said, f'write for example {subject} = "…"')
    return Given(at_s, kind.name, {written.get(name, name): node.values[name] for name in named})


def given_name(kind: EventType, field: str) -> str:
    """How `given` writes a field of the event: its own `at` is when the event comes."""
    return "schedule" if (kind.name, field) == ("timer.cron", "at") else field


def _check_field(node: Node, kind: EventType, name: str, field: str) -> None:
    wanted, value = field_type(node, kind, name, field), node.values[name]
    if wanted and type(value) is not wanted:
        right = field_kind(wanted).says
        node.report(
            "wrong-type", name, f"{name} is {kind_of(value)}, and in {kind.name} it is {right}", f"write {right}"
        )


# -- expect --------------------------------------------------------------------------------------


def _enabled(node: Node, known: Definitions) -> tuple[str, ...]:
    """The rules that are on in this test, whatever their `enabled` says."""
    names = tuple(name for name in node.get("enable", ()) if isinstance(name, str))
    for name in names if known.complete else ():
        if name not in known.rules:
            hint = did_you_mean(name, known.rules) or "name one of the rules of this file"
            node.report("unknown-rule", "enable", f"there is no rule {quoted(name)} in this file", hint)
    return names


def _expected(node: Node, known: Definitions, enable: tuple[str, ...]) -> Expected | None:
    at_s, name, use = node.seconds("at"), node.get("rule"), node.get("use")
    if at_s is None or not isinstance(name, str):
        return None
    if name in known.rules:
        _check_rule(node, known.rules[name], is_on=known.rules[name].enabled or name in enable)
    elif known.complete:
        hint = did_you_mean(name, known.rules) or "name one of the rules of this file"
        node.report("unknown-rule", "rule", f"there is no rule {quoted(name)} in this file", hint)
    return Expected(at_s, name, use if isinstance(use, str) else "", _arguments(node, known.handlers))


def _check_rule(node: Node, rule: Rule, *, is_on: bool) -> None:
    use, uses = node.get("use"), list(dict.fromkeys(step.use for step in rule.do))
    if not is_on:
        hint = f'write enabled = true, or enable = ["{rule.name}"] in this test'
        node.report("test-never", "rule", f"rule {rule.name!r} is disabled and never runs", hint)
    elif isinstance(use, str) and uses and use not in uses:
        said = f"rule {rule.name!r} has no step {quoted(use)}"
        node.report("test-never", "use", said, did_you_mean(use, uses) or f"its steps are {', '.join(uses)}")


def _arguments(node: Node, handlers: Handlers) -> dict[str, Any]:
    names = [name for name in node.values if name not in ("at", "rule", "use")]
    handler = None if node.broken("use") else read_handler(node, handlers)
    if names and not node.has("use"):
        said = f"{quoted(names[0])} is an argument, and no `use` names its step"
        node.report("missing-key", names[0], said, 'write use = "…" beside it', at_key=True)
    return {name: read_expected(node, handler, name) for name in names} if handler else {}


# -- the whole -----------------------------------------------------------------------------------


def _check_end(node: Node, until_s: float | None) -> None:
    has_start, is_empty = node.has("start"), node.has("given")
    if not has_start and node.values.get("given", []) == []:
        hint = 'write for example given = [{ at = "0s", event = "container.die", container = "web" }]'
        said = f"given is {'empty' if is_empty else 'missing'}"
        node.report("bad-value" if is_empty else "missing-key", "given", said, f"{hint}, or start, for timer.cron")
        return
    last_s = max([0.0, *(at_s for one in node.tables("given") if (at_s := one.seconds("at")) is not None)])
    is_open = until_s is not None and until_s > last_s
    if not node.values.get("expect") and (has_start or node.get("given")) and not is_open:
        said = "it expects no run and ends with its last event, so it cannot fail"
        later = durations.format_duration(last_s + 600)
        hint = f'say what runs by expect = […], or write until = "{later}": nothing may run'
        node.report("test-checks-nothing", "until", said, hint)


def _check_instants(node: Node, until_s: float) -> None:
    for key in ("given", "expect"):
        for one in node.tables(key):
            at_s = one.seconds("at")
            if at_s is not None and at_s > until_s:
                said = f"{one.values['at']} is after the end of the test, {node.values['until']}"
                one.report("test-too-late", "at", said, f'write until = "{one.values["at"]}" or later')


def _outcomes(node: Node, known: Definitions) -> dict[str, list[Assumed]]:
    table = node.table("outcomes")
    found: dict[str, list[Assumed]] = {}
    for name in table.values if table else ():
        assert table is not None
        if name not in known.rules and name not in known.handlers:
            if known.complete:
                hint = did_you_mean(name, [*known.rules, *known.handlers]) or "name a rule of this file, or a handler"
                said = f"there is no rule or handler {quoted(name)}"
                table.report("unknown-rule", name, said, hint, at_key=True)
        else:
            found[name] = _assumed(table, name)
    return found


def _assumed(table: Node, name: str) -> list[Assumed]:
    raw = table.get(name)
    found = []
    for text in raw if isinstance(raw, list) else [raw]:
        try:
            found.append(assumed(text if isinstance(text, str) else ""))
        except ValueError as error:
            said, _, hint = str(error).partition("; ")
            table.report("bad-value", name, said, hint)
    return found
