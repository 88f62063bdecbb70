"""Replacing files as a whole: who reads one sees the old or the new, also when we are killed or the disk is full."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

_AT_ONCE = 8  # threads: a disk takes milliseconds for an fsync or a rename, and hardly longer for many


def write(*batches: Mapping[Path, bytes], like: Path, secret: bool = True) -> None:
    """Replace each file as a whole, one batch after the other; a new one, and its folder, gets the owner of `like`.

    All of them are written beside the old ones first, so that a full disk changes nothing. Owner and mode stay, but
    what is `secret` only its owner may read afterwards. All get one and the same time. Raises OSError.
    """
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
            with suppress(OSError):
                draft.place.unlink()
        raise


@dataclass(frozen=True, slots=True)
class _Draft:
    path: Path
    content: bytes
    owner: tuple[int, int]  # user and group
    mode: int
    time_ns: int

    @property
    def place(self) -> Path:
        return self.path.with_name(f".{self.path.name}.new")  # hidden, and of no kind that a program looks for

    def write(self) -> None:
        self.place.unlink(missing_ok=True)  # who was killed may have left one
        descriptor = os.open(self.place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            made = os.fstat(descriptor)
            if self.owner != (made.st_uid, made.st_gid):
                os.fchown(descriptor, *self.owner)
            file.write(self.content)
            file.flush()
            os.fchmod(descriptor, self.mode)
            os.utime(descriptor, ns=(self.time_ns, self.time_ns))
            os.fsync(descriptor)

    def replace(self) -> None:
        self.place.rename(self.path)


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
