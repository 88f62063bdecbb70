"""Files as a source of events: gluetun's port file, and the files that rules name.

One thread. inotify says when to look; what is there is always read, never counted. A slow poll stays on,
because inotify is blind on NFS, FUSE and Docker Desktop's mounts.
"""

from __future__ import annotations

import errno
import os
import select
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.sources.followed import Followed, FollowedFile, FollowedPort, Look
from hooks.world.tracker import Tracker

if TYPE_CHECKING:
    from hooks.sources.inotify import Watches

_BLIND_POLL_S = 5.0  # where inotify cannot be had
_TROUBLE_PAUSE_S = 1.0
_STOP_S = 2.0


class FilesSource:
    """Follows files: readings of the port file go into the tracker, news of the others are posted.

    `port_file` is None where no rule uses the port. What only the poll saw, and what is empty, is believed at a second
    look `settle_s` later, because who writes a file truncates it first. `ready` is set while everything that is to be
    followed is watched and was read.
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
    ) -> None:
        self._tracker, self._post, self._now_ns = tracker, post, now_ns
        self._poll_s, self._settle_s = poll_s, settle_s
        self._lock = threading.Lock()  # around "look, then believe": no older reading after a newer one
        self._port: FollowedPort | None = None
        self._files: list[Followed] = []  # the port file among them
        self._doubts: dict[Followed, tuple[str, float]] = {}  # generation at the first look, when to look again
        self._blind: dict[Followed, str] = {}  # why it cannot be seen
        self._lost, self._since_s = "", now_ns() / 1e9
        self._watches: Watches | None = None
        self._refusal = ""
        self._sweep_at = 0.0
        self._stopping = False
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._bell_lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="files", daemon=True)
        self.ready = threading.Event()
        self.follow(port_file, files)

    @property
    def alive(self) -> bool:
        """Whether it runs and sees what it follows."""
        return self._thread.is_alive() and not self._lost

    def health(self) -> dict[str, object]:
        """For the heartbeat: `connected`, `since` when (s since the epoch), and the `reason` if not."""
        reason = self._lost or ("" if self._thread.is_alive() else "the thread that follows files does not run")
        return {"connected": not reason, "since": self._since_s, "reason": reason}

    def start(self) -> None:
        """Begin to watch. Returns at once; `ready` tells when everything was read."""
        self._thread.start()

    def stop(self) -> None:
        """End at once. May be called twice, and without a start."""
        if self._stopping:
            return
        self._stopping = True
        self._ring()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)
        with self._bell_lock:
            if not self._thread.is_alive():  # it may hang in a dead network file system
                os.close(self._bell)
                self._bell = -1

    def follow(self, port_file: str | None, files: Iterable[str] = ()) -> None:
        """Follow these from now on, as soon as `ready` is set again; what is followed already keeps its history."""
        with self._lock:
            known = {(type(file), file.path): file for file in self._files}
            wanted: list[Followed] = [FollowedFile(path, self._post, self._now_ns) for path in dict.fromkeys(files)]
            if port_file is not None:
                wanted.append(FollowedPort(str(Path(port_file).absolute()), self._tracker))
            self._files = [known.get((type(file), file.path), file) for file in wanted]
            self._port = next((file for file in self._files if isinstance(file, FollowedPort)), None)
            self._doubts, self._blind = {}, {}
            self._sweep_at = 0.0
            self.ready.clear()
        self._ring()

    def read_again(self) -> bool:
        """Read the port file into the tracker now, from any thread. False if it cannot be seen."""
        port = self._port
        if port is None:
            return True
        self._look(port, told=True)
        self._ring()  # an empty file gets its second look
        return port not in self._blind

    # -- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 - whatever happens, files are followed
                self._start_over(error)
        self._close_watches()

    def _turn(self) -> None:
        now = time.monotonic()
        if now >= self._sweep_at:
            self._sweep()
        self._look_at([file for file, (_, due) in list(self._doubts.items()) if due <= now], told=False)
        touched, moved = self._wait()
        self._look_at([file for file in self._files if file.path in touched], told=True)
        if moved and self._arm():
            self._look_at(self._files, told=True)

    def _sweep(self) -> None:
        # first of all, because a `follow` meanwhile sets it to 0: there is another sweep to do
        self._sweep_at = time.monotonic() + self._poll_s
        is_new = self._arm()
        self._look_at(self._files, told=is_new)
        if self._refusal:
            self._sweep_at = min(self._sweep_at, time.monotonic() + _BLIND_POLL_S)
        if self._sweep_at > 0:
            self.ready.set()

    def _wait(self) -> tuple[set[str], bool]:
        """Sleep until something happens or is due: the files to look at, and whether to arm anew."""
        until = min([self._sweep_at, *(due for _, due in list(self._doubts.values()))])
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        if self._watches:
            poll.register(self._watches.fd, select.POLLIN)
        rung = {fd for fd, _ in poll.poll(max(0.0, until - time.monotonic()) * 1000)}
        if self._bell in rung:
            os.eventfd_read(self._bell)
        return self._watches.changed() if self._watches and self._watches.fd in rung else (set(), False)

    def _arm(self) -> bool:
        """Watch what must be watched. True if that is other than before."""
        try:
            if self._watches is None:
                from hooks.sources.inotify import Watches

                self._watches = Watches()
            is_new = self._watches.arm(file.path for file in self._files)
        except (ImportError, OSError) as error:
            self._say_refused(error)
            return False
        self._say_refused(self._watches.refused)
        return is_new

    def _look_at(self, files: list[Followed], *, told: bool) -> None:
        for file in files:
            self._look(file, told=told)

    def _start_over(self, error: Exception) -> None:
        said = f"following files failed ({type(error).__name__}: {error}); it starts anew in {_TROUBLE_PAUSE_S:g} s"
        signals.emit(signals.problem, said=said)
        self._close_watches()
        self._sweep_at = time.monotonic() + _TROUBLE_PAUSE_S

    def _close_watches(self) -> None:
        watches, self._watches = self._watches, None
        if watches:
            watches.close()

    # -- looking ------------------------------------------------------------------------------

    def _look(self, file: Followed, *, told: bool) -> None:
        """Look at one file, and believe what is seen if `told` by inotify that it is complete, or seen twice."""
        with self._lock:
            if file not in self._files:
                return
            look = file.look()
            self._tell_blindness(file, look.blind)
            if not look.blind and self._is_settled(file, look, told=told):
                file.believe()

    def _is_settled(self, file: Followed, look: Look, *, told: bool) -> bool:
        generation, due = self._doubts.pop(file, ("", 0.0))
        if not look.is_news:
            return False
        if told and not look.is_empty:
            return True
        now = time.monotonic()
        seen_before = due > 0 and generation == look.generation
        if seen_before and now >= due:
            return True
        self._doubts[file] = (look.generation, due if seen_before else now + self._settle_s)
        return False

    # -- telling ------------------------------------------------------------------------------

    def _tell_blindness(self, file: Followed, why: str) -> None:
        before = self._blind.pop(file, "")
        if why:
            self._blind[file] = why
        # a file that a rule names must not make the port's rules wait
        decisive = self._blind.get(self._port, "") if self._port else why * (len(self._blind) == len(self._files))
        self._tell_lost(decisive)
        if why != before and why and not self._lost:
            signals.emit(signals.problem, said=why)

    def _tell_lost(self, why: str) -> None:
        was, self._lost = self._lost, why
        if bool(was) != bool(why):
            self._since_s = self._now_ns() / 1e9
        if why and not was:
            self._post(Event("source.lost", "files", self._now_ns(), "files", data={"name": "files", "reason": why}))
            signals.emit(signals.source_lost, name="files", reason=why)
        elif was and not why:
            self._post(Event("source.restored", "files", self._now_ns(), "files", data={"name": "files"}))
            signals.emit(signals.source_restored, name="files", detail="the files are seen again and were read anew")

    def _say_refused(self, error: Exception | None) -> None:
        said = _refusal(error) if error else ""
        if said and not self._refusal:
            pause_s = min(self._poll_s, _BLIND_POLL_S)
            signals.emit(signals.problem, said=f"{said}; until that works the files are read every {pause_s:g} s")
        self._refusal = said

    def _ring(self) -> None:
        with self._bell_lock:
            if self._bell >= 0:
                os.eventfd_write(self._bell, 1)


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
