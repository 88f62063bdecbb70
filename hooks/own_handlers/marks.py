"""What stands for the state of a folder of handlers: its content, or its generation."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hooks.own_handlers.rights import importable


def mark(folder: str) -> str:
    """A short text that changes when a file changes that an import there could read; "" where there is no folder."""
    found = hashlib.sha256()
    try:
        for path in importable(folder):
            found.update(path.encode(errors="surrogateescape"))
            if not Path(path).is_dir():
                found.update(Path(path).read_bytes())
    except OSError as error:
        found.update(str(error.errno).encode())
    return found.hexdigest()[:16] if Path(folder).is_dir() else ""


def generation(folder: str) -> tuple[object, ...]:
    """Values that differ when a file of the folder, or the rights to one or to the folders above, have changed."""
    try:
        found = [(path, Path(path).stat()) for path in importable(folder)]
        above = Path(folder).parent.stat()
    except OSError as error:
        return (error.errno,)
    of_files = (one for path, stat in found for one in (path, stat.st_ctime_ns, stat.st_ino, stat.st_size))
    return (above.st_mode, above.st_uid, *of_files)
