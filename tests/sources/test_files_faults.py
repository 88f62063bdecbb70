from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hooks.events import signals
from hooks.events.catalogue import Event
from tests.parts.process.following import WAIT_S, Follow, replace_whole
from tests.parts.process.ordinary_user import ordinary_user, public_folder
from tests.parts.programs import require

# -- the way to the file ----------------------------------------------------------------------


def test_directories_that_appear_vanish_and_come_back(follow: Follow, tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "forwarded_port"
    inbox = follow(file).inbox
    for port in (40000, 40001, 40002):
        file.parent.mkdir(parents=True)
        file.write_text(str(port))
        inbox.port(port)
        shutil.rmtree(tmp_path / "a")
        inbox.until(lambda e, port=port: e.type == "port.cleared" and e.data.get("old_port") == port)


def test_a_directory_that_is_renamed_away(follow: Follow, port_file: Path) -> None:
    port_file.write_text("40000")
    inbox = follow(port_file).inbox
    port_file.parent.rename(port_file.parent.with_name("old"))
    inbox.until(lambda e: e.type == "port.cleared")
    (port_file.parent.with_name("old") / "forwarded_port").write_text("41111")  # nobody's business
    port_file.parent.mkdir()
    port_file.write_text("50000")
    inbox.port(50000)
    assert 41111 not in [event.data.get("port") for event in inbox.events]


def test_a_directory_that_is_a_link_and_points_elsewhere(follow: Follow, tmp_path: Path) -> None:
    for name, port in (("one", "40000"), ("two", "50000")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "forwarded_port").write_text(port)
    (tmp_path / "link").symlink_to("one")
    inbox = follow(tmp_path / "link" / "forwarded_port").inbox
    inbox.port(40000)
    (tmp_path / "new").symlink_to(tmp_path / "two")
    (tmp_path / "new").rename(tmp_path / "link")
    inbox.port(50000)
    (tmp_path / "two" / "forwarded_port").write_text("50001")
    inbox.port(50001)


def test_a_file_that_is_a_link_into_another_directory(follow: Follow, port_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "port"
    port_file.symlink_to(target)
    inbox = follow(port_file).inbox
    target.parent.mkdir()
    target.write_text("40000")
    inbox.port(40000)
    target.write_text("40001")
    inbox.port(40001)


def test_a_link_that_points_at_itself_does_not_stop_anything(follow: Follow, port_file: Path) -> None:
    port_file.symlink_to(port_file)
    following = follow(port_file)
    assert (
        "too many levels of symbolic links" in following.inbox.until(lambda e: e.type == "source.lost").data["reason"]
    )
    port_file.unlink()
    port_file.write_text("40000")
    following.inbox.port(40000)


# -- what must not end it ---------------------------------------------------------------------


def test_a_name_that_is_no_text(follow: Follow, port_file: Path) -> None:
    following = follow(port_file)
    Path(os.fsdecode(bytes(port_file.parent) + b"/\xff\xfe")).write_text("x")
    port_file.write_text("40000")
    following.inbox.port(40000)
    assert following.source.alive


def test_a_listener_that_raises(follow: Follow, port_file: Path, problems: list[str]) -> None:
    following = follow(port_file)
    following.inbox.before = lambda _: 1 / 0
    heard = threading.Event()
    with signals.problem.connected_to(lambda _, **__: heard.set()):
        port_file.write_text("40000")
        assert heard.wait(WAIT_S)
    following.inbox.before = lambda _: None
    port_file.write_text("50000")
    following.inbox.port(50000)
    assert problems[0] == (
        "the thread files, which follows the port file and the rules file, failed (ZeroDivisionError: division by zero)"
        "; it begins again in 1s"
    )


def test_more_events_than_the_kernel_keeps(follow: Follow, port_file: Path, problems: list[str]) -> None:
    port_file.write_text("40000")
    following = follow(port_file)
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    stuck, go_on = threading.Event(), threading.Event()

    def hold(_: Event) -> None:
        stuck.set()
        assert go_on.wait(WAIT_S)

    following.inbox.before = hold
    port_file.write_text("40001")
    assert stuck.wait(WAIT_S)
    following.inbox.before = lambda _: None
    for number in range(max(limit, 16_384) + 100):  # of another name each time, so that none merges with the one before
        port_file.with_name(f"other{number % 7}").write_text("")
    port_file.write_text("50000")
    go_on.set()
    following.inbox.port(50000)
    assert [said.partition(" (")[0] for said in problems] == ["more has happened to files than the kernel keeps"]
    port_file.write_text("50001")
    following.inbox.port(50001)


def test_a_closed_directory_is_a_lost_source(follow: Follow) -> None:
    with public_folder() as folder:
        (folder / "gluetun").mkdir()
        file = folder / "gluetun" / "forwarded_port"
        file.write_text("40000")
        (folder / "gluetun").chmod(0)
        with ordinary_user():
            following = follow(file, poll_s=0.05)
            lost = following.inbox.until(lambda e: e.type == "source.lost")
            assert (lost.subject, lost.data["name"]) == ("files", "files")
            assert f"chmod a+rx {folder}/gluetun" in lost.data["reason"]
            assert not following.source.alive
            assert following.source.health()["reason"] == lost.data["reason"]
            assert not following.source.read_again()
            assert following.tracker.world.file is None  # what cannot be seen is not believed to be gone
        (folder / "gluetun").chmod(0o755)
        following.inbox.until(lambda e: e.type == "source.restored")
        following.inbox.port(40000)
        assert following.source.health()["connected"] is True
        following.source.stop()


def test_a_random_life_ends_with_the_right_port(follow: Follow, tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    file, spare = tmp_path / "g" / "forwarded_port", tmp_path / "spare"
    following = follow(file, settle_s=0.02)

    def write() -> None:
        file.parent.mkdir(exist_ok=True)
        rng.choice([Path.write_text, replace_whole])(file, str(rng.randrange(1, 65536)))

    def move_away() -> None:
        shutil.rmtree(spare, ignore_errors=True)
        if file.parent.is_dir():
            file.parent.rename(spare)

    def come_back() -> None:
        if spare.is_dir() and not file.parent.exists():
            spare.rename(file.parent)

    def remove() -> None:
        shutil.rmtree(file.parent, ignore_errors=True)

    def empty() -> None:
        if file.exists():
            file.write_text("")

    deeds = [write, write, write, move_away, come_back, remove, empty]
    for last in range(1, 31):
        for _ in range(rng.randrange(8)):
            rng.choice(deeds)()
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{last}")
        following.inbox.port(last)
    assert following.source.alive


WITHOUT_INOTIFY = """
import sys, threading, time
if sys.argv[2] == "missing":
    sys.modules["pyinotify"] = None
from pathlib import Path
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.sources.files import FilesSource
from hooks.world.tracker import Tracker
from hooks.world.model import World
file, came, said = Path(sys.argv[1]), threading.Event(), []
def listen(_, **news):
    said.append(news["said"])
signals.problem.connect(listen)
def post(event):
    if event.type == "port.forwarded":
        came.set()
source = FilesSource(Tracker(World(), post, time.time_ns), post, str(file), poll_s=0.05)
source.start()
source.ready.wait(10)
file.write_text("40000")
assert came.wait(10), "the poll did not see it"
source.stop()
print("\\n".join(said))
"""


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ("max_inotify_watches", "max_user_watches is used up, raise it with sysctl; until that works the files are"),
        (
            "max_inotify_instances",
            "max_user_instances is used up, raise it with sysctl; until that works the files are",
        ),
        ("missing", "pyinotify cannot be imported"),
    ],
)
def test_without_inotify_files_are_polled_and_that_is_reported_once(port_file: Path, limit: str, says: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT_INOTIFY, str(port_file), limit]
    if limit != "missing":
        # the limits of a user namespace of its own: everybody else's stay as they are
        unshare = [require("unshare", "util-linux"), "--user", "--map-root-user"]
        if subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode:
            pytest.skip("user namespaces are forbidden here, so the limits of inotify cannot be lowered")
        command = [*unshare, "sh", "-c", f'echo 0 > /proc/sys/user/{limit} && exec "$@"', "sh", *command]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert says in done.stdout
    assert "read every 0.05 s" in done.stdout
