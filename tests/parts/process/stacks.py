"""Where another thread stands: for a test that must know that it waits, and not only that it has begun."""

from __future__ import annotations

import sys
import threading


def calls_of(thread: threading.Thread) -> list[str]:
    """The names of the functions that the thread is in, the innermost first."""
    frame, names = sys._current_frames().get(thread.ident or 0), list[str]()
    while frame is not None:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names
