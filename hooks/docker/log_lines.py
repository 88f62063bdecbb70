"""The bytes of a container's log, as an engine streams them with `timestamps=1`, into lines.

Without a terminal the log comes in frames: a byte for the stream (1 stdout, 2 stderr, 3 an error of the engine's),
three zeros, four bytes for the length, and then a time stamp, a blank and the text. A container with a terminal (`tty`)
has no frames. Its stream begins with a digit of a time stamp, which no frame does. A long line comes in pieces, each
with a time stamp: of 16 KiB with Docker, of 8 KiB with Podman; and Podman sends a line that is not finished yet as a
piece, between pieces of the other stream. Measured with Docker 28 and Podman 4.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

LONGEST_BYTES = 16_384  # of a line; what is behind is left out
STDOUT, STDERR = 1, 2
_ENGINE = 3
_HEADER_BYTES = 8
_LONGEST_FRAME_BYTES = 2**21  # an engine sends 16 KiB and a time stamp; more is no frame
_LONGEST_STAMP_BYTES = 40


class Line(NamedTuple):
    """A line without its end; `stamp` is the engine's time stamp as it came, b"" if there was none."""

    stream: int
    stamp: bytes
    text: bytes


class LogStreamError(Exception):
    """What came is no log, or the engine reports that it cannot read it. The text is what is wrong."""


class LogLines:
    """Cuts one stream into lines. One thread uses it."""

    def __init__(self) -> None:
        self._rest = b""
        self._is_framed: bool | None = None  # None: nothing has come yet
        self._unfinished: dict[int, tuple[bytes, bytearray]] = {}  # by stream: the time stamp and the text so far

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """The lines that end in this chunk. Raises LogStreamError."""
        if self._is_framed is None and chunk:
            self._is_framed = chunk[0] < ord(" ")
        return self._frames(self._rest + chunk) if self._is_framed else self._raw(self._rest + chunk)

    def end(self) -> Iterator[Line]:
        """What was written last, without a line end."""
        if self._rest and not self._is_framed:
            yield from self._piece(STDOUT, self._rest)
        for stream, (stamp, text) in self._unfinished.items():
            yield Line(stream, stamp, bytes(text))

    def _frames(self, data: bytes) -> Iterator[Line]:
        begin, end = 0, len(data)
        while end - begin >= _HEADER_BYTES:
            stream, length = data[begin], int.from_bytes(data[begin + 4 : begin + 8], "big")
            if length > _LONGEST_FRAME_BYTES or stream > _ENGINE:
                raise LogStreamError("what came is no log of Docker's")
            text = begin + _HEADER_BYTES
            if end - text < length:
                break
            begin = text + length
            if stream == _ENGINE:
                raise LogStreamError(data[text:begin].decode(errors="replace").strip()[:200])
            yield from self._piece(stream, data[text:begin])
        self._rest = data[begin:]

    def _raw(self, data: bytes) -> Iterator[Line]:
        *lines, rest = data.split(b"\n")
        for line in lines:
            yield from self._piece(STDOUT, line + b"\n")
        if len(rest) > LONGEST_BYTES:
            yield from self._piece(STDOUT, rest)
            rest = b""
        self._rest = rest

    def _piece(self, stream: int, piece: bytes) -> Iterator[Line]:
        """A line, or the next piece of one."""
        stamp, text = _cut(piece)
        begun = self._unfinished.get(stream)
        if begun:
            stamp, room = begun[0], LONGEST_BYTES - len(begun[1])
            begun[1].extend(text[: max(room, 0)])
        if piece.endswith(b"\n"):
            self._unfinished.pop(stream, None)
            whole = bytes(begun[1]) if begun else text[:LONGEST_BYTES]
            yield Line(stream, stamp, whole)
        elif not begun:
            self._unfinished[stream] = (stamp, bytearray(text[:LONGEST_BYTES]))


def _cut(piece: bytes) -> tuple[bytes, bytes]:
    """The time stamp, and the text without its line end."""
    stamp, blank, text = piece.partition(b" ")
    if not (blank and len(stamp) < _LONGEST_STAMP_BYTES and stamp[4:5] == b"-" and b"T" in stamp):
        stamp, text = b"", piece
    return stamp, text.rstrip(b"\r\n") if text.endswith(b"\n") else text
