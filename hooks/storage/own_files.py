"""Files of the state folder that are not replaced as a whole: made for their owner only, and never through a link.

The journal holds labels of containers and what programs said. A link in the folder, put there by somebody else, must
not make gluehook write over the file that it leads to.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

MODE, FOLDER_MODE = 0o600, 0o700


def make_folder(folder: Path) -> None:
    """Make the folder, open to its owner only, and what is missing above it. One that is there stays as it is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(FOLDER_MODE)


def open_private(path: Path) -> int:
    """A descriptor, for reading and writing, of the file, which is made if it is missing. Its mode is 0600 afterwards.

    Raises OSError, also for anything but a plain file with one name.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, MODE)
    except OSError as error:
        raise _refused(path) if error.errno == errno.ELOOP else error from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(descriptor)
        raise _refused(path)
    if stat.S_IMODE(found.st_mode) != MODE:
        with suppress(PermissionError):  # another user's, who lets us write
            os.fchmod(descriptor, MODE)
    return descriptor


def make_private(path: Path) -> None:
    """As `open_private`, for a file that another library opens; one that is missing is made. Raises OSError."""
    with suppress(FileNotFoundError):
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            raise _refused(path)
        if stat.S_IMODE(found.st_mode) != MODE:
            with suppress(PermissionError):
                path.chmod(MODE)
        return
    os.close(open_private(path))


def _refused(path: Path) -> OSError:
    return OSError(
        errno.ELOOP, "it is a link, or no plain file, and gluehook writes through none: remove it", str(path)
    )
