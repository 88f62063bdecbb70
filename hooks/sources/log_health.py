"""Whether logs can be read, and what is said of it: once when it is lost, and once when it is well again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.events.wording import counted

_NAME = "logs"
_AGAIN = "it is tried again all the time"
_NO_DRIVER = ("does not support reading", "'none' log driver", "not logging output")


class LogHealth:
    """By container. `post` takes source.lost and source.restored."""

    def __init__(self, post: Callable[[Event], None]) -> None:
        self._post = post
        self._lost: dict[str, str] = {}
        self._unreadable: dict[str, str] = {}
        self._reason, self._since = "", time.time_ns()

    def take(self, kind: str, name: str, said: str) -> None:
        """An answer of the process: open, lost or unreadable."""
        if kind == "unreadable":
            self._report_unreadable(name, said)
        elif kind == "open" and self._unreadable.pop(name, ""):
            signals.emit(signals.problem, said=f"the log of {name} can be read again")
        if kind == "lost":
            self._lost[name] = said
        else:
            self._lost.pop(name, None)
        self._judge()

    def lose_all(self, reason: str) -> None:
        """The process that follows logs has ended."""
        self._lost[""] = reason
        self._judge()

    def keep(self, names: Iterable[str]) -> None:
        """Only these are followed, by a process that runs."""
        kept = frozenset(names)
        self._lost = {name: said for name, said in self._lost.items() if name in kept}
        self._unreadable = {name: said for name, said in self._unreadable.items() if name in kept}
        self._judge()

    def plain(self) -> dict[str, Any]:
        """For the heartbeat, as the other sources."""
        return {"connected": not self._reason, "since": self._since / 1e9, "reason": self._reason}

    def warnings(self) -> list[str]:
        """One sentence for each log that cannot be read."""
        return [f"the log of {name} cannot be read: {said}" for name, said in dict(self._unreadable).items()]

    def report_dropped(self, name: str, count: int) -> None:
        """Lines were dropped."""
        lines = counted(count, "line")
        said = f"{name} writes so many lines that rules want that {lines} {'was' if count == 1 else 'were'} dropped in "
        more = "the last minute; 50 a second are let through, and 1,000 after a pause: let the rule's line be narrower"
        signals.emit(signals.problem, said=said + more)

    def _report_unreadable(self, name: str, said: str) -> None:
        cure = ""
        if any(word in said for word in _NO_DRIVER):
            cure = (
                "; its logging driver keeps nothing that can be read: set another one for it, such as local (Docker) "
            )
            cure += "or k8s-file (Podman), and re-create it"
        reason = f"{said}{cure}"
        if self._unreadable.get(name) != reason:
            self._unreadable[name] = reason
            signals.emit(signals.problem, said=f"the log of {name} cannot be read: {reason}; {_AGAIN}")

    def _judge(self) -> None:
        reason = next(iter(self._lost.values()), "")
        if bool(reason) != bool(self._reason):
            self._since = time.time_ns()
            if reason:
                self._post(self._own_event("source.lost", reason=reason))
                signals.emit(signals.source_lost, name=_NAME, reason=f"{reason}; {_AGAIN}")
            else:
                self._post(self._own_event("source.restored"))
                signals.emit(signals.source_restored, name=_NAME)
        self._reason = reason

    def _own_event(self, kind: str, **data: str) -> Event:
        return Event(kind, _NAME, time.time_ns(), _NAME, data={"name": _NAME, **data})
