"""A copy of the repository, for tests that follow a page to the letter."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.parts.places import TOP


def copy_to(folder: Path) -> Path:
    """What a developer changes and what the tests of it read, in a new folder."""
    folder.mkdir()
    for name in ("hooks", "handlers", "tests", "docs"):
        # with what is compiled already, and without what another process is compiling
        shutil.copytree(TOP / name, folder / name, ignore=shutil.ignore_patterns("*.pyc.*"))
    for name in ("pyproject.toml", "mkdocs.yml", "rules.schema.json", "rules.toml", "README.md", "CHANGELOG.md"):
        shutil.copy(TOP / name, folder)
    return folder


def run(copy: Path, *words: str) -> tuple[int, str]:
    """The exit code and the output of a Python program in the copy, whose packages hide the installed ones."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    return done.returncode, done.stdout + done.stderr
