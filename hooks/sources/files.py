"""The files source: gluetun's port file into the tracker, and events of the files that rules name. One thread.

app builds it, calls `follow` when the rules change and `read_again` before a due run. inotify (inotify.py) says when to
read; the file itself is always read, events are never counted. Guarantees: a slow poll goes on beside inotify, because
NFS, FUSE and Docker Desktop's mounts report no changes; without inotify the poll is faster. An empty file, and a change
that only the poll found, is accepted at a second reading `settle_s` later, because a writer truncates the file first.
An older reading never replaces a newer one. An unreadable port file is `source.lost`, once, until it can be read. No
exception ends the thread (hooks/threads): the source is lost, and after a second it reads every file anew.
"""

from __future__ import annotations

import errno
import os
import select
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.sources.followed import Followed, FollowedFile, FollowedPort, Reading
from hooks.threads.lasting import LastingThread
from hooks.world.tracker import Tracker

if TYPE_CHECKING:
    from hooks.sources.inotify import Watches

_POLL_WITHOUT_INOTIFY_S = 5.0
_FAILURE_PAUSE_S = (1.0, 5.0)
_STOP_S = 2.0


class FilesSource:
    """Follows files: readings of the port file go into the tracker, events of the other files to `post`.

    `port_file` is None where no rule uses the port. `poll_s` and `settle_s` are seconds, the former may change;
    `now_ns` returns ns since the Unix epoch. `replaced` and `accepted` are those of `FollowedPort`. `ready` is set
    while every followed file is watched and has been read.
    """

    def __init__(
        self,
        tracker: Tracker,
        post: Callable[[Event], None],
        port_file: str | None,
        files: Iterable[str] = (),
        *,
        poll_s: float = 30.0,
        settle_s: float = 0.1,
        now_ns: Callable[[], int] = time.time_ns,
        replaced: Callable[..., bool] = lambda *_: False,
        accepted: Callable[..., object] = lambda *_: None,
        others: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._replaced, self._accepted = replaced, accepted
        self._tracker, self._post, self._now_ns = tracker, post, now_ns
        self.poll_s, self._settle_s = poll_s, settle_s
        self._lock = threading.Lock()  # around "read, then accept": no older reading after a newer one
        self._ports: dict[str, FollowedPort] = {}  # by gluetun, "" for the main one
        self._files: list[Followed] = []  # the port files among them
        self._pending: dict[Followed, tuple[str, float]] = {}  # generation at the first reading, when to read again
        self._unreadable: dict[Followed, str] = {}  # by file: the reason
        self._lost, self._since_s = "", now_ns() / 1e9
        self._watches: Watches | None = None
        self._refusal = ""
        self._sweep_at = 0.0
        self._is_swept = False
        self._stopping = False
        self._wakeup = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._wakeup_lock = threading.Lock()
        self.thread = LastingThread(
            self._run, "files", "follows the port file and the rules file", failed=self._report_failed,
            pause_s=_FAILURE_PAUSE_S,
        )  # fmt: skip
        self.ready = threading.Event()
        self.follow(port_file, files, others)

    @property
    def alive(self) -> bool:
        """Whether its thread runs and the files can be read."""
        return self.thread.is_alive() and not self._lost

    def health(self) -> dict[str, object]:
        """For the heartbeat: `connected`, `since` when (s since the epoch), and the `reason` if not."""
        reason = self._lost or ("" if self.thread.is_alive() else "the thread that follows files does not run")
        return {"connected": not reason, "since": self._since_s, "reason": reason}

    def start(self) -> None:
        """Start the thread. Returns at once; `ready` is set when every file has been read."""
        self.thread.start()

    def stop(self) -> None:
        """Stop at once. May be called twice, and without a start."""
        if self._stopping:
            return
        self._stopping = True
        self.thread.stop()
        self._wake()
        self.thread.join(_STOP_S)
        with self._wakeup_lock:
            if not self.thread.is_alive():  # it may hang in a dead network file system
                os.close(self._wakeup)
                self._wakeup = -1

    def follow(
        self, port_file: str | None, files: Iterable[str] = (), others: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Follow these files from now on. A file that was followed before keeps its last reading.

        `others`: the port files of gluetuns besides the main one, by their names.
        """
        with self._lock:
            known = {_identity(file): file for file in self._files}
            wanted: list[Followed] = [FollowedFile(path, self._post, self._now_ns) for path in dict.fromkeys(files)]
            paths = {**({} if port_file is None else {"": port_file}), **others}
            for gluetun, path in paths.items():
                full = str(Path(path).absolute())
                wanted.append(FollowedPort(full, self._tracker, self._replaced, self._accepted, gluetun))
            self._files = [known.get(_identity(file), file) for file in wanted]
            self._ports = {file.gluetun: file for file in self._files if isinstance(file, FollowedPort)}
            self._pending, self._unreadable = {}, {}
            self._sweep_at = 0.0
            self._is_swept = False
            self.ready.clear()
        self._wake()

    def read_again(self, gluetuns: Iterable[str] = ()) -> bool:
        """Read the port files of these gluetuns into the tracker now, from any thread. False if one cannot be read.

        A gluetun without a file of its own has the main one.
        """
        ports = {self._ports.get(name, self._ports.get("")) for name in (*gluetuns,) or ("",)} - {None}
        for port in ports:
            if port:
                self._read(port, complete=True)
        self._wake()  # an empty file gets its second reading
        return not any(port in self._unreadable for port in ports if port)

    # -- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        self._sweep_at = 0.0
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._close_watches()

    def _turn(self) -> None:
        now = time.monotonic()
        if now >= self._sweep_at:
            self._sweep()
        self._read_all([file for file, (_, due) in list(self._pending.items()) if due <= now], complete=False)
        if self._is_swept and not self._pending:  # a first reading that is not settled yet is no knowledge
            self.ready.set()
        touched, moved = self._wait()
        self._read_all([file for file in self._files if file.path in touched], complete=True)
        if moved and self._watch():
            self._read_all(self._files, complete=True)

    def _sweep(self) -> None:
        # first of all, because a `follow` during the sweep sets it to 0 for another one
        self._sweep_at = time.monotonic() + self.poll_s
        is_new = self._watch()
        self._read_all(self._files, complete=is_new)
        if self._refusal:
            self._sweep_at = min(self._sweep_at, time.monotonic() + _POLL_WITHOUT_INOTIFY_S)
        self._is_swept = self._sweep_at > 0

    def _wait(self) -> tuple[set[str], bool]:
        """Sleep until something happens or is due. Returns the files to read, and whether to watch anew."""
        until = min([self._sweep_at, *(due for _, due in list(self._pending.values()))])
        poll = select.poll()
        poll.register(self._wakeup, select.POLLIN)
        if self._watches:
            poll.register(self._watches.fd, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(max(0.0, until - time.monotonic()) * 1000)}
        if self._wakeup in ready:
            os.eventfd_read(self._wakeup)
        return self._watches.changed() if self._watches and self._watches.fd in ready else (set(), False)

    def _watch(self) -> bool:
        """Watch the places of the files. True if the watches changed."""
        try:
            if self._watches is None:
                from hooks.sources.inotify import Watches

                self._watches = Watches()
            is_new = self._watches.watch(file.path for file in self._files)
        except (ImportError, OSError) as error:
            self._report_refused(error)
            return False
        self._report_refused(self._watches.refused)
        return is_new

    def _read_all(self, files: list[Followed], *, complete: bool) -> None:
        for file in files:
            self._read(file, complete=complete)

    def _close_watches(self) -> None:
        watches, self._watches = self._watches, None
        if watches:
            watches.close()

    # -- reading ------------------------------------------------------------------------------

    def _read(self, file: Followed, *, complete: bool) -> None:
        """Read one file, and accept the reading if inotify says that it is `complete`, or if it was read twice."""
        with self._lock:
            if file not in self._files:
                return
            reading = file.read()
            self._report_unreadable(file, reading.unreadable)
            if not reading.unreadable and self._is_settled(file, reading, complete=complete):
                file.accept()

    def _is_settled(self, file: Followed, reading: Reading, *, complete: bool) -> bool:
        generation, due = self._pending.pop(file, ("", 0.0))
        if not reading.is_new:
            return False
        if complete and not reading.is_empty:
            return True
        now = time.monotonic()
        read_before = due > 0 and generation == reading.generation
        if read_before and now >= due:
            return True
        self._pending[file] = (reading.generation, due if read_before else now + self._settle_s)
        return False

    # -- reporting ----------------------------------------------------------------------------

    def _report_unreadable(self, file: Followed, why: str) -> None:
        before = self._unreadable.pop(file, "")
        if why:
            self._unreadable[file] = why
        # another unreadable file must not make the rules of the port wait
        reasons = [self._unreadable.get(one, "") for one in list(self._ports.values()) or self._files]
        self._report_lost(reasons[0] if reasons and all(reasons) else "")
        if why != before and why and not self._lost:
            signals.emit(signals.problem, said=why)

    def _report_failed(self, reason: str) -> None:
        with self._lock:
            self._report_lost(reason)

    def _report_lost(self, why: str) -> None:
        was, self._lost = self._lost, why
        if bool(was) != bool(why):
            self._since_s = self._now_ns() / 1e9
        if why and not was:
            self._post(Event("source.lost", "files", self._now_ns(), "files", data={"name": "files", "reason": why}))
            signals.emit(signals.source_lost, name="files", reason=why)
        elif was and not why:
            self._post(Event("source.restored", "files", self._now_ns(), "files", data={"name": "files"}))
            signals.emit(signals.source_restored, name="files", detail="the files can be read again and were read")

    def _report_refused(self, error: Exception | None) -> None:
        said = _refusal(error) if error else ""
        if said and not self._refusal:
            pause_s = min(self.poll_s, _POLL_WITHOUT_INOTIFY_S)
            signals.emit(signals.problem, said=f"{said}; until that works the files are read every {pause_s:g} s")
        self._refusal = said

    def _wake(self) -> None:
        with self._wakeup_lock:
            if self._wakeup >= 0:
                os.eventfd_write(self._wakeup, 1)


def _identity(file: Followed) -> tuple[type, str, str]:
    return type(file), file.path, getattr(file, "gluetun", "")


def _refusal(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"inotify cannot be used, because pyinotify cannot be imported ({error}): install it"
    number = error.errno if isinstance(error, OSError) else None
    where = getattr(error, "filename", None) or "the files' directories"
    if number == errno.ENOSPC:
        return f"inotify cannot watch {where}: the host's fs.inotify.max_user_watches is used up, raise it with sysctl"
    if number == errno.EMFILE:
        return "inotify cannot be used: the host's fs.inotify.max_user_instances is used up, raise it with sysctl"
    return f"inotify cannot watch {where}: {error}"
