"""A short name of a rules file's text, so that what was in force then can be told from what is in force now."""

from __future__ import annotations

import hashlib

_CHARS = 12


def fingerprint(text: str) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of the text in UTF-8; "" for no text."""
    return hashlib.sha256(text.encode()).hexdigest()[:_CHARS] if text else ""
