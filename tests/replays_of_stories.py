"""`python -m tests.replays_of_stories`: writes a recording for each story that a real gluetun told.

tests/doctor/stories.jsonl holds the stories: [seconds, who, what]. Each row becomes the event that gluehook's sources
make of it, and each recording begins with the states that a resync found before: gluetun healthy, with port 40001. The
order and the times are the real ones. Ids stand for real ones: a re-created container has another id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from hooks.events import jsonl
from hooks.events.catalogue import CATALOGUE, Event
from tests.parts.places import TOP

STORIES = TOP / "tests" / "doctor" / "stories.jsonl"
FOLDER = TOP / "tests" / "replays"
BEGAN_NS = 1_800_000_000 * 10**9
_CONTAINERS = ("gluetun", "qbittorrent")


class Telling:
    """The events of one story, in order."""

    def __init__(self) -> None:
        self._numbers = dict.fromkeys(_CONTAINERS, 0)  # of their re-creations
        self._last_port: int | None = None

    def events(self, rows: list[list[Any]]) -> Iterator[Event]:
        """The states before it, then what happened."""
        for name in _CONTAINERS:
            yield self._container(-60.0, name, "start", "resync")
        yield self._container(-50.0, "gluetun", "healthy", "resync")
        yield from self._port(-50.0, "40001", "resync")
        for at, who, what, *more in rows:
            if who == "forwarded_port":
                yield from self._port(at, what)
            elif who in _CONTAINERS and f"container.{what}" in CATALOGUE:
                self._numbers[who] += what == "create"
                yield self._container(at, who, what, "live", *more)

    def _container(self, at: float, name: str, what: str, origin: Any, *more: int) -> Event:
        data = {"container": name, "id": f"{_CONTAINERS.index(name)}{self._numbers[name]}".ljust(64, "0"),
                "image": name, "labels": {}}  # fmt: skip
        if what == "die":
            data["exit_code"] = more[0] if more else 0
        return Event(f"container.{what}", name, _ns(at), "docker", origin, data)

    def _port(self, at: float, content: str, origin: Any = "live") -> Iterator[Event]:
        if not content.strip():
            yield Event("port.cleared", "gluetun", _ns(at), "files", origin, {"container": "gluetun"})
            return
        ports = [int(line) for line in content.split()]
        data = {"container": "gluetun", "port": ports[0], "ports": ports, "generation": f"{_ns(at)}-1"}
        yield Event("port.forwarded", "gluetun", _ns(at), "files", origin, data)
        old, self._last_port = self._last_port, ports[0]
        if old not in (None, ports[0]):
            data = {"container": "gluetun", "port": ports[0], "old_port": old}
            yield Event("port.changed", "gluetun", _ns(at), "files", origin, data)


def main() -> None:
    """Write them all anew."""
    for number, line in enumerate(STORIES.read_text("utf-8").splitlines(), start=1):
        story = json.loads(line)
        words = "-".join(re.findall(r"[a-z0-9]+", story["story"].lower())[:6])
        text = [json.dumps({"//": f"a real gluetun, as recorded: {story['story']}"}, ensure_ascii=False)]
        text += [jsonl.dumps(event) for event in Telling().events(story["rows"])]
        (FOLDER / f"real-{number:02}-{words}.jsonl").write_text("\n".join(text) + "\n", encoding="utf-8")


def _ns(at: float) -> int:
    return BEGAN_NS + round(at * 1e9)


if __name__ == "__main__":
    main()
