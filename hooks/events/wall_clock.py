"""Instants as people read them. It stands apart from durations, which the engine imports and which knows no clock."""

from __future__ import annotations

import time


def local_time(at: float) -> str:
    """The local date and time of an instant, in seconds since the Unix epoch: "2026-11-28 14:03:11"."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
