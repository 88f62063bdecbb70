"""Waits for a running gluehook to tell that something has changed, for `gluehook status --watch`."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from hooks.control.client import NotRunning, follow
from hooks.control.server import Refused

LEAST_S = 0.3  # between two ends of `wait`: a burst must not read the server all the time
_AGAIN_S = 1.0  # between two looks for a gluehook that runs
_KINDS = ("event", "run_started", "run_ended", "run_overdue", "source", "rules", "command")


class Changes:
    """Follows the gluehook on the state folder `state`, in a thread that ends with the process."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._came, self._never = threading.Event(), threading.Event()
        self._last = time.monotonic()
        threading.Thread(target=self._follow, name="changes", daemon=True).start()

    def wait(self, most_s: float) -> bool:
        """Wait until something has changed since the last call, `most_s` at most. Whether something has."""
        has_changed = self._came.wait(most_s)
        self._never.wait(max(0.0, self._last + LEAST_S - time.monotonic()))
        self._came.clear()
        self._last = time.monotonic()
        return has_changed

    def _follow(self) -> None:
        is_first = True
        while True:
            try:
                for item in follow(self._state, _KINDS):
                    if _is_change(item) and not (is_first and item["kind"] == "hello"):
                        self._came.set()
                self._came.set()  # it has stopped
            except (NotRunning, Refused):
                pass
            is_first = False
            self._never.wait(_AGAIN_S)


def _is_change(item: dict[str, object]) -> bool:
    event = item.get("event")
    # reading a server may need a command in a container, and must not be its own cause
    by_reading = isinstance(event, dict) and str(event.get("type")).startswith("container.exec_")
    return item["kind"] != "beat" and not by_reading
