from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hooks.sources.files import FilesSource
from hooks.world.model import World
from hooks.world.tracker import Tracker
from tests.parts.process.following import (
    WAIT_S,
    Follow,
    Following,
    Inbox,
    open_files,
    replace_whole,
    write_at,
)

# -- the port file ----------------------------------------------------------------------------


def test_the_first_reading_is_a_resync_and_later_ones_are_live(follow: Follow, port_file: Path) -> None:
    port_file.write_text("40000\n40001\n")
    inbox = follow(port_file).inbox
    first = inbox.port(40000)
    assert (first.origin, first.source, first.data["ports"]) == ("resync", "files", [40000, 40001])
    assert first.time == port_file.stat().st_mtime_ns
    port_file.write_text("50000")
    second = inbox.port(50000)
    assert (second.origin, second.data["old_port"]) == ("live", 40000)
    assert inbox.until(lambda event: event.type == "port.changed")
    assert inbox.types() == ["port.forwarded", "port.forwarded", "port.changed"]


def test_the_same_port_written_again_is_posted(follow: Follow, port_file: Path) -> None:
    port_file.write_text("40000")
    os.utime(port_file, ns=(1, 1))
    inbox = follow(port_file).inbox
    first = inbox.port(40000)
    port_file.write_text("40000")
    second = inbox.port(40000, since=1)
    assert first.data["generation"] != second.data["generation"]


def test_another_port_within_the_same_tick_of_the_clock_is_posted(follow: Follow, port_file: Path) -> None:
    port_file.write_text("40000")
    following = follow(port_file)
    was = port_file.stat()
    write_at(port_file, "50000", was.st_mtime_ns)
    following.inbox.port(50000)
    assert following.tracker.world.state()["port"] == 50000


@pytest.mark.parametrize("write", [Path.write_text, replace_whole])
def test_a_file_that_comes_and_goes(follow: Follow, port_file: Path, write: Callable[[Path, str], None]) -> None:
    inbox = follow(port_file).inbox
    write(port_file, "40000")
    inbox.port(40000)
    port_file.unlink()
    cleared = inbox.until(lambda e: e.type == "port.cleared" and e.origin == "live")
    assert cleared.data["old_port"] == 40000
    write(port_file, "40000")
    inbox.port(40000, since=len(inbox.events) - 1)


def test_an_emptied_file_is_cleared_and_garbage_is_invalid_too(follow: Follow, port_file: Path) -> None:
    port_file.write_text("40000")
    inbox = follow(port_file).inbox
    port_file.write_text("")
    inbox.until(lambda e: e.type == "port.cleared")
    port_file.write_text("40000")
    inbox.port(40000, since=2)
    port_file.write_text("0")
    invalid = inbox.until(lambda e: e.type == "port.invalid")
    assert "holds 0 in line 1" in invalid.data["reason"]
    assert inbox.types() == ["port.forwarded", "port.cleared", "port.forwarded", "port.invalid", "port.cleared"]


def test_a_file_between_being_truncated_and_written_is_not_cleared(follow: Follow, port_file: Path) -> None:
    port_file.write_text("40000")
    following = follow(port_file, settle_s=30.0)
    with port_file.open("w") as file:
        assert port_file.stat().st_size == 0
        for _ in range(3):
            assert following.source.read_again()
        file.write("50000")
    following.inbox.port(50000)
    assert following.inbox.until(lambda event: event.type == "port.changed")
    assert following.inbox.types() == ["port.forwarded", "port.forwarded", "port.changed"]


def test_the_poll_accepts_only_what_it_read_twice(follow: Follow, port_file: Path) -> None:
    port_file.write_text("40000")
    following = follow(port_file, poll_s=0.05, settle_s=0.2)
    began = time.monotonic()
    with port_file.open("w") as file:  # no CLOSE_WRITE as long as it is open: only the poll can see it
        following.inbox.until(lambda e: e.type == "port.cleared")
        assert time.monotonic() - began >= 0.2
        file.write("50000")
        file.flush()
        following.inbox.port(50000)


