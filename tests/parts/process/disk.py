"""A small disk in memory, to be filled, made read-only or taken away. Mounting is root's."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.parts.programs import require


def mount(folder: Path, size: str = "1m") -> None:
    """Mount an empty disk over the folder. Skips the test where that is not allowed."""
    command = [require("mount", "mount"), "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        pytest.skip(f"no disk can be mounted ({ran.stderr.strip()}): run it as root, in a container with --privileged")


def unmount(folder: Path, *, later: bool = False) -> None:
    """Take the disk away, with all that was on it; with `later` also one that a process has files on."""
    subprocess.run([require("umount", "mount"), *(["--lazy"] if later else []), str(folder)], check=True)


@contextmanager
def disk(folder: Path) -> Iterator[Path]:
    """A new folder that is a disk of one megabyte, for the time of a block."""
    folder.mkdir()
    mount(folder)
    try:
        yield folder
    finally:
        unmount(folder)


@contextmanager
def bind(source: Path, target: Path) -> Iterator[None]:
    """One file or folder is seen at the place of another, as a volume is in a container, for the time of a block."""
    command = [require("mount", "mount"), "--bind", str(source), str(target)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        pytest.skip(f"nothing can be mounted ({ran.stderr.strip()}): run it as root, in a container with --privileged")
    try:
        yield
    finally:
        unmount(target)
