"""gluehook's own state, read from its state folder: the heartbeat, the journal, the handlers' memory.

`hooks.cli` hands `read` and `DoctorMemory` to the collector of facts. Status and doctor are processes of their own:
they ask nothing of the running gluehook, and work as well when it does not run.

Guaranteed: of gluehook's own files none is changed. `read` raises nothing: a journal that cannot be read is a fact. A
credential that gluehook found rejected is not tried here, and one that was found rejected here is tried again after an
hour at the earliest: qBittorrent bans an address after five wrong passwords.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from handlers.containers.ours import KEY
from hooks.doctor.facts.model import Gluehook
from hooks.events.wall_clock import local_time
from hooks.events.wording import counted
from hooks.journal.journal import FILE_NAME
from hooks.journal.store import Store
from hooks.runtime import heartbeat
from hooks.runtime.handler_memory import Memory

REJECTION_S = 3600.0
"""How long a credential that was found rejected here is not tried again, in seconds."""


def read(state: Path, errors: int = 0) -> Gluehook:
    """gluehook itself, by the files in `state`, its state folder.

    `errors` is how many the rules file has now, for a gluehook that does not run.
    """
    now = time.time()
    healthy, sentences = heartbeat.judge(str(state / heartbeat.FILE_NAME), now)
    report = _object(state / heartbeat.FILE_NAME)
    rejected = str(report.get("rules_rejected") or "") or (f"it has {counted(errors, 'error')}" if errors else "")
    try:
        journaled = _journal(state / FILE_NAME, now)
    except (sqlite3.Error, OSError, ValueError, TypeError, AttributeError) as error:
        journaled = {"journal_error": f"the journal {state / FILE_NAME} cannot be read ({error})"}
    acts = _acts(_object(state / "memory.json"), journaled.pop("unpaused_at", {}))
    return Gluehook(healthy, tuple(sentences), rules_rejected=rejected, waits=_waits(report), acts=acts, **journaled)


class DoctorMemory:
    """The handlers' memory for status and doctor: gluehook's own is only read; new values go to a file beside it."""

    def __init__(self, state: Path) -> None:
        self._gluehooks = state / "memory.json"
        self._settled: set[str] = set()  # keys for which gluehook's value is out of date
        self._ours: Memory | dict[str, Any] = Memory(state / "onlooker.json") if state.is_dir() else {}

    def get(self, key: str) -> Any:
        """The value, or None. gluehook's file is read each time: gluehook may write it meanwhile."""
        ours = self._ours.get(key)
        if ours is not None or key in self._settled:
            return ours
        return _object(self._gluehooks).get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep it; None removes it. A rejection ends by itself, because `gluehook retry` does not reach this file."""
        self._settled.add(key)
        if isinstance(value, dict) and "until_s" in value and value["until_s"] is None:
            value = {**value, "until_s": time.time() + REJECTION_S}
        if isinstance(self._ours, Memory):
            self._ours.put(key, value)
        else:
            self._ours[key] = value


def _object(file: Path) -> dict[str, Any]:
    """The JSON object in a file, an empty one where there is none."""
    with suppress(OSError, ValueError, TypeError):
        return dict(json.loads(file.read_bytes()))
    return {}


def _acts(memory: Mapping[str, Any], unpaused_at: Mapping[str, int]) -> dict[str, Any]:
    """What rules have stopped and paused, by container, without a pause that gluehook has seen end."""
    found = {key.removeprefix(KEY): note for key, note in memory.items() if key.startswith(KEY)}
    return {
        name: note
        for name, note in found.items()
        if isinstance(note, dict) and (note.get("what") != "paused" or unpaused_at.get(name, 0) <= _acted_at(note))
    }


def _acted_at(note: Mapping[str, Any]) -> float:
    """When, in ns since the Unix epoch: as Docker showed it, else when it was requested."""
    with suppress(ValueError, TypeError):
        return float(note.get("at") or 0) or float(note.get("asked_at") or 0) * 1e9
    return 0.0


def _waits(report: Mapping[str, Any]) -> tuple[str, ...]:
    """What waits for conditions in a gluehook that runs."""
    found = report.get("waits")
    return tuple(map(str, found)) if isinstance(found, list) and not report.get("stopped") else ()


def _journal(path: Path, now: float) -> dict[str, Any]:
    """The fields of `Gluehook` that the journal knows."""
    if not path.exists():
        return {}
    journal = Store(path, read_only=True)
    try:
        pauses, world = journal.get("pauses") or {}, journal.get("world") or {}
        runs = journal.history(most=1)
    finally:
        journal.close()
    return {
        "last_run": f"{runs[0]['id']}, {local_time(runs[0]['began'])}" if runs else "",
        "pauses": {rule: until for rule, until in pauses.items() if until > now},
        "earlier_ids": world.get("earlier") or {},
        "unpaused_at": {
            str(one.get("name")): int(one.get("unpaused_at") or 0) for one in world.get("containers") or ()
        },
    }
