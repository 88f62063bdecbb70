"""The handlers' memory across restarts: a small JSON file that is always whole, whatever instant a kill comes at."""

from __future__ import annotations

import copy
import json
import threading
import time
from pathlib import Path
from typing import Any

from hooks.events import signals
from hooks.handler import WARNING, rejecting_address
from hooks.storage import atomic_files, own_files


class Memory:
    """Keys and JSON values in one file, mode 0600. Thread-safe. A full or read-only disk is said once, never raised."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        self._written = True  # whether the file holds what we hold
        self._values = self._load()

    def get(self, key: str) -> Any:
        """A copy of the value, or None."""
        with self._lock:
            return copy.deepcopy(self._values.get(key))

    def put(self, key: str, value: Any) -> None:
        """Store the value on disk before returning; None removes the key. Raises TypeError or ValueError: no JSON."""
        kept = json.loads(json.dumps(value, allow_nan=False))
        with self._lock:
            if self._written and self._values.get(key) == kept:
                return
            if kept is None:
                self._values.pop(key, None)
            else:
                self._values[key] = kept
            self._save()

    def warnings(self) -> list[str]:
        """The sentences that handlers left for `gluehook health`."""
        with self._lock:
            return [str(value) for key, value in sorted(self._values.items()) if key.startswith(WARNING)]

    def forget_rejections(self) -> list[str]:
        """Remove every rejected credential, so that it is tried again; the addresses that had rejected one, sorted."""
        with self._lock:
            forgotten = {key: address for key in self._values if (address := rejecting_address(key))}
            for key in forgotten:
                del self._values[key]
            if forgotten:
                self._save()
        return sorted(forgotten.values())

    def _load(self) -> dict[str, Any]:
        try:
            values = json.loads(self._path.read_bytes())
            if isinstance(values, dict):
                # the rules run anew at a start, and a rule that is gone can take no warning back
                return {key: value for key, value in values.items() if not key.startswith(WARNING)}
        except FileNotFoundError:
            return {}
        except OSError as error:
            self._say(f"cannot be read ({error.strerror}); starting with an empty memory")
            return {}
        except (ValueError, RecursionError):
            pass
        self._put_aside()
        return {}

    def _put_aside(self) -> None:
        aside = self._path.with_name(f"{self._path.name}.broken-{time.time_ns()}")
        try:
            self._path.rename(aside)
        except OSError as error:
            self._say(
                f"holds no JSON object and cannot be moved aside ({error.strerror}); starting with an empty memory"
            )
        else:
            self._say(f"held no JSON object; it was moved to {aside}, and gluehook starts with an empty memory")

    def _save(self) -> None:
        try:
            own_files.make_folder(self._path.parent)
            atomic_files.replace(self._path, json.dumps(self._values, indent=1, sort_keys=True).encode())
        except OSError as error:
            if self._written:
                self._say(f"cannot be written ({error.strerror}); memory is kept until the next restart only, "
                          "and the file is tried again at each change")  # fmt: skip
            self._written = False
        else:
            self._written = True

    def _say(self, what: str) -> None:
        signals.emit(signals.problem, said=f"memory: {self._path} {what}")
