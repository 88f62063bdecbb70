"""What conditions are judged by in a replay and in a rule test: containers and ports after the events so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hooks.events.catalogue import Event
from hooks.rules.facts import ABSENT, Seen, standing
from hooks.rules.time_windows import Clock
from hooks.world.names import Names

_CONTAINER = "container."
_LIFE = {"start": True, "healthy": True, "unhealthy": True, "pause": True, "unpause": True, "die": False,
         "create": False}  # fmt: skip
_PORT_ENDS = frozenset({"container.start", "container.die", "container.destroy"})
_REACH = frozenset({"port.open", "port.closed", "port.unknown"})


class FactsFromEvents:
    """The facts after the events that were taken in. `at` is the instant, ns since the Unix epoch.

    `knows_all`: what no event was about is absent, as in a rule test; else it is not known, as in a recording.
    """

    def __init__(
        self, names: Names, at: Callable[[], int], offset_s: Callable[[float], float], *, knows_all: bool
    ) -> None:
        self._names, self._at, self._offset_s, self._knows_all = names, at, offset_s, knows_all
        self._seen: dict[str, Seen] = {}
        self._health: dict[str, str] = {}
        self._roles: dict[str, dict[str, None]] = {}
        self._ports: dict[str, bool] = {}
        self._open: dict[str, str] = {}  # client -> its gluetun
        self._reach_known = knows_all
        self._lost: set[str] = set()

    @property
    def clock(self) -> Clock:
        """The wall clock."""
        return Clock(self._at() / 1e9, self._offset_s)

    def seen(self, name: str) -> Seen | None:
        """What the container of this name is."""
        if "docker" in self._lost:
            return None
        return self._seen.get(name, ABSENT if self._knows_all else None)

    def of_role(self, role: str) -> Sequence[str] | None:
        """The names of the containers that have this role."""
        found = [name for name in self._roles.get(role, ()) if self._seen.get(name, ABSENT) != ABSENT]
        return found or (() if self._knows_all and "docker" not in self._lost else None)

    def port(self, gluetun: str) -> bool | None:
        """Whether this gluetun forwards a port, "" for the main one."""
        name = gluetun or self._gluetun()
        if "files" in self._lost or f"api:{name}" in self._lost:
            return None
        return self._ports.get(name, False if self._knows_all else None)

    def reach(self, gluetun: str) -> bool | None:
        """Whether peers reach a torrent client on that port."""
        if "qbittorrent" in self._lost or not self._reach_known:
            return None
        return (gluetun or self._gluetun()) in self._open.values()

    def accept(self, event: Event) -> None:
        """Take in an event."""
        kind = event.type
        if kind.startswith(_CONTAINER):
            self._take_container(kind.removeprefix(_CONTAINER), event)
            if kind in _PORT_ENDS and event.data.get("role") == "gluetun":
                self._ports[event.subject] = False
        elif kind in _REACH:
            self._reach_known = True
            self._open.pop(event.subject, None)
            if kind == "port.open":
                self._open[event.subject] = str(event.data.get("gluetun") or self._gluetun())
        elif kind in ("port.forwarded", "port.cleared"):
            self._ports[event.subject] = kind == "port.forwarded"
        elif kind == "source.lost":
            self._lost.add(event.subject)
        elif kind == "source.restored":
            self._lost.discard(event.subject)

    def _take_container(self, word: str, event: Event) -> None:
        name = event.subject
        if word == "rename":
            old = str(event.data.get("old_name"))
            self._seen[name], self._seen[old] = self._seen.get(old, ("running",)), ABSENT
        elif word == "destroy":
            self._seen[name] = ABSENT
        elif word in _LIFE:
            if word in ("healthy", "unhealthy", "start", "die", "create"):
                self._health[name] = word
            running = _LIFE[word]
            self._seen[name] = standing(running=running, paused=word == "pause", health=self._health.get(name, ""))
        else:
            return
        if role := event.data.get("role"):
            self._roles.setdefault(str(role), {})[name] = None

    def _gluetun(self) -> str:
        return next(iter(self._roles.get("gluetun", ())), self._names.first("gluetun"))
