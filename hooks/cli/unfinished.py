"""Where a run stands that is not over: what the gluehook that runs says, or that none runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hooks.control import client
from hooks.control.server import Refused
from hooks.events.wall_clock import local_time
from hooks.trace.model import TracedRun


def standing(state: Path, run: TracedRun) -> str:
    """One sentence, for a person."""
    try:
        snapshot = client.request(state, "snapshot")[0][0]
    except client.NotRunning:
        return "no gluehook runs on this state folder: it goes on at the next start"
    except (Refused, LookupError) as why:
        return f"the gluehook that runs does not say where it stands ({why})"
    if any(one.get("run") == run.id for one in snapshot.get("running", ())):
        return "it runs now"
    return _waits(snapshot.get("waits", ()), run)


def _waits(waits: Iterable[Mapping[str, Any]], run: TracedRun) -> str:
    for one in waits:
        if (one.get("rule"), one.get("key"), one.get("why")) == (run.rule, run.key, "retry"):
            until = one.get("until")
            return f"its next attempt begins at {local_time(until)}" if until else "its next attempt waits"
    return "it is about to begin, to go on or to end"
