"""Whether WireGuard's folder is here, and what its errors mean: Retry, or GiveUp with what to change."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handlers.wireguard.conf import Malformed
from hooks.handler import GiveUp, Retry

_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def is_here(directory: Path) -> bool:
    """Whether there is anything in it. Where a mount is missing Docker makes an empty folder. Raises OSError."""
    return directory.is_dir() and any(directory.iterdir())


def absence(directory: Path) -> str | None:
    """That there is no configuration and what to do, or None. Raises OSError."""
    if is_here(directory):
        return None
    return f"there is no WireGuard configuration in {directory}; mount that folder there, or set WIREGUARD_DIR"


@contextmanager
def in_words(directory: Path, so: str = "") -> Iterator[None]:
    """What goes wrong with the files of this folder becomes `Retry` or `GiveUp`. `so`: what a broken one leads to."""
    try:
        yield
    except Malformed as error:
        raise GiveUp("; ".join(filter(None, [str(error), so]))) from None
    except OSError as error:
        raise _meaning(error, directory) from None


def _meaning(error: OSError, directory: Path) -> Retry | GiveUp:
    place = error.filename or directory
    if error.errno in _FORBIDDEN:
        return GiveUp(
            f"{place} cannot be read or replaced ({error.strerror}); mount WireGuard's folder without :ro, and run "
            "gluehook as the user whom its files belong to (user: PUID:PGID)"
        )
    if error.errno == errno.ENOENT:
        return GiveUp(
            f"there is no {place}; is this the folder that linuxserver/wireguard has at /config, and has that run?"
        )
    return Retry(f"{place} could not be read or replaced ({error.strerror}); it is as it was, and tried again")
