"""Reads the MATCH of one field of an event: the values of the file become a `Match` that an event can pass."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hooks.events import cron, durations, hook_names
from hooks.events.wording import did_you_mean
from hooks.images.roles import ROLES
from hooks.rules import linear_regex
from hooks.rules.comparisons import FieldRange, SameAs
from hooks.rules.matching import AnyOf, Glob, Match, Not, OneOf, Range, Regex
from hooks.rules.placeholders import Placeholder
from hooks.rules_file.arguments import field_kind
from hooks.rules_file.comparisons import ComparedField
from hooks.rules_file.errors import kind_of, quoted
from hooks.rules_file.node import Node

_PORTS = range(1, 65536)
_SHORTEST_TICK_S = 1.0
_STREAMS = ("stdout", "stderr")
_CONTAINER_ID = 64  # hexadecimal digits
_CONTAINER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class MatchReader:
    """Reads the MATCH of one field of one event."""

    def __init__(self, node: Node, event: str, field: str, wanted: type) -> None:
        self._node, self._event, self._field, self._wanted = node, event, field, wanted
        self._path, self._place = field, event  # the field's own path in the event, and where it stands, in an error

    def read(self) -> Match | None:
        """The match; None if it has an error, which is reported."""
        return self._any(self._node.get(self._field), (self._field,))

    def _any(self, raw: Any, where: tuple[str | int, ...]) -> Match | None:
        if raw is None or self._node.broken(*where):
            return None
        if isinstance(raw, list):
            return self._list(raw, where)
        if isinstance(raw, dict):
            return self._table(raw, where)
        return self._value(raw, where)

    def _list(self, raw: list[Any], where: tuple[str | int, ...]) -> Match | None:
        if not raw:
            return self._never(where, "the list is empty, so nothing matches", "name at least one value")
        options = [option for index, one in enumerate(raw) if (option := self._any(one, (*where, index)))]
        values = [value for option in options if isinstance(option, OneOf) for value in option.values]
        others = [option for option in options if not isinstance(option, OneOf)]
        # plain values stay one OneOf: the engine finds rules by it
        plain = [OneOf(tuple(values))] if values else []
        return AnyOf((*plain, *others)) if others else OneOf(tuple(values))

    def _table(self, raw: Mapping[str, Any], where: tuple[str | int, ...]) -> Match | None:
        kinds = {"range" if key in ("min", "max") else key for key in raw} & {"not", "regex", "range"}
        if raw and not kinds:
            return None  # its unknown keys are reported already
        if len(kinds) != 1:
            said = f"{self._field} is a table that says " + ("nothing" if not kinds else "two things at once")
            hint = "write one of { not = … }, { regex = … }, { min = …, max = … }"
            return self._wrong("bad-match", where, said, hint)
        if "not" in kinds:
            return self._not(raw["not"], (*where, "not"))
        return self._regex(raw["regex"], (*where, "regex")) if "regex" in kinds else self._range(raw, where)

    def _not(self, raw: Any, where: tuple[str | int, ...]) -> Match | None:
        inner = self._any(raw, where)
        if inner is not None and _passes_all(inner):
            return self._never(where, "it excludes everything, so nothing matches", "exclude something narrower")
        return Not(inner) if inner is not None else None

    def _regex(self, raw: Any, where: tuple[str | int, ...]) -> Match | None:
        if not isinstance(raw, str):
            return None
        if self._wanted not in (str, object):
            return self._misfit("a regular expression", where)
        if wrong := linear_regex.refusal(raw):
            return self._wrong("bad-match", where, f"{quoted(raw)} {wrong[0]}", wrong[1])
        return Regex(raw)

    def _range(self, raw: Mapping[str, Any], where: tuple[str | int, ...]) -> Match | None:
        if self._wanted not in (int, object):
            return self._misfit("a range of numbers", where)
        least, most = (self._bound(raw.get(bound), (*where, bound)) for bound in ("min", "max"))
        if any(self._node.broken(*where, bound) for bound in raw):
            return None
        if isinstance(least, Placeholder) or isinstance(most, Placeholder):
            return FieldRange(least, most)
        if least is not None and most is not None and least > most:
            return self._never(where, f"min {least} is greater than max {most}", "write the smaller one as min")
        highest = _PORTS[-1] if most is None else most
        if self._is_port and ((least or 1) > _PORTS[-1] or highest < _PORTS[0]):
            return self._never(where, "no port lies in this range", "ports go from 1 to 65535")
        return Range(least, most)

    def _bound(self, raw: Any, where: tuple[str | int, ...]) -> float | Placeholder | None:
        if self._node.broken(*where):
            return None
        if not isinstance(raw, str):
            return None if raw is None else float(raw) if isinstance(raw, float) else int(raw)
        if "${" in raw:
            return self._other_field(raw, where)
        hint = f"write a number, for example {where[-1]} = 1"
        self._wrong("wrong-type", where, f"{self._field}.{where[-1]} is a text", hint)
        return None

    def _other_field(self, raw: str, where: tuple[str | int, ...]) -> Placeholder | None:
        compared = ComparedField(self._node.diagnostics, self._event, self._path, self._wanted)
        return compared.read(raw, (*self._node.path, *where))

    def _value(self, raw: Any, where: tuple[str | int, ...]) -> Match | None:
        if self._event == "timer.tick":
            return self._tick(raw, where)
        if (self._event, self._field) == ("timer.cron", "at"):
            return self._schedule(raw, where)
        if isinstance(raw, str) and "${" in raw:
            field = self._other_field(raw, where)
            return SameAs(field) if field else None
        if type(raw) not in ((str, int, float, bool) if self._wanted is object else (self._wanted,)):
            shown = quoted(raw) if isinstance(raw, bool) else f"{quoted(raw)}, {kind_of(raw)},"
            return self._misfit(shown, where)
        if isinstance(raw, str) and ("*" in raw or "?" in raw):
            return Glob(raw)
        reason = self._impossible(raw)
        return self._never(where, *reason) if reason else OneOf((raw,))

    def _tick(self, raw: Any, where: tuple[str | int, ...]) -> Match | None:
        try:
            seconds = durations.parse(raw)
        except ValueError as error:
            said, _, hint = str(error).partition("; ")
            return self._wrong("bad-duration", where, f"every: {said}", hint)
        if seconds < _SHORTEST_TICK_S:
            return self._wrong("tick-every", where, f"every {quoted(raw)} is too often", 'write at least every = "1s"')
        return OneOf((durations.format_duration(seconds),))

    def _schedule(self, raw: Any, where: tuple[str | int, ...]) -> Match | None:
        if not isinstance(raw, str):
            return self._misfit(f"{quoted(raw)}, {kind_of(raw)},", where)
        if wrong := cron.refusal(raw):
            return self._wrong("cron-at", where, f"the schedule {quoted(raw)} {wrong[0]}", wrong[1])
        return OneOf((cron.canonical(raw),))

    def _impossible(self, raw: Any) -> tuple[str, str] | None:
        """Why no event could have this value, and what to write."""
        if self._is_port and raw not in _PORTS:
            return f"{raw} is no port", "ports go from 1 to 65535"
        if self._field == "path" and not raw.startswith("/"):
            return f"{quoted(raw)} is a relative path, and paths of events are absolute", "write it from / on"
        if self._field == "stream" and raw not in _STREAMS:
            return f"{quoted(raw)} is no stream of a container", "write stdout or stderr"
        if self._field == "line" and ("\n" in raw or "\r" in raw):
            return "a line holds no line end", "write a rule for one of the lines, or a glob such as *text*"
        if self._field == "role" and raw not in ROLES:
            return f"{quoted(raw)} is no role", did_you_mean(raw, ROLES) or f"the roles are {', '.join(ROLES)}"
        if self._event == "hook.called" and self._field == "name" and not hook_names.is_name(raw):
            return f"{quoted(raw)} is not the name of a hook", hook_names.WRITE
        if self._field in ("container", "old_name", "gluetun") and not _CONTAINER_NAME.fullmatch(raw):
            name = "".join(_CONTAINER_NAME.findall(raw)[:1]) or "gluetun"
            return f"{quoted(raw)} is not a valid container name", f'write it without /: "{name}"'
        if self._event.startswith("container.") and self._field in ("id", "old_id") and len(raw) != _CONTAINER_ID:
            return f"{quoted(raw)} is not a whole container id", f'write "{raw[:12]}*" to match its beginning'
        return None

    @property
    def _is_port(self) -> bool:
        return self._wanted is int and self._field.endswith("port")

    def _misfit(self, shown: str, where: tuple[str | int, ...]) -> Match | None:
        said = f"{self._field} is {field_kind(self._wanted).says} in {self._place}, which {shown} can never equal"
        return self._never(where, said, _other_way(self._wanted))

    def _never(self, where: tuple[str | int, ...], said: str, hint: str) -> Match | None:
        return self._wrong("never-matches", where, said, hint)

    def _wrong(self, code: str, where: tuple[str | int, ...], said: str, hint: str) -> Match | None:
        # returns None, so that callers can return its result
        self._node.diagnostics.add(code, (*self._node.path, *where), said, hint)
        return None


class InsideReader(MatchReader):
    """Reads the MATCH of one value in a field that is a table, such as a label: nothing more is known of it.

    `path` is its own in the event, such as `json.heartbeat.status`.
    """

    def __init__(self, node: Node, event: str, field: str, wanted: type, *, path: str) -> None:
        super().__init__(node, event, field, wanted)
        self._path, self._place = path, path.partition(".")[0]

    def _impossible(self, raw: Any) -> tuple[str, str] | None:  # noqa: ARG002 - it may be anything
        return None


MATCH_KEYS = frozenset({"not", "regex", "min", "max"})
"""The keys of a table that is a MATCH; one with other keys holds values, each with a MATCH of its own."""


def _other_way(wanted: type) -> str:
    return "write a whole number without quotes, or { min = …, max = … }" if wanted is int else "write a text in quotes"


def _passes_all(match: Match) -> bool:
    match match:
        case Glob(pattern):
            return set(pattern) == {"*"}
        case AnyOf(options):
            return any(_passes_all(option) for option in options)
    return False
