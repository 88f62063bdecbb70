"""Lines of recordings, ours and Docker's, for tests and figures."""

from __future__ import annotations

import json
from typing import Any

BEGAN_NS = 1_795_369_775_000_000_000
S = 1_000_000_000


def ours(at_s: float, kind: str, subject: str, origin: str = "live", **data: Any) -> bytes:
    """A line of ours, so many seconds after the begin. `at` is when it was taken in, in the same seconds."""
    told = data.pop("at", None)
    source = {"container": "docker", "port": "files", "timer": "timer", "source": subject}[kind.partition(".")[0]]
    line = {"type": kind, "subject": subject, "time": _ns(at_s), "source": source, "origin": origin, "data": data}
    return _line(line if told is None else {**line, "at": _ns(told)})


def docker(at_s: float, action: str, name: str, ident: str = "a", what: str = "container", **attributes: str) -> bytes:
    """A line of `docker events --format '{{json .}}'`."""
    actor = {"ID": ident * 64, "Attributes": {"name": name, "image": "busybox", **attributes}}
    head = {"status": action, "id": ident * 64, "from": "busybox", "Type": what, "Action": action}
    return _line({**head, "Actor": actor, "scope": "local", "time": _ns(at_s) // S, "timeNano": _ns(at_s)})


def port(at_s: float, number: int) -> bytes:
    """gluetun has written its port."""
    data = {"container": "gluetun", "port": number, "ports": [number], "generation": str(at_s)}
    return ours(at_s, "port.forwarded", "gluetun", **data)


def _ns(at_s: float) -> int:
    return BEGAN_NS + round(at_s * S)


def _line(raw: object) -> bytes:
    return json.dumps(raw, separators=(",", ":")).encode() + b"\n"