def test_read_again_posts_before_it_returns(follow: Follow, port_file: Path) -> None:
    following = follow(port_file)
    file = os.open(port_file, os.O_WRONLY | os.O_CREAT)
    os.write(file, b"40000")
    assert following.source.read_again()
    assert following.tracker.world.state()["port"] == 40000
    os.close(file)


def test_without_a_port_file_the_world_knows_none(follow: Follow, tmp_path: Path) -> None:
    following = follow(None, tmp_path / "other")
    assert following.source.read_again()
    assert following.tracker.world.file is None


# -- other files ------------------------------------------------------------------------------


def test_events_of_another_file_never_hold_its_content(follow: Follow, tmp_path: Path) -> None:
    other = tmp_path / "wg0.conf"
    other.write_text("there already, which is no news")
    inbox = follow(None, other).inbox
    other.write_text("secret")
    written = inbox.until(lambda e: e.type == "file.written")
    assert (written.subject, dict(written.data)) == (str(other), {"path": str(other), "size": 6})
    assert (written.time, written.source) == (other.stat().st_mtime_ns, "files")
    other.write_text("")
    assert inbox.until(lambda e: e.type == "file.emptied").data["size"] == 0
    other.unlink()
    assert dict(inbox.until(lambda e: e.type == "file.removed").data) == {"path": str(other)}
    assert inbox.types() == ["file.written", "file.emptied", "file.removed"]


def test_a_second_write_within_the_same_tick_of_the_clock_is_posted(follow: Follow, tmp_path: Path) -> None:
    write_at(tmp_path / "other", "one", 10**18)
    inbox = follow(None, tmp_path / "other", now_ns=lambda: 10**18 + 5_000_000).inbox
    write_at(tmp_path / "other", "two", 10**18)
    inbox.until(lambda e: e.type == "file.written")


def test_a_file_that_was_opened_and_not_written_is_no_event(follow: Follow, tmp_path: Path) -> None:
    for name in ("other", "later"):
        write_at(tmp_path / name, "one", 10**18)
    inbox = follow(None, tmp_path / "other", tmp_path / "later").inbox
    (tmp_path / "other").open("a").close()
    (tmp_path / "later").write_text("two")
    inbox.until(lambda e: e.subject == str(tmp_path / "later"))
    assert inbox.types() == ["file.written"]


def test_the_port_file_may_be_named_by_a_rule_too(follow: Follow, port_file: Path) -> None:
    inbox = follow(port_file, port_file).inbox
    port_file.write_text("40000")
    inbox.port(40000)
    inbox.until(lambda e: e.type == "file.written")


def test_what_is_followed_can_change(follow: Follow, port_file: Path, tmp_path: Path) -> None:
    following = follow(port_file, tmp_path / "a")
    following.source.follow(str(port_file), [str(tmp_path / "b")])
    assert following.source.ready.wait(WAIT_S)
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_text("x")
    port_file.write_text("40000")
    following.inbox.port(40000)
    assert following.inbox.until(lambda e: e.type == "file.written").subject == str(tmp_path / "b")
    assert "a" not in [Path(event.subject).name for event in following.inbox.events]
    following.source.follow(None)
    assert following.source.ready.wait(WAIT_S)
    inotify = next(fd for fd, name in open_files().items() if "inotify" in name)
    assert "wd:" not in Path(f"/proc/self/fdinfo/{inotify}").read_text()


# -- the thread and its descriptors -----------------------------------------------------------


def test_stop_is_at_once_and_gives_everything_back(port_file: Path) -> None:
    before = sorted(open_files().values())
    following = Following(port_file)
    mine = {fd for fd, name in open_files().items() if "inotify" in name}
    assert mine
    assert not any(os.get_inheritable(fd) for fd in mine)
    following.source.stop()
    following.source.stop()
    assert not following.source.alive
    assert following.source.read_again()  # harmless
    assert sorted(open_files().values()) == before


def test_a_source_that_never_started_can_be_stopped(port_file: Path) -> None:
    inbox = Inbox()
    source = FilesSource(Tracker(World(), inbox.post, time.time_ns), inbox.post, str(port_file))
    assert not source.alive
    source.stop()
    assert source.health()["connected"] is False
