"""Pauses: for a while no run of a rule, or of any, starts. Events are followed; at the end there is a resync."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from hooks.events import signals
from hooks.events.durations import format_duration as duration
from hooks.events.wall_clock import local_time
from hooks.journal.journal import Journal
from hooks.journal.trace_rows import Decided
from hooks.runtime.dispatcher import Dispatcher

_END_WAIT_S = 60.0  # for the loop to come to the end of a pause
_ALL = ""  # in the journal, where a rule's name would stand


class Pauses:
    """Which rules are paused, and until when (seconds since the Unix epoch); None stands for all rules.

    They outlive a restart. Every method must be called on the dispatcher's thread, or before it runs.
    """

    def __init__(self, dispatcher: Dispatcher, journal: Journal, resync: Callable[[], None]) -> None:
        self._dispatcher, self._journal, self._resync = dispatcher, journal, resync
        self._until: dict[str | None, float] = {}
        self._alarms: dict[str | None, threading.Timer] = {}
        for name, until in dict(journal.load("pauses") or {}).items():
            if (left_s := until - time.time()) > 0:
                self._begin(name or None, left_s)
        for rule in self._until:
            signals.emit(signals.command_done, said=f"still paused: {self._what(rule)}")

    def pause(self, rule: str | None, for_s: float) -> str:
        """Start nothing for `for_s` seconds; this replaces an earlier pause. Returns the sentence for the owner."""
        self._begin(rule, for_s)
        self._save()
        self._trace("paused", rule, self._until[rule])
        said = f"paused for {duration(for_s)}: {self._what(rule)}"
        signals.emit(signals.command_done, said=said)
        return said

    def resume(self, rule: str | None) -> str:
        """End the pause of this rule, or every pause (None). Returns the sentence for the owner."""
        if rule and rule not in self._until:
            return f"{rule} is not paused by itself{self._still()}"
        return self._end([rule] if rule else list(self._until)) if self._until else "nothing is paused"

    def of(self, rule: str) -> float:
        """Until when this rule is paused; 0 if it is not."""
        return max(self._until.get(None, 0.0), self._until.get(rule, 0.0))

    def all(self) -> dict[str | None, float]:
        """Every pause: until when the rule of this name, or each of them (None), is paused."""
        return dict(self._until)

    def close(self) -> None:
        """Cancel the alarms."""
        for alarm in self._alarms.values():
            alarm.cancel()

    def _begin(self, rule: str | None, for_s: float) -> None:
        if rule in self._alarms:
            self._alarms[rule].cancel()
        self._until[rule] = time.time() + for_s
        self._dispatcher.engine.pause(rule, self._dispatcher.now() + for_s)
        alarm = self._alarms[rule] = threading.Timer(for_s, self._end_at_its_time, (rule, self._until[rule]))
        alarm.daemon = True
        alarm.start()

    def _end_at_its_time(self, rule: str | None, until: float) -> None:
        with suppress(TimeoutError):  # gluehook ends, and a start begins with a resync
            # by then it may have been replaced by another
            self._dispatcher.call(lambda: self._until.get(rule) == until and self._end([rule]), _END_WAIT_S)

    def _end(self, rules: list[str | None]) -> str:
        for rule in rules:
            self._alarms.pop(rule).cancel()
            del self._until[rule]
            self._trace("resumed", rule)
            self._dispatcher.engine.unpause(rule)
        self._save()
        self._resync()
        names = ", ".join(rule or "all rules" for rule in rules)
        said = f"the pause of {names} is over{self._still()}; the states are read again"
        signals.emit(signals.command_done, said=said)
        return said

    def _what(self, rule: str | None) -> str:
        return f"no run of {rule or 'any rule'} starts until {local_time(self._until[rule])}; events are followed"

    def _still(self) -> str:
        return f" (still paused: {', '.join(rule or 'all rules' for rule in self._until)})" if self._until else ""

    def _trace(self, kind: str, rule: str | None, until: float | None = None) -> None:
        self._journal.write([Decided(time.time(), rule or _ALL, "", kind, until=until)])

    def _save(self) -> None:
        self._journal.save("pauses", {rule or _ALL: until for rule, until in self._until.items()} or None)
