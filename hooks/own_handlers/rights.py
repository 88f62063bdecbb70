"""Whether somebody else could write what a handler's process would import. Such a file is refused, as ssh's are.

Trusted are root and the user that gluehook runs as. Looked at are the files that Python could import in the folder of
handlers, the folders that they lie in up to the one of the rules file (those of a folder elsewhere: up to the root),
and where symbolic links among them lead to. POSIX access lists are not looked at.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

IMPORTABLE = (".py", ".pyc", ".so")
_MOST_FILES = 2000


def importable(folder: str) -> Iterator[str]:
    """The folders and files below this folder that an import there could read, the folder itself first.

    At most 2000. Raises OSError if the folder cannot be read.
    """
    count, left = 0, [folder]
    while left:
        here = left.pop()
        yield here
        for entry in sorted(os.scandir(here), key=lambda one: one.name):
            count += 1
            if count > _MOST_FILES or entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                left.append(entry.path)
            elif entry.name.endswith(IMPORTABLE) or entry.is_dir():
                yield entry.path


def distrust(folder: str, rules_folder: str) -> str:
    """Why nothing of this folder is imported, with the cure; "" if nobody else can write it."""
    top = rules_folder if Path(folder).is_relative_to(rules_folder) else ""
    try:
        return _first(importable(folder), top)
    except OSError as error:
        return f"{error.filename} cannot be read: {error.strerror}; let the user that gluehook runs as read it"


def _first(paths: Iterable[str], top: str) -> str:
    seen: set[str] = set()
    for path in paths:
        for place in _places(path, top, seen):
            if said := _judged(place, Path(place).stat(), is_outside=not _is_within(place, top)):
                return said
    return ""


def _places(path: str, top: str, seen: set[str]) -> Iterator[str]:
    """The path, its folders, and where the links among them lead to; each once."""
    left = [os.path.normpath(path)]
    while left:
        whole = Path(left.pop())
        for place in (whole, *whole.parents):
            if str(place) in seen:
                break  # and so were its folders
            seen.add(str(place))
            if place.is_symlink():
                left.append(os.path.normpath(place.parent / place.readlink()))
            else:
                yield str(place)
            if str(place) == top:
                break


def _is_within(place: str, top: str) -> bool:
    return bool(top) and Path(place).is_relative_to(top)


def _judged(place: str, found: os.stat_result, *, is_outside: bool) -> str:
    ours = os.geteuid()
    if found.st_uid not in (0, ours):
        return f"{place} belongs to {_user(found.st_uid)}, who could write into it; run: chown {ours} {place}"
    sticky = is_outside and stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
    if found.st_mode & 0o022 and not sticky:
        who = "every user" if found.st_mode & 0o002 else "the users of its group"
        return f"{who} can write {place} (mode {stat.S_IMODE(found.st_mode):04o}); run: chmod go-w {place}"
    return ""


def _user(uid: int) -> str:
    try:
        return f"the user {pwd.getpwuid(uid).pw_name} ({uid})"
    except KeyError:
        return f"the user {uid}"
