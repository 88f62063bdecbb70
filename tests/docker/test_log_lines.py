"""The bytes of a log into lines: what engines were recorded to send, however it is cut, and what none should send."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from hooks.docker.log_lines import LONGEST_BYTES, Line, LogLines, LogStreamError

DOCKER, PODMAN = b"2026-12-01T01:27:34.525507296Z", b"2026-12-01T01:27:04+01:00"
LONG = b"x" * LONGEST_BYTES


def frame(text: bytes, stream: int = 1, stamp: bytes = DOCKER) -> bytes:
    """As an engine sends it."""
    piece = stamp + b" " + text
    return bytes((stream, 0, 0, 0)) + len(piece).to_bytes(4, "big") + piece


def cut(chunks: Iterable[bytes]) -> list[tuple[int, bytes, bytes]]:
    """All lines of a stream that comes in these chunks."""
    lines = LogLines()
    found: list[Line] = [line for chunk in chunks for line in lines.feed(chunk)]
    return [tuple(line) for line in (*found, *lines.end())]


@pytest.mark.parametrize(
    ("stream", "lines"),
    [
        (b"", []),
        (frame(b"one\n") + frame(b"two\n", 2), [(1, DOCKER, b"one"), (2, DOCKER, b"two")]),
        (frame(b"\n") + frame(b" a b \r\n"), [(1, DOCKER, b""), (1, DOCKER, b" a b ")]),
        (frame(b"a\0b\xff\n"), [(1, DOCKER, b"a\0b\xff")]),
        # Docker: a long line in pieces of 16 KiB, the last one with the end; what is behind 16 KiB is left out
        (frame(LONG) + frame(b"y" * 99) + frame(b"end\n") + frame(b"z\n"), [(1, DOCKER, LONG), (1, DOCKER, b"z")]),
        # Podman: pieces of 8 KiB, and a line that is not finished is between pieces of the other stream
        (
            frame(b"no ", 1, PODMAN) + frame(b"err\n", 2, PODMAN) + frame(b"newline\n", 1, PODMAN),
            [(2, PODMAN, b"err"), (1, PODMAN, b"no newline")],
        ),
        (frame(b"p" * 8192) + frame(b"q" * 8192) + frame(b"r\n"), [(1, DOCKER, b"p" * 8192 + b"q" * 8192)]),
        (frame(b"last words"), [(1, DOCKER, b"last words")]),
        # with a terminal there are no frames
        (DOCKER + b" hello\r\n" + PODMAN + b" \x1b[31mred\r\n", [(1, DOCKER, b"hello"), (1, PODMAN, b"\x1b[31mred")]),
        (DOCKER + b" " + 4 * LONG + b"\r\n" + DOCKER + b" z", [(1, DOCKER, LONG), (1, DOCKER, b"z")]),
        (b"no time at all\n", [(1, b"", b"no time at all")]),
        # a part of a frame at the end is none
        (frame(b"one\n") + frame(b"two\n")[:-3], [(1, DOCKER, b"one")]),
    ],
)  # fmt: skip
def test_a_stream_is_cut_into_its_lines_however_it_comes(stream: bytes, lines: list[tuple[int, bytes, bytes]]) -> None:
    assert cut([stream]) == lines
    for size in (1, 7, 8, 9, 4096) if len(stream) < 1000 else (4093,):
        assert cut(_pieces(stream, size)) == lines, size


def _pieces(stream: bytes, size: int) -> list[bytes]:
    return [stream[start : start + size] for start in range(0, len(stream), size)]


def test_a_line_of_ten_megabytes_takes_no_more_room_than_what_is_kept_of_it() -> None:
    lines = LogLines()
    for _ in range(640):
        assert not list(lines.feed(frame(LONG)))
    assert [len(line.text) for line in lines.feed(frame(b"end\n"))] == [LONGEST_BYTES]


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (bytes((3, 0, 0, 0, 0, 0, 0, 20)) + b"error grabbing logs\n", "error grabbing logs"),
        (bytes((1, 0, 0, 0, 255, 255, 255, 255)), "no log of Docker's"),
        (bytes((9, 0, 0, 0, 0, 0, 0, 1)) + b"x", "no log of Docker's"),
    ],
)
def test_what_is_no_log_is_an_error(stream: bytes, said: str) -> None:
    with pytest.raises(LogStreamError, match=said):
        cut([stream])
