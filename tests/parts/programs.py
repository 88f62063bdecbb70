"""Real programs that tests start. A missing one skips the test and is named at the end; NO_SKIPS makes it a failure."""

from __future__ import annotations

import os
import shutil

import pytest

MISSING: dict[str, str] = {}  # program -> Debian package, for the last lines of the run


def require(program: str, package: str) -> str:
    """The program's path. Skips the test where it is missing (`conftest` turns that into a failure for NO_SKIPS)."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        MISSING[program] = package
        pytest.skip(f"{program} is not installed: apt-get install {package}")
    return path
