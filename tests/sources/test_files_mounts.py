"""The port file's directory is a mount that goes and comes, as a volume's does on a host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.process.disk import disk, mount, unmount
from tests.parts.process.following import Follow, replace_whole


@pytest.fixture
def port_file(tmp_path: Path) -> Iterator[Path]:
    """On a disk of its own."""
    with disk(tmp_path / "gluetun") as folder:
        yield folder / "forwarded_port"


def test_after_an_unmount_the_directory_beneath_is_followed(follow: Follow, port_file: Path) -> None:
    port_file.write_text("40000")
    inbox = follow(port_file).inbox
    inbox.port(40000)
    unmount(port_file.parent)
    try:
        cleared = inbox.until(lambda e: e.type == "port.cleared")
        assert cleared.data["old_port"] == 40000
        port_file.write_text("50000")
        inbox.port(50000)
        replace_whole(port_file, "50001")
        inbox.port(50001)
    finally:
        mount(port_file.parent)


def test_a_mount_over_the_directory_is_found_by_the_poll_and_followed_from_then_on(
    follow: Follow, port_file: Path
) -> None:
    unmount(port_file.parent)
    port_file.write_text("40000")
    following = follow(port_file, poll_s=0.2)
    following.inbox.port(40000)
    mount(port_file.parent)  # of which the kernel tells nobody
    following.inbox.until(lambda e: e.type == "port.cleared")
    following.source.poll_s = 3600.0
    for port in (50000, 50001):
        since = len(following.inbox.events)
        replace_whole(port_file, str(port))
        following.inbox.port(port, since)


def test_a_disk_that_is_mounted_anew_again_and_again_ends_with_the_right_port(follow: Follow, port_file: Path) -> None:
    inbox = follow(port_file, poll_s=0.05, settle_s=0.02).inbox
    for port in range(40000, 40010):
        unmount(port_file.parent)
        port_file.parent.rmdir()
        port_file.parent.mkdir()
        mount(port_file.parent)
        port_file.write_text(str(port))
        inbox.port(port)
