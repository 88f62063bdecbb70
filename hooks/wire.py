"""Events to JSON lines and back; Docker's raw events are read as they are.

Only `Type`, `Action`, `Actor` and `timeNano` of a raw event are read: newer engines
drop the rest (shared facts on docker-events, 1.6).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from hooks.events import CATALOGUE, Event, Origin

# Podman's words for Docker's things.
_PODMAN = {"died": "die", "remove": "destroy"}
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)")
_COMPOSE = "com.docker.compose."
# Attributes of a container event that are not labels.
_NOT_LABELS = frozenset(
    "name image exitCode containerExitCode signal oldName execID execDuration podId health_status".split()
)


def dumps(event: Event) -> str:
    """One JSON line, without the line end."""
    line = {
        "type": event.type, "subject": event.subject, "time": event.time, "source": event.source,
        "origin": event.origin, "data": dict(event.data), "cause": event.cause, "id": event.id,
    }  # fmt: skip
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def loads(line: str | bytes) -> Event | None:
    """The event of a line: ours, or one of `docker events --format '{{json .}}'`.

    None for a Docker event that has no place in the catalogue. Raises ValueError for a
    line that is neither.
    """
    try:
        raw = json.loads(line)
        return from_docker(raw) if "Type" in raw and "Action" in raw else _ours(raw)
    except KeyError as missing:
        raise ValueError(f"the event has no {missing}") from None
    except (TypeError, AttributeError, RecursionError) as wrong:
        raise ValueError(f"the line is no event: {wrong}") from None


def _ours(raw: Mapping[str, Any]) -> Event:
    data = raw.get("data") or {}
    if raw.get("type") not in CATALOGUE or not isinstance(data, dict):
        raise ValueError(f"unknown event type {raw.get('type')!r}, or data that is no object")
    return Event(
        raw["type"], raw["subject"], int(raw["time"]), raw.get("source", "gluehook"),
        cast(Origin, raw.get("origin", "replay")), data, raw.get("cause"), raw.get("id", ""),
    )  # fmt: skip


def from_docker(raw: Mapping[str, Any], origin: Origin = "live") -> Event | None:
    """Docker's raw event as ours, or None if its type is not in the catalogue."""
    what, action = raw.get("Type") or "container", str(raw.get("Action") or "")
    actor = raw.get("Actor") or {}
    attributes: Mapping[str, str] = actor.get("Attributes") or {}
    word = _word(what, action, raw, attributes)
    kind = CATALOGUE.get(f"{what}.{word}")
    if kind is None:
        return None
    ident = str(actor.get("ID") or "")
    data = _container(word, ident, attributes) if what == "container" else _other(what, ident, attributes)
    time = int(raw.get("timeNano") or int(raw.get("time") or 0) * 10**9)
    return Event(
        kind.name,
        str(data.get(kind.subject, "")),
        time,
        "docker",
        origin,
        data,
        None,
        f"{time}-{ident[:12]}-{action}",
    )


def nanoseconds(text: str) -> int:
    """Docker's RFC 3339 time as ns since the Unix epoch; 0 for its year 1, which means never, and for no time."""
    found = _TIME.fullmatch(text)
    if not found:
        return 0
    seconds = datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00")).timestamp()
    return max(0, int(seconds) * 10**9 + int((found[2] or "").ljust(9, "0")))


def _word(what: str, action: str, raw: Mapping[str, Any], attributes: Mapping[str, str]) -> str:
    word, _, detail = action.partition(": ")
    if what == "container" and word == "health_status":
        return detail or str(raw.get("HealthStatus") or attributes.get("health_status") or "")
    return _PODMAN.get(word, word) if what == "container" else word


def _container(word: str, ident: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {
        "container": attributes.get("name", ident[:12]).lstrip("/"),
        "id": ident,
        "image": attributes.get("image", ""),
        "labels": {k: v for k, v in attributes.items() if k not in _NOT_LABELS},
    }
    for field in ("service", "project"):
        if _COMPOSE + field in attributes:
            data[field] = attributes[_COMPOSE + field]
    code = attributes.get("exitCode", attributes.get("containerExitCode"))
    if code is not None and word in ("die", "exec_die"):
        data["exit_code"] = int(code)
    if word == "kill" and attributes.get("signal", "").isdecimal():
        data["signal"] = int(attributes["signal"])
    if word == "rename":
        data["old_name"] = attributes.get("oldName", "").lstrip("/")
    return data


def _other(what: str, ident: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {what: attributes.get("name", ident), "id": ident}
    if "container" in attributes:
        data["container_id"] = attributes["container"]
    # a volume tells its driver as `driver`, a network as `type`
    driver = attributes.get("driver") or attributes.get("type")
    data.update({"driver": driver} if driver else {})
    data.update({"destination": attributes["destination"]} if "destination" in attributes else {})
    return data
