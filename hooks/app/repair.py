"""A rules file that is broken at the start: gluehook stays up, says so, is unhealthy, and waits for its repair."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path

from hooks.app import loading
from hooks.app.loading import Loaded
from hooks.app.reload import complaint, generation, reason
from hooks.app.shutdown import Stop
from hooks.config.settings import Settings
from hooks.events import signals
from hooks.rules.table import Table
from hooks.runtime import heartbeat

_LOOK_S = 0.5  # an editor that writes in two steps is through by then


class Repair:
    """The wait for a good rules file."""

    def __init__(self, settings: Settings) -> None:
        self._file = settings.gluehook_rules
        self._heartbeat = Path(settings.gluehook_state) / heartbeat.FILE_NAME
        self._stop = threading.Event()
        self._said, self._next_beat = "", 0.0

    def wait(self, loaded: Loaded, stop: Stop) -> Table | None:
        """The table once the file is good; None if we are told to stop before."""
        stop.leads_to(self._stop.set)
        seen: tuple[int, ...] = ()  # it may have changed since it was read: read it once more
        self._complain(loaded)
        while not self._stop.wait(_LOOK_S):
            now, late = generation(self._file), time.monotonic() >= self._next_beat
            # errors are about the loading itself, which may go well the next time
            if now != seen or (loaded.errors and late):
                seen, loaded = now, loading.begin(self._file).result()
                if loaded.table:
                    return loaded.table
                self._complain(loaded)
            elif late:
                self._beat(loaded)
        return None

    def _complain(self, loaded: Loaded) -> None:
        self._beat(loaded)
        said = complaint(loaded)
        if said != self._said:
            self._said = said
            signals.emit(
                signals.problem, said=f"no rule is in force; {self._file} is read again when it changes\n{said}"
            )

    def _beat(self, loaded: Loaded) -> None:
        self._next_beat = time.monotonic() + heartbeat.BEAT_S
        report = {
            "time": time.time(), "sources": {}, "overdue": [], "rules": 0, "port_used": False, "gluetun_runs": False,
            "port": [], "port_since": time.time(), "rules_reason": reason(loaded), "journal": "",
        }  # fmt: skip
        with suppress(OSError):  # without a heartbeat the health check fails as well
            self._heartbeat.parent.mkdir(parents=True, exist_ok=True)
            heartbeat.write(str(self._heartbeat), report)
