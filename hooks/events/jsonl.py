"""Events to JSON lines and back; Docker's raw events are read as they are.

Of a raw event of Docker's only `Type`, `Action`, `Actor` and `timeNano` are read, because newer engines drop the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, cast

from hooks.events.catalogue import CATALOGUE, Event, Origin

# Podman's words for Docker's things, by kind: recordings of 4.3 and 5.8 in tests/samples/podman.
_PODMAN = {
    "container": {"died": "die", "remove": "destroy", "exec": "exec_start", "exec_died": "exec_die"},
    "image": {"remove": "delete"}, "network": {"remove": "destroy"}, "volume": {"remove": "destroy"},
}  # fmt: skip
_LATEST = 2**63  # ns since the Unix epoch: the journal stores 64 bits
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # json.dumps makes a new one each time
_decode = json.JSONDecoder().raw_decode  # json.loads detects the encoding of each line, which takes as long again
_BROKEN = (KeyError, TypeError, AttributeError, RecursionError, OverflowError)  # what a line of the wrong shape raises
_COMPOSE = {"service": "com.docker.compose.service", "project": "com.docker.compose.project"}
# Attributes of a container event that are not labels.
_NOT_LABELS = frozenset(
    "name image exitCode containerExitCode signal oldName execID execDuration podId health_status".split()
)


def dumps(event: Event, at: int | None = None) -> str:
    """One JSON line, without the line end; `at` is when it was taken in (ns since the Unix epoch), for a recording."""
    line = {**plain(event), **({} if at is None else {"at": at})}
    return _encode(line)


def plain(event: Event) -> dict[str, Any]:
    """The event as the JSON object that `dumps` writes."""
    return {
        "type": event.type, "subject": event.subject, "time": event.time, "source": event.source,
        "origin": event.origin, "data": dict(event.data), "cause": event.cause, "id": event.id,
    }  # fmt: skip


def loads(line: str | bytes) -> Event | None:
    """The event of a line: ours, or one of `docker events --format '{{json .}}'`.

    None for a Docker event that has no place in the catalogue. Raises ValueError for a
    line that is neither.
    """
    return event_of(parsed(line))


def parsed(line: str | bytes) -> dict[str, Any]:
    """The JSON object of a line. Raises ValueError if it holds none."""
    text = (line if isinstance(line, str) else line.decode()).strip()
    try:
        raw, end = _decode(text)
    except RecursionError as deep:
        raise _no_event(deep) from None
    except json.JSONDecodeError as wrong:
        raise ValueError(f"the line is no JSON: {wrong.msg} at character {wrong.pos + 1}") from None
    if isinstance(raw, dict) and end == len(text):
        return raw
    raise ValueError(f"the line is no event: it is no single JSON object, but {text[:40]!r}")


class Header(NamedTuple):
    """Type, subject and time (ns) of a parsed line, at less cost than its event. The type may be none of ours."""

    type: str
    subject: str
    time: int


def header_of(raw: Mapping[str, Any]) -> Header:
    """Type, subject and time of a parsed line. Raises ValueError where it has none of them."""
    try:
        if is_docker(raw):
            return _docker_header(raw)
        return Header(str(raw["type"]), str(raw["subject"]), int(raw["time"]))
    except _BROKEN as error:
        raise _no_event(error) from None


def event_of(raw: Mapping[str, Any], header: Header | None = None) -> Event | None:
    """The event of a parsed line, as `loads`; `header` is its header, if the caller has it already."""
    try:
        return from_docker(raw, header=header) if is_docker(raw) else _ours(raw)
    except _BROKEN as error:
        raise _no_event(error) from None


def is_docker(raw: Mapping[str, Any]) -> bool:
    """Whether a parsed line is Docker's own."""
    return "Action" in raw and "Type" in raw


def _no_event(error: Exception) -> ValueError:
    if isinstance(error, KeyError):
        return ValueError(f"the event has no {error}")
    return ValueError(f"the line is no event: {error}")


