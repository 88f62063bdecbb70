"""The bytes with which some editors begin a file: invisible there, and no text of the file's own."""

from __future__ import annotations

UTF8 = b"\xef\xbb\xbf"
_OTHERS = {
    b"\xff\xfe\x00\x00": "UTF-32", b"\x00\x00\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16",
}  # fmt: skip


def named(content: bytes) -> str:
    """What to say of content that begins with a byte order mark, as the rest of a sentence; "" of any other."""
    if content.startswith(UTF8):
        return "begins with a byte order mark, which an editor put there and does not show; save it as UTF-8 without it"
    for mark, encoding in _OTHERS.items():
        if content.startswith(mark):
            return f"begins with a byte order mark and is {encoding}; save it as UTF-8"
    return ""


def decoded(content: bytes) -> str:
    """The text, without a byte order mark of UTF-8, which does no harm.

    Raises ValueError with what is wrong, as the rest of a sentence; `start` of a UnicodeDecodeError is the byte.
    """
    if (said := named(content)) and not content.startswith(UTF8):
        raise ValueError(said)
    return content.decode().removeprefix("\ufeff")
