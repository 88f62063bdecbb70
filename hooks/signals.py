"""The news: who listens hears what happens. Never the work: a listener that raises stops nothing."""

from __future__ import annotations

import sys
import traceback
from typing import Any

from blinker import Signal

event_seen = Signal("an event reached the engine: event")
run_started = Signal("a run's attempt began: run")
run_ended = Signal("a run's attempt ended: run, outcome, note (what happens next)")
noted = Signal("the engine decided something worth telling: note")
source_lost = Signal("a source cannot be seen: name, reason")
source_restored = Signal("a source is seen (again): name, detail")
rules_loaded = Signal("a rules table is in force: table")
trouble = Signal("something of ours went wrong: said")


def tell(signal: Signal, **news: Any) -> None:
    """Send the news to each listener; one that raises is reported on stderr and left alone."""
    for listener in signal.receivers_for(None):
        try:
            listener(None, **news)
        except Exception:  # noqa: BLE001 - news must never stop the work
            traceback.print_exc(file=sys.stderr)
