from __future__ import annotations

import itertools
import os
import random
import socket
import threading
import time
import tracemalloc
from pathlib import Path

import pytest

from hooks.sources import port_file
from hooks.world.model import PortFile
from tests.parts.process.ordinary_user import ordinary_user, public_folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "forwarded_port"


@pytest.mark.parametrize(
    ("content", "ports"),
    [
        (b"51413", (51413,)),
        (b"51413\n", (51413,)),
        (b"51413\r\n", (51413,)),
        (b"  51413\t\r\n\r\n", (51413,)),
        (b"1\n65535", (1, 65535)),
        (b"3\n1\n2\n1\n3\n", (3, 1, 2)),
        (b"00443", (443,)),
    ],
)
def test_ports_are_kept_in_file_order_without_repeats(file: Path, content: bytes, ports: tuple[int, ...]) -> None:
    file.write_bytes(content)
    reading = port_file.read(str(file))
    assert (reading.ports, reading.reason) == (ports, "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"0", "holds 0 in line 1, and a port is 1 to 65535"),
        (b"51413\n65536", "holds 65536 in line 2, and a port is 1 to 65535"),
        (b"-1", "holds -1 in line 1"),
        (b"9" * 300, "holds a number of 300 digits in line 1"),
        (b"null", "holds something else than a number in line 1"),
        (b"51413.0", "holds something else than a number in line 1"),
        (b"51413 51414", "holds something else than a number in line 1"),
        (b"+51413", "holds something else than a number"),
        ("٥١٤١٣".encode(), "holds something else than a number"),
        ("\ufeff51413".encode(), "begins with a byte order mark, which an editor put there"),
        (b"\0\0\0\0\0", "holds NUL bytes"),
        (
            "51413\n".encode("utf-16-le"),
            "holds NUL bytes, as after a crash in the middle of a write, or as text in UTF",
        ),
        (b"514\xff", "is not UTF-8 text (byte 3)"),
        (b"51413\n" * 700, "is longer than 4096 bytes"),
    ],
)
def test_garbage_has_a_reason_and_no_ports(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    reading = port_file.read(str(file))
    assert reading.ports == ()
    assert reading.reason.startswith(f"the port file {file} {said}")
    assert reading.reason.endswith("; no port is set until it is written anew")


def test_text_is_never_quoted(file: Path) -> None:
    file.write_text("PrivateKey = c2VjcmV0\n")
    assert "c2VjcmV0" not in port_file.read(str(file)).reason


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\t\n"])
def test_an_empty_file_has_no_reason(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    reading = port_file.read(str(file))
    assert (reading.ports, reading.reason) == ((), "")
    assert reading.generation


def test_a_link_that_leads_nowhere_is_told_until_its_file_is_there(file: Path) -> None:
    file.symlink_to("gone")
    reading = port_file.read(str(file))
    assert "it is a symbolic link to gone, which is not there; remove the link, or let" in reading.reason
    assert reading.generation
    file.with_name("gone").write_bytes(b"51413")
    assert port_file.read(str(file)).ports == (51413,)


def test_what_is_no_file_is_named(file: Path) -> None:
    file.mkdir()
    assert "no plain file but a folder; " in port_file.read(str(file)).reason
    file.rmdir()
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(file))
        assert "no plain file but a socket; " in port_file.read(str(file)).reason


def test_an_absent_file_is_nothing(file: Path) -> None:
    assert port_file.read(str(file)) == PortFile()
    assert port_file.read(str(file / "deeper")) == PortFile()


def test_the_generation_is_mtime_and_inode(file: Path) -> None:
    file.write_bytes(b"51413")
    os.utime(file, ns=(1, 1_700_000_000_123_456_789))
    reading = port_file.read(str(file))
    assert reading.generation == f"1700000000123456789-{file.stat().st_ino}"
    assert reading.mtime == 1_700_000_000_123_456_789


def test_a_gigabyte_costs_nothing(file: Path) -> None:
    with file.open("wb") as big:
        big.truncate(1 << 30)
    tracemalloc.start()
    reading = port_file.read(str(file))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "is longer than 4096 bytes" in reading.reason
    assert peak_bytes < 64 * 1024


def test_what_is_no_plain_file_does_not_hang(file: Path, tmp_path: Path) -> None:
    os.mkfifo(file)
    for path in (file, tmp_path):
        reading = port_file.read(str(path))
        assert "it is no plain file but a " in reading.reason
        assert "; FORWARDED_PORT_FILE must name" in reading.reason
        assert reading.generation


def test_an_unreadable_file_says_how_to_open_it() -> None:
    with public_folder() as folder:
        file = folder / "forwarded_port"
        file.write_bytes(b"51413")
        file.chmod(0)
        with ordinary_user():
            reading = port_file.read(str(file))
        assert reading.ports == ()
        assert f"the port file {file} cannot be read: permission denied" in reading.reason
        assert f"chmod a+r {file}" in reading.reason
        assert reading.generation == f"{file.stat().st_mtime_ns}-{file.stat().st_ino}"


def test_a_closed_folder_is_unreadable_and_not_absent() -> None:
    with public_folder() as folder:
        (folder / "gluetun").mkdir(mode=0o700)
        file = folder / "gluetun" / "forwarded_port"
        file.write_bytes(b"51413")
        (folder / "gluetun").chmod(0)
        with ordinary_user():
            reading = port_file.read(str(file))
        (folder / "gluetun").chmod(0o700)
        assert reading.generation == ""
        assert f"chmod a+rx {folder}/gluetun" in reading.reason


def test_a_file_that_changes_under_the_reader_is_one_version_or_the_other(file: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng, done = random.Random(seed), threading.Event()
    contents = {b"11111\n22222\n": (11111, 22222), b"3\n": (3,)}
    file.write_bytes(b"3\n")

    def write() -> None:
        while not done.is_set():
            file.write_bytes(rng.choice(list(contents)))

    writer, seen, until = threading.Thread(target=write), set(), time.monotonic() + 10
    whole = {(ports, "") for ports in contents.values()}
    writer.start()
    try:
        for reads in itertools.count():
            reading = port_file.read(str(file))
            seen.add((reading.ports, reading.reason))
            if (reads > 500 and whole <= seen) or time.monotonic() > until:
                break
    finally:
        done.set()
        writer.join(5)
    # empty is what a truncated file looks like; whether to believe that is the source's question
    assert whole <= seen <= {((), ""), *whole}


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"\xef\xbb\xbf50123", "begins with a byte order mark"), (b"\xef\xbb\xbf", "begins with a byte order mark"),
     ("50123\n".encode("utf-16"), "begins with a byte order mark and is UTF-16"),
     ("50123".encode("utf-16-be").join([b"\xfe\xff", b""]), "begins with a byte order mark and is UTF-16"),
     ("50123".encode("utf-32"), "begins with a byte order mark and is UTF-32")],
)  # fmt: skip
def test_a_byte_order_mark_is_named(file: Path, content: bytes, what: str) -> None:
    file.write_bytes(content)
    reading = port_file.read(str(file))
    assert reading.ports == ()
    assert what in reading.reason
    assert "gluetun writes none" in reading.reason
