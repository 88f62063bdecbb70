"""What somebody beside the running gluehook can know of it: its heartbeat, its journal, what its handlers remember."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hooks.doctor.facts.model import Gluehook
from hooks.events.wall_clock import local_time
from hooks.events.wording import counted
from hooks.journal.journal import FILE_NAME
from hooks.journal.store import Journal
from hooks.runtime import heartbeat
from hooks.runtime.handler_memory import Memory

_REJECTION_S = 3600.0  # so long we do not show a credential again that we found rejected: qBittorrent bans after five


def read(state: Path, errors: int = 0) -> Gluehook:
    """gluehook itself. Nothing is asked of it, and nothing in the folder is changed.

    `errors` are those of the rules file as it is now, for a gluehook that does not run.
    """
    now = time.time()
    well, says = heartbeat.judge(str(state / heartbeat.FILE_NAME), now)
    report = _object(state / heartbeat.FILE_NAME)
    rejected = str(report.get("rules_rejected") or "") or (f"it has {counted(errors, 'error')}" if errors else "")
    told = Gluehook(well, tuple(says), rules_rejected=rejected)
    try:
        kept = _journal(state / FILE_NAME, now)
    except (sqlite3.Error, OSError, ValueError, TypeError, AttributeError) as error:
        kept = {"journal_error": f"the journal {state / FILE_NAME} cannot be read ({error})"}
    return replace(told, **kept)


class DoctorMemory:
    """A handler's memory for an onlooker: gluehook's is only read, and what we find out is kept beside it."""

    def __init__(self, state: Path) -> None:
        self._gluehooks = state / "memory.json"
        self._settled: set[str] = set()  # what gluehook remembers and we know better
        self._ours: Memory | dict[str, Any] = Memory(state / "onlooker.json") if state.is_dir() else {}

    def get(self, key: str) -> Any:
        """The value, or None. gluehook's is read each time: it goes on meanwhile."""
        ours = self._ours.get(key)
        if ours is not None or key in self._settled:
            return ours
        return _object(self._gluehooks).get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep it. A rejection ends by itself, for no `gluehook retry` reaches this file."""
        self._settled.add(key)
        if isinstance(value, dict) and "until_s" in value and value["until_s"] is None:
            value = {**value, "until_s": time.time() + _REJECTION_S}
        if isinstance(self._ours, Memory):
            self._ours.put(key, value)
        else:
            self._ours[key] = value


def _object(file: Path) -> dict[str, Any]:
    """A JSON object, an empty one where there is none."""
    with suppress(OSError, ValueError, TypeError):
        return dict(json.loads(file.read_bytes()))
    return {}


def _journal(path: Path, now: float) -> dict[str, Any]:
    """What the journal adds to the facts."""
    if not path.exists():
        return {}
    journal = Journal(path, read_only=True)
    try:
        pauses, world = journal.get("pauses") or {}, journal.get("world") or {}
        runs = journal.history(most=1)
    finally:
        journal.close()
    return {
        "last_run": f"{runs[0]['id']}, {local_time(runs[0]['began'])}" if runs else "",
        "pauses": {rule: until for rule, until in pauses.items() if until > now},
        "earlier_ids": world.get("earlier") or {},
    }
