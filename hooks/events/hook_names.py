"""The names that a hook may have: NAME in `POST /hook/NAME`, and `name` of the event hook.called."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
WRITE = "write letters, digits, - _ and ., at most 60 of them"


def is_name(text: str) -> bool:
    """Whether a hook may have this name."""
    return bool(_NAME.fullmatch(text))
