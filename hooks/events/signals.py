"""Signals for the log and for tests: what the running process reports besides events.

Any module may emit a signal; hooks/runtime/log.py turns each into a log line. A signal reports and never controls:
an exception in a receiver is printed to stderr and changes nothing for the code that emitted the signal.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any

from blinker import Signal

# Each text says when the signal is emitted, and after the colon which arguments its receivers get.
event_seen = Signal("an event reaches the engine: event")
accepted = Signal("the lane of a rule has taken an event: note; of every event, so the log does not listen to it")
run_started = Signal("an attempt begins: run")
step_done = Signal("a step of an attempt has ended well: run, number (from 1), use, status, said, took_s, saw")
run_ended = Signal("an attempt has ended: run, result, took_s, note (what the engine decided next, or None)")
run_overdue = Signal("an attempt is beyond its time-out and still running: run, after_s")
decided = Signal("the engine decided something worth a log line: note")
source_lost = Signal("a source of events is unavailable: name, reason")
source_restored = Signal("a source of events is available (again): name, detail")
rules_loaded = Signal("a rules table is in force: table, and after a reload change (how it differs from the last)")
command_done = Signal("a command of the control socket has finished: said")
ready = Signal("every source has been read once: said")
stopping = Signal("no attempt begins any more: said")
stopped = Signal("gluehook is about to exit: said")
settled = Signal("what was reported as a problem is so no more: said")
problem = Signal("something in gluehook went wrong: said, error (the exception) where there is one")


def emit(signal: Signal, **arguments: Any) -> None:
    """Call each receiver of the signal with these arguments. Raises nothing: a failing receiver goes to stderr."""
    for receiver in signal.receivers_for(None):
        try:
            receiver(None, **arguments)
        except Exception:  # noqa: BLE001 - a report must never stop the work
            traceback.print_exc(file=sys.stderr)
