"""The directories through which files are reached, under inotify. The only module that knows pyinotify.

Never the file itself: a file that is replaced takes its watch with it. And never pyinotify's own
threads or loop: an exception in a callback, or a file name that is not UTF-8, ends them.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pyinotify

from hooks.events import signals

_MASK = (
    pyinotify.IN_CLOSE_WRITE | pyinotify.IN_MOVED_TO | pyinotify.IN_DELETE | pyinotify.IN_CREATE
    | pyinotify.IN_DELETE_SELF | pyinotify.IN_MOVE_SELF | pyinotify.IN_ONLYDIR
)  # fmt: skip
_GONE = pyinotify.IN_DELETE_SELF | pyinotify.IN_MOVE_SELF | pyinotify.IN_IGNORED | pyinotify.IN_UNMOUNT
_OVERFLOW = (
    "more has happened to files than the kernel keeps (fs.inotify.max_queued_events), and some of it was dropped; "
    "every followed file is read instead"
)
_LINKS_DEEP = 8  # links to links to links
_ROUNDS = 10  # directories that come and go all the time must not hold the thread
_HEADER = struct.Struct("iIII")  # struct inotify_event: wd, mask, cookie, length of the name
_BUFFER_BYTES = 64 * 1024

Place = tuple[str, str]  # (directory, name in it)

# It logs to stderr what it raises anyway, without saying what happens next.
logging.getLogger("pyinotify").disabled = True


def places(path: str, depth: int = 0) -> list[Place]:
    """Each (directory, name) whose change can change what the absolute `path` means.

    The file itself, or the first part of its path that is missing; and each symbolic link on the way.
    """
    found: list[Place] = []
    here = Path("/")
    for name in Path(path).parts[1:]:
        step = here / name
        try:
            target = step.readlink() if step.is_symlink() else None
            step.lstat()
        except OSError:
            return [*found, (str(here), name)]
        if target and depth < _LINKS_DEEP:
            found += [(str(here), name), *places(str(here / target), depth + 1)]
        here = step
    return [*found, (str(here.parent), here.name)] if here.name else found


class _Raw(NamedTuple):
    wd: int
    mask: int
    name: str


class _Notifier(pyinotify.Notifier):  # type: ignore[misc] # pyinotify has no types
    """pyinotify's with less work: three quarters of its time per event go into texts and paths that are not used,
    and a name that is not UTF-8 makes it lose all the events that were read with it."""

    def read_events(self) -> None:
        """Queue the kernel's events for `process_events`."""
        try:
            buffer = os.read(self._fd, _BUFFER_BYTES)
        except BlockingIOError:
            return
        start = 0
        while start < len(buffer):
            wd, mask, _, length = _HEADER.unpack_from(buffer, start)
            start += _HEADER.size + length
            self.append_event(_Raw(wd, mask, os.fsdecode(buffer[start - length : start].rstrip(b"\0"))))

    def process_events(self) -> None:
        """Hand each queued event on as it is."""
        while self._eventq:
            self.proc_fun()(self._eventq.popleft())


class Watches:
    """Watches on every place that matters to some files. Used by one thread.

    `refused` is the last directory's error that kept `watch` from watching it, None if it watches all.
    """

    def __init__(self) -> None:
        """Raises OSError where the kernel grants no inotify instance (EMFILE: fs.inotify.max_user_instances)."""
        self._manager = _manager()
        self.fd: int = self._manager.get_fd()  # for poll(): readable when something has happened
        os.set_inheritable(self.fd, False)  # pyinotify's is not close-on-exec: a child would steal events
        os.set_blocking(self.fd, False)
        self._notifier = _Notifier(self._manager, self._take)
        self._places: dict[tuple[int, str], set[str]] = {}  # (watch descriptor, name) -> the files that it matters to
        self._touched: set[str] = set()
        self._moved = False
        self.refused: OSError | None = None

    def watch(self, paths: Iterable[str]) -> bool:
        """Watch every place that matters to these absolute paths, and no other.

        True if the watches changed: then it is unknown what happened in between, and every file must be read.
        """
        wanted, before = list(paths), self._places
        for _ in range(_ROUNDS):
            known, self._places = self._places, self._watch_places(wanted)
            if self._places == known:  # the places were the same before and after: no change was missed
                break
        for wd in set(self._manager.watches) - {wd for wd, _ in self._places}:
            self._manager.rm_watch(wd)
        return self._places != before

    def changed(self) -> tuple[set[str], bool]:
        """The files to read now, and whether to `watch` anew, from all that has happened since the last call."""
        self._notifier.read_events()
        self._notifier.process_events()
        touched, moved = self._touched, self._moved
        self._touched, self._moved = set(), False
        return touched, moved

    def close(self) -> None:
        """Close the inotify instance with all its watches."""
        self._notifier.stop()

    def _take(self, event: _Raw) -> None:
        known = self._manager.watches
        if event.mask & pyinotify.IN_Q_OVERFLOW:
            signals.emit(signals.problem, said=_OVERFLOW)
        if event.mask & pyinotify.IN_Q_OVERFLOW or (event.mask & _GONE and event.wd in known):
            self._moved = True
            self._touched.update(*self._places.values())
        if event.mask & pyinotify.IN_IGNORED:  # the kernel has removed the watch
            known.pop(event.wd, None)
        paths = self._places.get((event.wd, event.name), set())
        if paths and not event.mask & pyinotify.IN_CLOSE_WRITE:
            self._moved = True
        if not event.mask & pyinotify.IN_CREATE:  # a new file is still empty; its CLOSE_WRITE follows
            self._touched |= paths

    def _watch_places(self, paths: list[str]) -> dict[tuple[int, str], set[str]]:
        self.refused = None
        watched: dict[tuple[int, str], set[str]] = {}
        for path in paths:
            for directory, name in places(path):
                wd = self._descriptor(directory)
                if wd is not None:
                    watched.setdefault((wd, name), set()).add(path)
        return watched

    def _descriptor(self, directory: str) -> int | None:
        try:
            answer: dict[str, int] = self._manager.add_watch(directory, _MASK, quiet=False)
        except pyinotify.WatchManagerError:
            number = ctypes.get_errno()
            if number not in (errno.ENOENT, errno.ENOTDIR):  # gone again: the next round sees that
                self.refused = OSError(number, os.strerror(number), directory)
            return None
        return next(iter(answer.values()))


def _manager() -> Any:
    try:
        return pyinotify.WatchManager()
    except pyinotify.PyinotifyError as error:
        raise OSError(errno.ENOSYS, str(error)) from error
    except OSError as error:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number)) from error
