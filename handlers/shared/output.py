"""What may be shown of a text that others wrote: no secret that is known here, and not too much of it.

Whatever a handler says is masked once more before it is shown, with every secret that was
ever read. That only finds whole secrets, so nothing here cuts one in half.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hooks.config.masking import HIDDEN, looks_secret
from hooks.config.secrets import mask_userinfo

OUTPUT_LIMIT_BYTES = 4096
LINE_LIMIT_CHARS = 300
_SHORTEST = 4  # hiding "on" or "12" everywhere would protect nothing and make the text unreadable


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without these values (of 4 characters or more) and without userinfo in URLs."""
    for value in sorted(secrets, key=len, reverse=True):  # a secret may hold another one
        if len(value) >= _SHORTEST:
            text = text.replace(value, HIDDEN)
    return mask_userinfo(text)


def secret_values(named: Mapping[str, str] | None) -> tuple[str, ...]:
    """The values whose names look as if they were secret."""
    return tuple(value for name, value in (named or {}).items() if looks_secret(name))


def cut(text: str, limit_chars: int = LINE_LIMIT_CHARS) -> str:
    """The text on one line, at most so many characters long; no word is cut in half."""
    line = "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))
    if len(line) <= limit_chars:
        return line
    return line[: limit_chars - 1].rpartition(" ")[0] + " …"


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
