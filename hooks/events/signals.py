"""The news: who listens hears what happens. Never the work: a listener that raises stops nothing."""

from __future__ import annotations

import sys
import traceback
from typing import Any

from blinker import Signal

event_seen = Signal("an event reaches the engine: event")
run_started = Signal("an attempt begins: run")
run_ended = Signal("an attempt has ended: run, result, took_s, note (what the engine decided next, or None)")
run_overdue = Signal("an attempt is beyond its time-out and still at work: run, after_s")
noted = Signal("the engine decided something worth telling: note")
source_lost = Signal("a source cannot be seen: name, reason")
source_restored = Signal("a source is seen (again): name, detail")
rules_loaded = Signal("a rules table is in force: table, and after a reload change (what is new about it)")
asked = Signal("the owner has asked for something, and it is done or has ended: said")
ready = Signal("every source has been looked at once: said")
stopping = Signal("no attempt begins any more: said")
stopped = Signal("gluehook is about to end: said")
trouble = Signal("something of ours went wrong: said, error (the exception) where there is one")


def tell(signal: Signal, **news: Any) -> None:
    """Send the news to each listener; one that raises is reported on stderr and left alone."""
    for listener in signal.receivers_for(None):
        try:
            listener(None, **news)
        except Exception:  # noqa: BLE001 - news must never stop the work
            traceback.print_exc(file=sys.stderr)
