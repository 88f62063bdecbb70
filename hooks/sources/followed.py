"""What a followed file means: the port file is a state of the world, any other file is posted as `file.*` events."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from hooks.events.catalogue import Event
from hooks.sources import port_file
from hooks.world.changes import port_file_read
from hooks.world.model import PortFile, World
from hooks.world.tracker import Tracker

# Kernels stamp files from a clock that ticks every 4 to 10 ms: within a tick two writes look like one.
_RACY_NS = 20_000_000


class Reading(NamedTuple):
    """What one reading of a file found."""

    generation: str  # "" where there is no file
    is_new: bool  # it differs from the last accepted reading
    is_empty: bool  # so is a file between being truncated and being written
    unreadable: str = ""  # the reason why not even its existence is known, "" if it is


class Followed(Protocol):
    """A file under observation. The caller makes sure that one thread at a time uses it."""

    @property
    def path(self) -> str:
        """Where it is, absolute."""

    def read(self) -> Reading:
        """Read it as it is now. Raises nothing."""

    def accept(self) -> None:
        """Take the last reading for true, and post what follows from it."""


class FollowedPort:
    """gluetun's port file: the tracker posts the events.

    `gluetun` is whose port it is, "" for the main one. `replaced(reading)` says whether gluetun's control server has
    the word instead; `accepted()` is called after a change. For another than the main one both get its name as
    the last argument.
    """

    def __init__(
        self, path: str, tracker: Tracker, replaced: Callable[..., bool] = lambda *_: False,
        accepted: Callable[..., object] = lambda *_: None, gluetun: str = "",
    ) -> None:  # fmt: skip
        self.path, self.gluetun = path, gluetun
        self._whose = (gluetun,) if gluetun else ()
        self._tracker, self._replaced, self._accepted = tracker, replaced, accepted
        self._last = PortFile()

    def read(self) -> Reading:
        """Read it as it is now."""
        self._last = reading = port_file.read(self.path)
        if self._replaced(reading, *self._whose):
            return Reading(reading.generation, False, False)
        unreadable = "" if reading.generation else reading.reason
        is_new = reading != self._known()
        if not is_new and not self.gluetun:
            self._tracker.port_was_read()
        return Reading(reading.generation, is_new, reading.is_empty, unreadable)

    def accept(self) -> None:
        """Put the last reading into the world."""
        reading = self._last
        is_first = self._known() is None
        read = port_file_read(reading, time.time_ns(), self.gluetun)

        def change(world: World) -> World:
            # the control server may have answered since the file was read
            return world if self._replaced(reading, *self._whose) else read(world)

        self._tracker.update(change, "resync" if is_first else "live")
        self._accepted(*self._whose)

    def _known(self) -> PortFile | None:
        world = self._tracker.world
        return world.port_of(self.gluetun).file if self.gluetun else world.file


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
        self._accepted: _Stat | None = None
        self._found = _Stat()

    def read(self) -> Reading:
        """Read its size and times. The first reading is only kept, because a file that exists is no event."""
        try:
            self._found = found = _stat(self.path)
        except OSError as error:
            why = f"the file {self.path} cannot be read: {(error.strerror or str(error)).lower()}"
            return Reading("", False, False, f"{why}; its directory must be open to gluehook's user; it is tried again")
        if self._accepted is None:
            self._accepted = found
            return Reading(found.generation, False, False)
        racy = abs(self._now_ns() - found.mtime_ns) < _RACY_NS
        return Reading(found.generation, racy or found != self._accepted, found.size_bytes == 0)

    def accept(self) -> None:
        """Post the change of it."""
        before, self._accepted = self._accepted, self._found
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
