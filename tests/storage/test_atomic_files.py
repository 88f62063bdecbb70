"""Replaced files are old or new and never a part, keep their owner, and are no more readable than before."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hooks.storage import atomic_files
from tests.parts.places import TOP
from tests.parts.process.disk import disk

NAMES = [f"{letter}.conf" for letter in "abcd"]

# A process that ends as by kill -9 at the n-th time it opens, renames or syncs something.
_KILLED = """
import os, sys
from pathlib import Path
from hooks.storage import atomic_files

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


def test_one_file_of_ours_is_replaced_and_private(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    path.write_bytes(b"old")
    path.chmod(0o644)
    (tmp_path / ".memory.json.new").write_bytes(b"left by a process that was killed")
    atomic_files.replace(path, b"new")
    assert (texts(tmp_path), mode(path)) == ({"memory.json": b"new"}, 0o600)


def test_one_file_of_ours_is_on_the_disk_before_it_is_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut is not to be had in a test, so the calls that guard against one are."""
    calls: list[str] = []
    for name in ("fsync", "rename"):
        call = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, call=call, name=name: (calls.append(name), call(*args))[1])
    atomic_files.replace(tmp_path / "memory.json", b"new")
    assert calls == ["fsync", "rename", "fsync"], "the file, its name, the folder"


def test_a_full_disk_leaves_one_file_of_ours_as_it_was(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as folder:
        (folder / "memory.json").write_bytes(b"old")
        with pytest.raises(OSError, match="No space left"):
            atomic_files.replace(folder / "memory.json", bytes(4_000_000))
        assert texts(folder) == {"memory.json": b"old"}
