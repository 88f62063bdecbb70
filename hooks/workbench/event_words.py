"""Reads an event from the command line: JSON, a recorded line, or words such as `container.die container=web`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast, get_args

from hooks.events import jsonl
from hooks.events.catalogue import CATALOGUE, Event, EventType, Origin
from hooks.events.cron import canonical
from hooks.events.wall_clock import local_instant
from hooks.events.wording import did_you_mean

_TABLES = ("labels", "query", "json")  # fields that are tables: a word names one value in them
_READ: Mapping[type, Callable[[str], Any]] = {
    str: str, int: int, list: lambda text: [int(one) for one in text.split(",")],
}  # fmt: skip


class EventSyntaxError(ValueError):
    """The words are not an event; the text says why and what to write."""


def read(words: Sequence[str], gluetun: str = "") -> Event:
    """The event that the words describe. `gluetun` is the container of a port event that names none. Raises
    EventSyntaxError.
    """
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        return _from_json(words[0], gluetun)
    kind = _kind(words[0])
    data: dict[str, Any] = {}
    for word in words[1:]:
        name, equals, text = word.partition("=")
        if not equals:
            raise EventSyntaxError(f"'{word[:80]}' is no field; write FIELD=VALUE, such as container=qbittorrent")
        table, dot, path = name.partition(".")
        if dot and table in _TABLES:
            _put(data.setdefault(table, {}), path, text, nested=table == "json")
        else:
            data[name] = text if name == "origin" else _value(kind, name, text)
    return _event(kind, data, gluetun)


def _put(table: dict[str, Any], path: str, text: str, *, nested: bool) -> None:
    """Put the value of `json.heartbeat.status=0` in its place; elsewhere a name may hold dots."""
    if not nested:
        table[path] = text
        return
    *above, last = path.split(".")
    for name in above:
        inner = table.setdefault(name, {})
        if not isinstance(inner, dict):
            raise EventSyntaxError(f"json.{path[:80]} lies in json.{name[:80]}, which is {inner!r} already")
        table = inner
    try:
        table[last] = json.loads(text)
    except (ValueError, RecursionError):
        table[last] = text  # a word without quotes is a text


def _from_json(line: str, gluetun: str) -> Event:
    try:
        raw = jsonl.parsed(line)
        if jsonl.is_docker(raw) or {"type", "subject", "time"} <= raw.keys():
            return _recorded(raw)
    except ValueError as error:
        raise EventSyntaxError(f"{error}; write it in single quotes, as a recording or rules.toml has it") from None
    written = raw if "event" in raw else {"event": raw.get("type"), **(raw.get("data") or {})}
    return _event(_kind(str(written.pop("event"))), written, gluetun)


def _recorded(raw: Mapping[str, Any]) -> Event:
    if not jsonl.is_docker(raw):
        _kind(str(raw["type"]))
    event = jsonl.event_of(raw)
    if event is None:
        raise EventSyntaxError(
            "gluehook has no name for this event of Docker's; `gluehook events` lists those that it has"
        )
    _check_fields(CATALOGUE[event.type], event.data)
    return event


def _event(kind: EventType, data: dict[str, Any], gluetun: str) -> Event:
    origin = data.pop("origin", "live")
    if origin not in get_args(Origin):
        raise EventSyntaxError(f"origin is {' or '.join(get_args(Origin))}, not '{origin}'")
    _check_fields(kind, data)
    return make_event(kind, data, time.time_ns(), gluetun, cast(Origin, origin))


def make_event(kind: EventType, fields: Mapping[str, Any], at: int, gluetun: str, origin: Origin = "live") -> Event:
    """An event with these fields at `at` (ns since the Unix epoch). The container of a port, the list of ports, when a
    schedule was due and the source are filled in.
    """
    data = dict(fields)
    if kind.name == "timer.cron" and "at" in data:
        data = {"due": local_instant(at / 1e9), **data, "at": canonical(data["at"])}
    if gluetun and kind.is_of_gluetun:
        data.setdefault("container", gluetun)
    if "port" in data and "ports" in kind.fields:
        data.setdefault("ports", [data["port"]])
    subject = str(data.get(kind.subject, ""))
    return Event(kind.name, subject, at, kind.source or subject, origin, data)


def _kind(name: str) -> EventType:
    if name not in CATALOGUE:
        hint = did_you_mean(name, CATALOGUE) or "`gluehook events` lists them all"
        raise EventSyntaxError(f"there is no event '{name[:80]}'; {hint}")
    return CATALOGUE[name]


def _check_fields(kind: EventType, data: Mapping[str, Any]) -> None:
    for name in data:
        if name not in kind.fields:
            hint = did_you_mean(name, kind.fields) or f"its fields are {', '.join(kind.fields)}"
            raise EventSyntaxError(f"{kind.name} has no field '{name[:80]}'; {hint}")


_ONE_BY_ONE = {
    "labels": "labels.com.example.heal=yes", "query": "query.from=kuma", "json": "json.heartbeat.status=0",
}  # fmt: skip


def _value(kind: EventType, name: str, text: str) -> Any:
    _check_fields(kind, {name: text})
    wanted = kind.fields[name].type
    if wanted is dict:
        raise EventSyntaxError(f"{name} is written value by value: {_ONE_BY_ONE[name]}")
    try:
        return _READ[wanted](text)
    except ValueError:
        what = "a whole number" if wanted is int else "whole numbers with commas between"
        raise EventSyntaxError(f"{name} of {kind.name} is {what}, not '{text[:80]}'") from None
