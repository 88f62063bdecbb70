"""What a user without privileges sees, also where the tests run as root."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOBODY = 65534


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Give up root's right to read everything, in all threads, for a while."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


@contextmanager
def public_folder() -> Iterator[Path]:
    """A folder that every user can enter; pytest's own ones are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="gluehook-")).resolve()
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
