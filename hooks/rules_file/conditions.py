"""Reads `only_if` of a rule: each table becomes a condition, and one that could never hold is an error.

The schema has checked keys and types by then; here is decided what they mean together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hooks.events.wording import did_you_mean
from hooks.images.roles import ROLES
from hooks.rules.conditions import AnyHolds, Condition, ContainerIs, Negated, PortIs, RoleIs, TimeIs
from hooks.rules.facts import STANDINGS, Standing
from hooks.rules.matching import as_toml
from hooks.rules.placeholders import Template
from hooks.rules.time_windows import DAYS, Window
from hooks.rules_file.contradictions import never_together
from hooks.rules_file.errors import quoted
from hooks.rules_file.node import Node
from hooks.rules_file.placeholders import Scope

_KINDS: Mapping[str, str] = {
    "container": "container", "role": "role", "time": "time", "days": "time", "port": "port", "not": "not",
    "any": "any",
}  # fmt: skip
_TIMES = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_DAY_S = 86400
_EXAMPLE = (
    'write { container = "sonarr", is = "running" }, { role = …, is = … }, { time = "22:00-06:00" }, '
    '{ port = "forwarded" }, { not = { … } } or { any = [{ … }, …] }'
)


def conditions(rule: Node, events: tuple[str, ...]) -> tuple[Condition, ...]:
    """The conditions of a rule whose `on` has these events; errors are reported at their places."""
    found = tuple(one for node in rule.tables("only_if") if (one := _condition(node, events)))
    if against := never_together(found):
        which = " and ".join(map(str, against))
        never, hint = "never hold together", "leave one out, or write only_if = { any = [ … ] }"
        if len(against) == 1:
            never, hint = "never holds", "leave out what excludes the rest of it"
        rule.report("bad-condition", "only_if", f"{which} {never}", hint, at_key=True)
    return found


def _condition(node: Node, events: tuple[str, ...]) -> Condition | None:
    kinds = dict.fromkeys(_KINDS[key] for key in node.values if key in _KINDS)
    if len(kinds) != 1:
        if node.values.keys() - {*_KINDS, "is"}:
            return None  # its unknown keys are reported already
        if node.values or not node.broken():
            said = "a condition says " + ("nothing" if not kinds else f"{len(kinds)} things: {' and '.join(kinds)}")
            _report(node, "bad-condition", said, _EXAMPLE if not kinds else "write a list of conditions: all must hold")
        return None
    (kind,) = kinds
    if node.has("is") and kind not in ("container", "role"):
        said = "`is` says what a container is, and this condition names none"
        node.report("bad-condition", "is", said, "write container or role beside it, or leave it out", at_key=True)
        return None
    match kind:
        case "container" | "role":
            return _standing(node, kind, events)
        case "time":
            return _time(node)
        case "port":
            port = node.get("port")
            return PortIs(port) if port else None
        case "not":
            inner = next(node.tables("not"), None)
            found = _condition(inner, events) if inner else None
            return Negated(found) if found else None
    return _any(node, events)


def _any(node: Node, events: tuple[str, ...]) -> Condition | None:
    if node.values.get("any") == []:
        node.report("bad-condition", "any", "any is empty, so it never holds", "name at least one condition")
        return None
    several = [found for inner in node.tables("any") if (found := _condition(inner, events))]
    return AnyHolds(tuple(several)) if several else None


def _standing(node: Node, kind: str, events: tuple[str, ...]) -> Condition | None:
    standings = _standings(node, kind)
    name = node.get(kind)
    if not isinstance(name, str) or not standings:
        return None
    if kind == "role":
        if name not in ROLES:
            hint = did_you_mean(name, ROLES) or f"the roles are {', '.join(ROLES)}"
            node.report("bad-value", "role", f"{quoted(name)} is no role", hint)
            return None
        return RoleIs(name, standings)
    container = _container(node, name, events)
    return ContainerIs(container, standings) if container else None


def _standings(node: Node, kind: str) -> tuple[Standing, ...]:
    if not node.has("is"):
        said = f"a condition on a {kind} must say what it is"
        hint = (
            f'write {{ {kind} = {as_toml(node.values[kind])}, is = "running" }}, or is = one of {", ".join(STANDINGS)}'
        )
        node.report("missing-key", kind, said, hint)
        return ()
    raw = node.get("is")
    several = raw if isinstance(raw, list) else [raw]
    return tuple(dict.fromkeys(one for one in several if one in STANDINGS))


def _container(node: Node, name: str, events: tuple[str, ...]) -> str | Template | None:
    path = (*node.path, "container")
    scope = Scope(node.diagnostics, events)
    template = scope.template(name, path)
    if isinstance(template, Template):
        for placeholder in template.placeholders:
            if placeholder.root == "event":
                scope.types_of(placeholder, path)
            else:
                said = f"only_if cannot use {placeholder.bare}, only fields of the event"
                node.report("placeholder-misplaced", "container", said, "write ${event.…}, or the name itself")
        return template
    if template is not None and not _NAME.fullmatch(name):
        found = "".join(_NAME.findall(name)[:1]) or "sonarr"
        said = f"{quoted(name)} is not a valid container name"
        hint = f'write "{found}"; for several containers write {{ any = [ … ] }}, or use their role'
        node.report("bad-value", "container", said, hint)
        return None
    return template


# -- time ----------------------------------------------------------------------------------------


def _time(node: Node) -> Condition | None:
    days, span = _days(node), _span(node)
    if days is None or span is None:
        return None
    written = [f"{key} = {as_toml(node.values[key])}" for key in ("time", "days") if node.has(key)]
    return TimeIs(Window(*span, days), f"{{ {', '.join(written)} }}")


def _span(node: Node) -> tuple[int, int] | None:
    """Start and end in seconds of the day."""
    if not node.has("time"):
        return 0, _DAY_S
    raw = node.get("time")
    if not isinstance(raw, str):
        return None
    found = _TIMES.fullmatch(raw.strip())
    if found is None:
        node.report("bad-value", "time", f"time is {quoted(raw)}, which is no window", 'write "22:00-06:00"')
        return None
    start, end = _second(found[1], found[2]), _second(found[3], found[4])
    if start is None or end is None or start == _DAY_S:
        hint = "hours go from 00 to 23, minutes from 00 to 59; a window may end at 24:00"
        node.report("bad-value", "time", f"time is {quoted(raw)}, and there is no such time of day", hint)
        return None
    if start == end:
        hint = "leave time out for the whole day, with days for some days, or write two different times"
        node.report("bad-value", "time", f"time is {quoted(raw)}, a window that begins where it ends", hint)
        return None
    return start, end


def _second(hours: str, minutes: str) -> int | None:
    second = int(hours) * 3600 + int(minutes) * 60
    return second if int(minutes) < 60 and second <= _DAY_S else None


def _days(node: Node) -> frozenset[int] | None:
    if not node.has("days"):
        return frozenset(range(7))
    raw = node.get("days")
    several = raw if isinstance(raw, list) else [raw]
    for index, day in enumerate(several):
        if isinstance(day, str) and day not in DAYS:
            path = (*node.path, "days", index) if several is raw else (*node.path, "days")
            near = next((one for one in DAYS if day.lower().startswith(one)), "") or did_you_mean(day, DAYS)
            hint = f'write "{near}"' if near in DAYS else near or f"the days are {', '.join(DAYS)}"
            node.diagnostics.add("bad-value", path, f"{quoted(day)} is no day", hint)
    found = frozenset(DAYS.index(day) for day in several if day in DAYS)
    return found or None


def _report(node: Node, code: str, said: str, hint: str) -> None:
    node.diagnostics.add(code, node.path, said, hint)
