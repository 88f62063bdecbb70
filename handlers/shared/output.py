"""Cuts the output of programs and services to what a message can hold.

Everything that a handler reports is masked before it is shown, with every secret that was
ever read. Masking finds whole secrets only, so no word is cut in half here.
"""

from __future__ import annotations

from hooks.config.secrets import CUT, on_one_line

OUTPUT_LIMIT_BYTES = 4096
LINE_LIMIT_CHARS = 300


def cut(text: str, limit_chars: int = LINE_LIMIT_CHARS) -> str:
    """The text on one line, at most so many characters long; no word is cut in half."""
    line = on_one_line(text)
    if len(line) <= limit_chars:
        return line
    return line[: limit_chars - 1].rpartition(" ")[0] + CUT


class Tail:
    """The end of a program's output, 4 KiB of it, however much the program says."""

    def __init__(self, limit_bytes: int = OUTPUT_LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._kept = bytearray()
        self._cut = False

    def add(self, piece: bytes) -> None:
        """Take in what the program said next."""
        self._kept += piece
        if len(self._kept) > self._limit_bytes:
            del self._kept[: -self._limit_bytes]
            self._cut = True

    @property
    def text(self) -> str:
        """The kept output, without a line whose beginning was cut off."""
        kept = bytes(self._kept)
        if self._cut:
            kept = kept.partition(b"\n")[2]
        return kept.decode("utf-8", "replace").replace("\0", "")

    def last_line(self) -> str:
        """The last line that is not blank, or ""."""
        return next((line.strip() for line in reversed(self.text.splitlines()) if line.strip()), "")
