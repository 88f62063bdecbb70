"""The main job end to end: a real `gluehook run` with the shipped rules, a real port file, a real qBittorrent."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.process.gluehook import Gluehook, gluehook, shipped, until
from tests.parts.targets.daemon import free_port
from tests.parts.targets.qbittorrent import PASSWORD, QBittorrent, running

pytestmark = pytest.mark.qbittorrent

TWO_MS = 0.002
INVALID = "; no port is set until it is written anew"
FAILED = "WebAPI login failure"  # in qBittorrent's own log


@pytest.fixture(scope="module")
def torrents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QBittorrent]:
    """One qBittorrent for all of these tests: each uses ports of its own."""
    with running(tmp_path_factory.mktemp("torrents") / "profile") as part:
        yield part


@pytest.fixture
def runner(tmp_path: Path, torrents: QBittorrent) -> Iterator[Gluehook]:
    """A gluehook that knows the password, started. Docker is absent."""
    with gluehook(tmp_path, shipped(), QBITTORRENT_URL=torrents.url, QBITTORRENT_PASSWORD=PASSWORD) as part:
        part.hears("is ready")
        yield part


def test_a_written_port_is_listened_on_and_written_again_listened_on_anew(
    runner: Gluehook, torrents: QBittorrent
) -> None:
    port = free_port()
    runner.write_port(port)
    runner.hears(f"listens on {port} (before: ")
    first = torrents.listening(port)
    assert torrents.preferences()["listen_port"] == port
    runner.write_port(port)
    runner.hears(f"listens on {port} anew, as gluetun wrote that port anew")
    assert torrents.listening(port, other_than=first), "after a new tun0 only another socket hears anybody"
    assert torrents.preferences()["listen_port"] == port


def test_garbage_sets_nothing_and_is_said_once(runner: Gluehook, torrents: QBittorrent) -> None:
    port = free_port()
    runner.write_port(port)
    runner.hears(f"listens on {port} ")
    for garbage in ("not a port", "65536", "0", "51413 x", "\0\0", "9" * 10**6):
        since, before, port = runner.mark(), port, free_port()
        runner.write_port(garbage)
        runner.hears(f"the port file {runner.port_file} ", INVALID, since=since)
        runner.hears("port.cleared; heal-vpn runs in 3m if that lasts", since=since)
        assert torrents.preferences()["listen_port"] == before
        runner.write_port(port)
        runner.hears(f"listens on {port} (before: {before})", since=since)  # nothing was set in between
        assert len(runner.told(INVALID, since=since)) == 1, runner.lines[since:]


def test_an_emptied_file_sets_nothing(runner: Gluehook, torrents: QBittorrent) -> None:
    port = free_port()
    runner.write_port(port)
    runner.hears(f"listens on {port} ")
    runner.write_port("")
    runner.hears("port.cleared; heal-vpn runs in 3m if that lasts")
    assert torrents.preferences()["listen_port"] == port
    assert len(runner.told("qBittorrent")) == 1, runner.lines
    assert not runner.told(INVALID), "an empty file is no garbage"


def test_of_two_writes_two_milliseconds_apart_the_last_wins(runner: Gluehook, torrents: QBittorrent) -> None:
    pace, ports = threading.Event(), dict[int, None]()
    while len(ports) < 40:
        ports[free_port()] = None  # the kernel may give one twice
    chosen = iter(ports)
    for first, last in zip(chosen, chosen, strict=True):
        since = runner.mark()
        runner.write_port(first)
        pace.wait(TWO_MS)
        runner.write_port(last)
        runner.hears(f"listens on {last} ", since=since)
        assert torrents.listening(last)
        said = [line.partition("listens on ")[2].split()[0] for line in runner.told("listens on ", since=since)]
        assert str(first) not in said[said.index(str(last)) :], "an older value came after a newer one"
    assert said[-1] == str(last)
    assert torrents.preferences()["listen_port"] == last


def test_sigterm_ends_it_at_once_and_leaves_nothing_behind(runner: Gluehook, torrents: QBittorrent) -> None:
    port = free_port()
    runner.write_port(port)
    runner.hears(f"listens on {port} ")
    assert runner.ends(signal.SIGTERM, wait_s=5) == 0
    assert runner.told("gluehook stops: nothing is running")
    assert "gluehook has stopped" in runner.lines[-1]
    assert not [file for file in runner.state.iterdir() if ".new" in file.name]
    assert torrents.preferences()["listen_port"] == port


def test_what_was_written_while_it_was_down_is_done_at_the_next_start(runner: Gluehook, torrents: QBittorrent) -> None:
    assert runner.ends(signal.SIGINT) == 0
    port = free_port()
    runner.write_port(port)
    runner.start()
    runner.hears(f"listens on {port} ")
    since = runner.mark()
    assert runner.ends(signal.SIGTERM) == 0
    runner.start()
    runner.hears("is ready", f"the forwarded port is {port}", since=since)
    assert runner.ends(signal.SIGTERM) == 0
    assert not runner.told("listens on", since=since), "it was applied already: the second start changes nothing"


def test_a_killed_one_does_it_at_the_next_start(runner: Gluehook, torrents: QBittorrent) -> None:
    port = free_port()
    runner.write_port(port)
    assert runner.ends(signal.SIGKILL) == -signal.SIGKILL
    runner.start()
    until(lambda: torrents.preferences()["listen_port"] == port, "the port was forgotten")


def test_a_wrong_password_is_tried_once_and_said_once(tmp_path: Path, torrents: QBittorrent) -> None:
    before = torrents.logged(FAILED)
    with gluehook(tmp_path, shipped(), QBITTORRENT_URL=torrents.url, GLUEHOOK_LOG_LEVEL="DEBUG") as runner:
        runner.hears("is ready")
        for _ in range(8):  # qBittorrent bans an address after five
            since = runner.mark()
            runner.write_port(free_port())
            runner.hears("forward-port", "rejects the password of 'admin'", since=since)
        assert runner.ends() == 0
        errors = runner.told("ERROR", "rejects the password")
        assert len(errors) == 1, errors
        assert "correct QBITTORRENT_USERNAME or QBITTORRENT_PASSWORD: it is tried again when" in errors[0]
        assert runner.told("DEBUG", "rejects the password", "(for the 8. time)")
        since = runner.mark()
        runner.start()  # what was rejected is remembered
        runner.hears("rejects the password", since=since)
        assert runner.ends() == 0
    assert torrents.logged(FAILED) == before + 1
    assert torrents.login()[0] in (200, 204), "we are banned"
