"""What follows where gluetun's control server cannot be asked: longer pauses, `source.lost`, or one sentence.

It is `source.lost`, once, where the port comes from it, and a `problem`, once, where the file was to give the port.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hooks.events import durations, signals
from hooks.events.catalogue import Event

_REFUSED_S = 60.0  # a person must change something first
_LATE_S = (2.0, 15.0)  # the first and the longest pause while gluetun holds the answer
_LOST_AFTER_S = 15.0  # its control server comes up some seconds after its container
_SILENT_S = 120.0  # auto: how long neither file nor control server may give a port before that is said


@dataclass(slots=True)
class _Row:
    """Failures in a row: since when (monotonic seconds), how many, and whether that was said."""

    since: float = 0.0
    number: int = 0  # of answers that came late; -1 after one that a person must change something for
    said: bool = False
    after_s: float = 0.0  # how long the last answer asks to wait


class Failures:
    """Those of one control server. `name` is the source's; `clock` gives monotonic seconds, `now_ns` the time."""

    def __init__(
        self, name: Callable[[], str], post: Callable[[Event], None], clock: Callable[[], float],
        now_ns: Callable[[], int],
    ) -> None:  # fmt: skip
        self._name, self._post, self._clock, self._now_ns = name, post, clock, now_ns
        self._row = _Row()
        self._lost, self._since_s = "", now_ns() / 1e9

    def health(self) -> dict[str, object]:
        """For the heartbeat: `connected`, `since` when (s since the epoch), and the `reason` if not."""
        return {"connected": not self._lost, "since": self._since_s, "reason": self._lost}

    def add(self, error: Exception, *, in_use: bool, file: str) -> None:
        """It could not be asked. `in_use`: the port comes from it; else `file` was to give the port."""
        row, now = self._row, self._clock()
        row.since = row.since or now
        is_final, is_late = bool(getattr(error, "is_final", False)), getattr(error, "kind", "") == "late"
        row.after_s = getattr(error, "after", None) or 0.0
        row.number = -1 if is_final else max(row.number, 0) + 1 if is_late else 0
        said = getattr(error, "said", f"the poll failed ({type(error).__name__}: {error})")
        if in_use:
            if is_final or now - row.since >= (6 if is_late else 1) * _LOST_AFTER_S:
                self._lose(said)
        elif now - row.since >= _SILENT_S and not row.said:
            row.said = True
            signals.emit(
                signals.problem,
                said=f"there is no port: no port file {file} that gluetun wrote since its start, and its control "
                f"server cannot be asked instead: {said}",
            )

    def end(self, detail: str) -> None:
        """It answers again, or nothing depends on it now."""
        self._row = _Row()
        if self._lost:
            name = self._name()
            self._lost, self._since_s = "", self._now_ns() / 1e9
            self._post(Event("source.restored", name, self._now_ns(), name, data={"name": name}))
            signals.emit(signals.source_restored, name=name, detail=detail)

    def hurry(self) -> None:
        """Something has changed: make no longer pauses until it fails again."""
        self._row.number = 0

    def pause_s(self) -> float | None:
        """How long not to ask after the last failure; None for as long as without one."""
        if self._row.after_s > 0:
            return self._row.after_s
        if self._row.number < 0:
            return _REFUSED_S
        return durations.backoff(*_LATE_S, self._row.number - 1) if self._row.number else None

    def _lose(self, reason: str) -> None:
        if not self._lost:
            name = self._name()
            self._since_s = self._now_ns() / 1e9
            self._post(Event("source.lost", name, self._now_ns(), name, data={"name": name, "reason": reason}))
            signals.emit(signals.source_lost, name=name, reason=reason)
        self._lost = reason
