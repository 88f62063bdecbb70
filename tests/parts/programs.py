"""Real programs that tests start. A missing one skips the test and is named at the end; CI makes it a failure."""

from __future__ import annotations

import os
import shutil

import pytest

MISSING: dict[str, str] = {}  # program -> Debian package, for the last lines of the run


def require(program: str, package: str) -> str:
    """The program's path. Skips the test where it is missing, or fails it where NO_SKIPS is set."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path:
        return path
    MISSING[program] = package
    why = f"{program} is not installed: apt-get install {package}"
    if os.environ.get("NO_SKIPS"):
        pytest.fail(why)
    pytest.skip(why)
