"""Replace files as a whole: a reader finds the old content or the new one, whatever happens meanwhile.

Each file is written beside the old one, as `.NAME.new`, synced to the disk, and renamed into its place. A process that
is killed leaves at most that draft, which the next write removes. A full disk changes nothing.

`replace` is for one file of ours: the handlers' memory (hooks/runtime/handler_memory.py) and the last good rules
(hooks/app/reload.py). `write` is for the files of another program, which keep their owners and modes: WireGuard's
(handlers/wireguard/). hooks/runtime/heartbeat.py does the same by itself: its process may load nothing, and its file is
written again every 15 s, so that it needs no sync.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

_AT_ONCE = 8  # threads: a disk takes milliseconds for an fsync or a rename, and hardly longer for many


def replace(path: Path, content: bytes) -> None:
    """Replace one file, which only its owner, this process's user, may read afterwards. Raises OSError.

    It returns when a power cut cannot bring the old content back.
    """
    draft = _Draft(path, content, None, 0o600, time.time_ns())
    try:
        draft.write()
        draft.replace()
    except OSError:
        draft.remove()
        raise
    _sync_folder(path.parent)


def write(*batches: Mapping[Path, bytes], like: Path, secret: bool = True) -> None:
    """Replace each file, one batch after the other. A new file, and its folder, gets the owner of `like`.

    All drafts are written first, so that a full disk changes nothing. Owners and modes stay, but a `secret` file can be
    read only by its owner afterwards. All files get the same time. Raises OSError. After a power cut, old files may be
    back: the caller compares at its next run and writes them again.
    """
    from concurrent.futures import ThreadPoolExecutor

    for folder in dict.fromkeys(path.parent for batch in batches for path in batch):
        _make(folder, like)
    now_ns = time.time_ns()
    drafts = [[_draft(*file, like, now_ns, secret=secret) for file in batch.items()] for batch in batches]
    try:
        with ThreadPoolExecutor(_AT_ONCE, "replacing") as threads:
            list(threads.map(_Draft.write, chain(*drafts)))
            for batch in drafts:
                list(threads.map(_Draft.replace, batch))
    except BaseException:
        for draft in chain(*drafts):
            draft.remove()
        raise


@dataclass(frozen=True, slots=True)
class _Draft:
    path: Path
    content: bytes
    owner: tuple[int, int] | None  # user and group; None: this process's
    mode: int
    time_ns: int  # since the Unix epoch

    @property
    def place(self) -> Path:
        return self.path.with_name(f".{self.path.name}.new")  # hidden, and of no kind that a program reads

    def write(self) -> None:
        self.place.unlink(missing_ok=True)  # a process that was killed may have left one
        descriptor = os.open(self.place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            made = os.fstat(descriptor)
            if self.owner not in (None, (made.st_uid, made.st_gid)):
                os.fchown(descriptor, *self.owner)
            file.write(self.content)
            file.flush()
            os.fchmod(descriptor, self.mode)
            os.utime(descriptor, ns=(self.time_ns, self.time_ns))
            os.fsync(descriptor)

    def replace(self) -> None:
        self.place.rename(self.path)

    def remove(self) -> None:
        with suppress(OSError):
            self.place.unlink()


def _draft(path: Path, content: bytes, like: Path, now_ns: int, *, secret: bool) -> _Draft:
    try:
        now, mode = path.stat(), path.stat().st_mode & 0o777
    except FileNotFoundError:
        now, mode = like.stat(), 0o600
    return _Draft(path, content, (now.st_uid, now.st_gid), 0o600 if secret else mode, now_ns)


def _make(folder: Path, like: Path) -> None:
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        owner = like.stat()
        if (os.geteuid(), os.getegid()) != (owner.st_uid, owner.st_gid):
            os.chown(folder, owner.st_uid, owner.st_gid)


def _sync_folder(folder: Path) -> None:
    # the folder holds the rename: without this, a power cut could bring the old file back
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    with suppress(OSError):  # CIFS and FUSE may refuse it; the file is in its place all the same
        os.fsync(descriptor)
    os.close(descriptor)
