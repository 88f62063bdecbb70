"""The state folder belongs to one running gluehook at a time: a lock that ends with the process."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path

from hooks.events import signals
from hooks.storage import own_files


class Taken(Exception):  # noqa: N818 - a fact about the folder
    """Another gluehook uses the state folder; the text is the whole sentence."""


class FolderLock:
    """Makes the folder, and holds it. A folder that cannot be written at all is not held. Raises Taken."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = _lock(folder)

    def take(self) -> None:
        """Hold it from now on, if that was not possible before. Raises Taken."""
        if self._file < 0:
            self._file = _lock(self._folder)

    def release(self) -> None:
        """Let another gluehook use the folder."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _lock(folder: Path) -> int:
    """The descriptor that holds the lock; -1 where the folder cannot be written."""
    try:
        own_files.make_folder(folder)
        file = own_files.open_private(folder / "lock")
    except OSError as error:
        if error.errno == errno.ELOOP:  # anything else the journal itself reports, in the same folder
            said = f"{folder / 'lock'} keeps no second gluehook out: {error.strerror}"
            signals.emit(signals.problem, said=said)
        return -1
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pid = os.pread(file, 20, 0).decode(errors="replace").strip() or "unknown"
        os.close(file)
        raise Taken(
            f"another gluehook (process {pid} in its own container or here) uses the state folder {folder}; "
            "stop it, or give this one another GLUEHOOK_STATE"
        ) from None
    with suppress(OSError):  # the disk may be full: the lock holds all the same
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
    return file
