"""A text as a QR code, as a PNG and for a terminal. segno computes it; its own PNGs take as long as the code itself."""

from __future__ import annotations

import struct
import zlib

_MASK = 3  # any of the eight is a valid QR code; weighing them against each other takes longer than all the rest
_MOST_BYTES = 2953  # of the largest code with the least redundancy
_QUIET = 4  # modules of white around a QR code, as its standard wants
_PIXELS = 8  # for each module
_HALVES = {(0, 0): " ", (0, 1): "▄", (1, 0): "▀", (1, 1): "█"}


def too_long(text: str) -> str:
    """Why no QR code can hold the text, as the rest of a sentence; "" if one can."""
    size = len(text.encode())
    return f"its {size:,} bytes are more than the {_MOST_BYTES:,} that a QR code can hold" if size > _MOST_BYTES else ""


def png(text: str) -> bytes:
    """The text as a picture. Raises ValueError if it is longer than a QR code can be."""
    rows = [_scanline(row) * _PIXELS for row in _modules(text)]
    side = len(rows) * _PIXELS
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)  # one bit of grey for each pixel
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def lines(text: str) -> list[str]:
    """The text in characters of two modules each, to be shown in black on white. Raises as `png`."""
    rows = _modules(text)
    rows += [bytes(len(rows[0]))] * (len(rows) % 2)
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(_HALVES[both] for both in zip(upper, lower, strict=True)) for upper, lower in pairs]


def _modules(text: str) -> list[bytes]:
    """Rows of modules, 1 for a dark one, with the white around them."""
    import segno

    if why := too_long(text):
        raise ValueError(why)
    matrix = segno.make_qr(text.encode(), error="l", mode="byte", mask=_MASK).matrix
    side = bytes(_QUIET)
    above = [bytes(len(matrix) + 2 * _QUIET)] * _QUIET
    return [*above, *(side + bytes(row) + side for row in matrix), *above]


def _scanline(row: bytes) -> bytes:
    # a module is as wide as a byte, which makes eight pixels; the first byte names the filter, none
    return b"\0" + bytes(0 if dark else 0xFF for dark in row)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
