"""Files of the state folder: for their owner only, whatever the umask, and never through a link."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hooks.events.catalogue import Event
from hooks.journal.journal import Journal
from hooks.runtime import heartbeat
from hooks.runtime.handler_memory import Memory
from hooks.storage import own_files


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def fill(folder: Path) -> None:
    """All that a running gluehook writes there."""
    with closing(Journal(folder)) as journal:
        journal.save("world", {"label": "x"})
        journal.is_repeat(Event("container.die", "web", 1, "docker"))
        Memory(folder / "memory.json").put("key", time.time_ns())
        heartbeat.write(str(folder / heartbeat.FILE_NAME), {"time": 1.0})
        for path in folder.iterdir():
            assert mode(path) == 0o600, path


@pytest.mark.usefixtures("umask")
def test_every_file_is_for_its_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    own_files.make_folder(folder)
    folder.chmod(0o700)  # a umask of 0o777 would keep even us out
    fill(folder)
    names = {path.name for path in folder.iterdir()}
    assert {"journal.db", "lock", "memory.json", heartbeat.FILE_NAME} <= names


def test_files_of_an_earlier_version_are_closed_to_others(tmp_path: Path) -> None:
    fill(tmp_path)
    for path in tmp_path.iterdir():
        path.chmod(0o644)
    fill(tmp_path)


def test_a_folder_that_gluehook_makes_is_for_its_owner_only(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "a" / "state")):
        pass
    assert mode(tmp_path / "a" / "state") == 0o700


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with closing(Journal(tmp_path)):
        pass
    assert mode(tmp_path) == 0o1777


def symlink(path: Path, target: Path) -> None:
    path.symlink_to(target)


def hardlink(path: Path, target: Path) -> None:
    path.hardlink_to(target)


@pytest.mark.parametrize("link", [symlink, hardlink])
@pytest.mark.parametrize("name", ["lock", "journal.db", "journal.db-wal", "journal.db.whole", "memory.json"])
def test_nothing_is_written_through_a_link(
    name: str, link: Callable[[Path, Path], None], tmp_path: Path, problems: list[str]
) -> None:
    state, target = tmp_path / "state", tmp_path / "precious"
    state.mkdir()
    target.write_text("precious")
    link(state / name, target)
    with closing(Journal(state)) as journal:
        journal.save("world", 1)
        Memory(state / "memory.json").put("key", 1)
    assert target.read_text() == "precious"
    if name in ("lock", "journal.db", "journal.db-wal"):
        assert any("remove it" in said and f"state/{name}" in said for said in problems), problems


@pytest.mark.parametrize("link", [symlink, hardlink])
def test_the_heartbeat_s_draft_is_written_through_no_link(link: Callable[[Path, Path], None], tmp_path: Path) -> None:
    target, path = tmp_path / "precious", tmp_path / heartbeat.FILE_NAME
    target.write_text("precious")
    link(tmp_path / f"{heartbeat.FILE_NAME}.{os.getpid()}.new", target)
    link(path, target)
    heartbeat.write(str(path), {"time": 1.0})
    assert target.read_text() == "precious"
    assert mode(path) == 0o600
    assert not path.is_symlink()


@pytest.mark.parametrize("name", ["lock", "journal.db"])
def test_a_pipe_in_their_place_hangs_nobody(name: str, tmp_path: Path, problems: list[str]) -> None:
    os.mkfifo(tmp_path / name)
    with closing(Journal(tmp_path)) as journal:
        journal.save("world", 1)
    assert "no plain file" in "".join(problems)
