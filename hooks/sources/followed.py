"""What a followed file means: the port file is a state of the world, any other file is news of its own."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from hooks.events.catalogue import Event
from hooks.sources import port_file
from hooks.world.model import PortFile
from hooks.world.tracker import Tracker

# Kernels stamp files from a clock that ticks every 4 to 10 ms: within a tick two writes look like one.
_RACY_NS = 20_000_000


class Look(NamedTuple):
    """What one look at a file found."""

    generation: str  # "" where there is no file
    is_news: bool  # it differs from what is believed
    is_empty: bool  # as a file is, too, between being truncated and being written
    blind: str = ""  # why not even its existence can be seen, "" if it can


class Followed(Protocol):
    """A file under observation. Its caller sees to it that one thread at a time looks."""

    @property
    def path(self) -> str:
        """Where it is, absolute."""

    def look(self) -> Look:
        """Read it as it is now. Raises nothing."""

    def believe(self) -> None:
        """Take the last look for true, and tell."""


class FollowedPort:
    """gluetun's port file: the tracker derives the events."""

    def __init__(self, path: str, tracker: Tracker) -> None:
        self.path = path
        self._tracker = tracker
        self._reading = PortFile()

    def look(self) -> Look:
        """Read it as it is now."""
        self._reading = reading = port_file.read(self.path)
        is_empty = bool(reading.generation) and not reading.ports and not reading.reason
        blind = "" if reading.generation else reading.reason
        return Look(reading.generation, reading != self._tracker.world.file, is_empty, blind)

    def believe(self) -> None:
        """Put the last reading into the world."""
        reading = self._reading
        is_first = self._tracker.world.file is None
        self._tracker.update(
            lambda world: world.with_port_file(reading, time.time_ns()), "resync" if is_first else "live"
        )


@dataclass(frozen=True, slots=True)
class _Stat:
    size_bytes: int = -1  # -1: absent
    mtime_ns: int = 0
    generation: str = ""


class FollowedFile:
    """A file that a rule names: `file.written`, `file.emptied`, `file.removed`, never its text."""

    def __init__(self, path: str, post: Callable[[Event], None], now_ns: Callable[[], int] = time.time_ns) -> None:
        self.path = path
        self._post, self._now_ns = post, now_ns
        self._believed: _Stat | None = None
        self._found = _Stat()

    def look(self) -> Look:
        """Read its size and times. The first look only learns what there is: a file's being there is no news."""
        try:
            self._found = found = _stat(self.path)
        except OSError as error:
            why = f"the file {self.path} cannot be seen: {(error.strerror or str(error)).lower()}"
            return Look("", False, False, f"{why}; its directory must be open to gluehook's user; it is tried again")
        if self._believed is None:
            self._believed = found
            return Look(found.generation, False, False)
        racy = abs(self._now_ns() - found.mtime_ns) < _RACY_NS
        return Look(found.generation, racy or found != self._believed, found.size_bytes == 0)

    def believe(self) -> None:
        """Post what has become of it."""
        before, self._believed = self._believed, self._found
        size = self._found.size_bytes
        known_time = before is None or before.mtime_ns == self._found.mtime_ns
        time_ns = self._now_ns() if known_time or size < 0 else self._found.mtime_ns
        data = {"path": self.path} if size < 0 else {"path": self.path, "size": size}
        word = "removed" if size < 0 else "written" if size else "emptied"
        self._post(Event(f"file.{word}", self.path, time_ns, "files", data=data))


def _stat(path: str) -> _Stat:
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        return _Stat()
    if not stat.S_ISREG(found.st_mode):
        return _Stat()
    return _Stat(found.st_size, found.st_mtime_ns, f"{found.st_mtime_ns}-{found.st_ino}-{found.st_size}")
