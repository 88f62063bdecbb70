"""What the web process knows of one thing: the value and when it was read, or why it cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` as read at `at` (seconds since the Unix epoch); None if it could not be read, and `why` says why."""

    value: Any
    at: float
    why: str = ""
