"""Lines of Docker's event stream as events: each event once, and whatever is no event is refused by itself and counted.

The keeper (docker.py) gives it every line. What a line holds comes from outside, image labels among it: nothing of it
may end the keeper, and nothing may reach the journal that the journal cannot store.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from hooks.docker.client import where
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.events.jsonl import from_docker
from hooks.events.wording import counted

_KEPT_KEYS = 1024  # of events, four times as many as Docker can send again
_LATEST = 2**63  # ns since the Unix epoch: the journal stores 64 bits
_SHOWN = 80  # bytes


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says. `event` is None where the catalogue has no place for it."""

    time: int  # ns since the Unix epoch
    ident: str
    action: str
    event: Event | None


class Lines:
    """Reads lines, and remembers which events it has seen. `refused` counts the lines that were no events."""

    def __init__(self) -> None:
        self.refused = self._reported = 0
        self._seen: dict[tuple[int, str, str], None] = {}  # keys of events, in their order

    def read(self, line: bytes, opened_at: int) -> Line | None:
        """The line, or None for one that was seen before or is no event; the first of those is reported.

        One from before `opened_at` (ns since the Unix epoch) is from the backlog.
        """
        try:
            raw = json.loads(line)
            key = (int(raw["timeNano"]), str(raw["Actor"]["ID"]), str(raw["Type"] + raw["Action"]))
            "".join(key[1:]).encode()  # a lone surrogate is no text that a log can take
            if not 0 <= key[0] < _LATEST:
                raise ValueError("its time is no ns since the Unix epoch")  # noqa: TRY301 - it ends as all others do
            event = from_docker(raw, "backlog" if key[0] < opened_at else "live")
        except Exception as error:  # noqa: BLE001 - whatever it holds
            self._refuse(line, error)
            return None
        if key in self._seen:
            return None
        self._seen[key] = None
        if len(self._seen) > _KEPT_KEYS:
            del self._seen[next(iter(self._seen))]
        return Line(key[0], key[1], raw["Action"], event)

    def report_refused(self) -> None:
        """Report how many more lines were refused since the last report."""
        more = self.refused - self._reported
        if more:
            said = f"Docker at {where()} sent {counted(more, 'more line')} that could not be read; they were skipped"
            signals.emit(signals.problem, said=said)
        self._reported = self.refused

    def _refuse(self, line: bytes, error: Exception) -> None:
        self.refused += 1
        if self.refused == 1:
            said = f"Docker at {where()} sent a line that is no event ({type(error).__name__}: {line[:_SHOWN]!r}); "
            said += "such lines are skipped, and every 5 minutes their number is reported"
            signals.emit(signals.problem, said=said, error=error)
            self._reported = 1
