"""Replacing files: old or new and never half, by whom it was and no more readable than it was."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from handlers.shared import atomic_files
from tests.parts.places import TOP
from tests.parts.process.disk import disk

NAMES = [f"{letter}.conf" for letter in "abcd"]

# A process that ends as by kill -9 at the n-th time it opens, renames or syncs something.
_KILLED = """
import os, sys
from pathlib import Path
from handlers.shared import atomic_files

left = int(sys.argv[1])

def step(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), 9)

def stepping(call):
    def stepped(*args, **more):
        step()
        return call(*args, **more)
    return stepped

atomic_files._AT_ONCE = 1
for name in ("open", "fsync", "fchmod", "rename"):
    setattr(os, name, stepping(getattr(os, name)))
folder = Path(sys.argv[2])
atomic_files.write(*({folder / name: b"new" * 1000} for name in sys.argv[3:]), like=folder)
"""


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def texts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("step", range(1, 18, 2))
def test_who_is_killed_in_the_middle_leaves_each_file_old_or_new(step: int, tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_bytes(b"old")
    ran = subprocess.run([sys.executable, "-c", _KILLED, str(step), tmp_path, *NAMES], check=False, cwd=TOP)
    assert ran.returncode == (-9 if step <= 16 else 0)
    after = [texts(tmp_path)[name] for name in NAMES]
    assert set(after) <= {b"old", b"new" * 1000}
    assert after == sorted(after), "in the order that was asked for"
    atomic_files.write({tmp_path / name: b"newer" for name in NAMES}, like=tmp_path)
    assert texts(tmp_path) == dict.fromkeys(NAMES, b"newer"), "what was left over is gone"


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as folder:
        for name in NAMES:
            (folder / name).write_bytes(b"old")
        with pytest.raises(OSError, match="No space left") as raised:
            atomic_files.write({folder / name: bytes(400_000) for name in NAMES}, like=folder)
        assert raised.value.errno == errno.ENOSPC
        assert texts(folder) == dict.fromkeys(NAMES, b"old")


@pytest.mark.parametrize(("before", "after"), [(0o600, 0o600), (0o640, 0o600), (0o644, 0o600), (0o400, 0o600)])
def test_what_is_secret_is_its_owners_alone(before: int, after: int, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch(before)
    path.chmod(before)
    atomic_files.write({path: b"new"}, like=tmp_path)
    assert mode(path) == after


def test_what_is_no_secret_keeps_its_mode(tmp_path: Path) -> None:
    path, new = tmp_path / "Corefile", tmp_path / "new"
    path.touch()
    path.chmod(0o644)
    atomic_files.write({path: b"new", new: b"new"}, like=tmp_path, secret=False)
    assert (mode(path), mode(new)) == (0o644, 0o600)


def test_the_owner_stays_and_new_files_get_that_of_their_model(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away: run it as root")
    mine, model = tmp_path / "a", tmp_path / "model"
    for path, owner in ((mine, 1234), (model, 4321)):
        path.touch()
        os.chown(path, owner, owner + 1)
    new = tmp_path / "folder" / "b"
    atomic_files.write({mine: b"x", new: b"x"}, like=model)
    assert [(path.stat().st_uid, path.stat().st_gid) for path in (mine, new, new.parent)] == [
        (1234, 1235), (4321, 4322), (4321, 4322),
    ]  # fmt: skip
    assert (mode(new), mode(new.parent)) == (0o600, 0o700)


def test_all_files_get_one_and_the_same_time(tmp_path: Path) -> None:
    files = [tmp_path / name for name in NAMES]
    atomic_files.write(dict.fromkeys(files, b"x"), like=tmp_path)
    assert len({path.stat().st_mtime_ns for path in files}) == 1