def _ours(raw: Mapping[str, Any]) -> Event:
    data = raw.get("data") or {}
    if raw.get("type") not in CATALOGUE or not isinstance(data, dict):
        raise ValueError(f"unknown event type {raw.get('type')!r}, or data that is no object")
    return Event(
        raw["type"], raw["subject"], int(raw["time"]), raw.get("source", "gluehook"),
        cast(Origin, raw.get("origin", "replay")), data, raw.get("cause"), raw.get("id", ""),
    )  # fmt: skip


def from_docker(raw: Mapping[str, Any], origin: Origin = "live", header: Header | None = None) -> Event | None:
    """Docker's raw event as ours, or None if its type is not in the catalogue."""
    kind, subject, time = header or _docker_header(raw)
    if kind not in CATALOGUE:
        return None
    if not 0 <= time < _LATEST:
        raise ValueError(f"its time, {str(time)[:30]}, makes no sense as nanoseconds since 1970")
    actor = raw.get("Actor") or {}
    attributes, ident = actor.get("Attributes") or {}, str(actor.get("ID") or "")
    # Docker's are all text. A lone surrogate, which JSON can hold, is none that a file or a log can take
    "".join((kind, subject, ident, *attributes, *attributes.values())).encode()
    what, _, word = kind.partition(".")
    if what == "container":
        data = _container(word, subject, ident, attributes)
    else:
        data = _other(what, word, subject, ident, attributes)
    return Event(kind, subject, time, "docker", origin, data, None, f"{time}-{ident[:12]}-{raw.get('Action') or ''}")


def nanoseconds(text: str) -> int:
    """Docker's RFC 3339 time as ns since the Unix epoch; 0 for any other text, the year 1 ("never"), and after 2262."""
    found = _TIME.fullmatch(text)
    if not found:
        return 0
    seconds = datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00")).timestamp()
    nanos = int(seconds) * 10**9 + int((found[2] or "").ljust(9, "0"))
    return nanos if 0 <= nanos < _LATEST else 0


def _docker_header(raw: Mapping[str, Any]) -> Header:
    what, actor = raw.get("Type") or "container", raw.get("Actor") or {}
    attributes = actor.get("Attributes") or {}
    time = int(raw.get("timeNano") or int(raw.get("time") or 0) * 10**9)
    word, _, detail = str(raw.get("Action") or "").partition(": ")
    word = _PODMAN.get(what, {}).get(word, word)
    if what != "container":
        # Podman has a network's name in `network`, and in `name` that of the container which is connected, or nothing
        name = attributes.get("network") if what == "network" else None
        return Header(f"{what}.{word}", str(name or attributes.get("name") or actor.get("ID") or ""), time)
    if word == "health_status":
        word = detail or str(raw.get("HealthStatus") or attributes.get("health_status") or "")
    name = attributes.get("name") or str(actor.get("ID") or "")[:12]
    return Header(f"container.{word}", name.lstrip("/"), time)


def _container(word: str, name: str, ident: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {
        "container": name,
        "id": ident,
        "image": attributes.get("image", ""),
        "labels": {k: v for k, v in attributes.items() if k not in _NOT_LABELS},
    }
    for field, label in _COMPOSE.items():
        if label in attributes:
            data[field] = attributes[label]
    code = attributes.get("exitCode", attributes.get("containerExitCode"))
    if code is not None and word in ("die", "exec_die"):
        data["exit_code"] = int(code)
    if word == "kill" and attributes.get("signal", "").isdecimal():
        data["signal"] = int(attributes["signal"])
    if word == "rename":
        data["old_name"] = attributes.get("oldName", "").lstrip("/")
    return data


def _other(what: str, word: str, name: str, ident: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {what: name, "id": ident}
    if "container" in attributes:
        data["container_id"] = attributes["container"]
    elif what == "network" and word in ("connect", "disconnect") and "podId" in attributes:
        data.update(id="", container_id=ident)  # Podman's actor is the container
    # the driver of a volume is in `driver`, that of a network in `type`
    driver = attributes.get("driver") or attributes.get("type")
    data.update({"driver": driver} if driver else {})
    data.update({"destination": attributes["destination"]} if "destination" in attributes else {})
    return data
