"""Several looks at once, each with an end of its own: a target that hangs costs its row and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from hooks.doctor.facts.model import Unread
from hooks.handler import GiveUp, Retry

T = TypeVar("T")


def gather(looks: Mapping[str, Callable[[], Any]], within_s: float) -> dict[str, Any]:
    """What each look answers, or `Unread`. Returns at the latest `within_s` seconds from now.

    A look that is still at work then goes on in a daemon thread, until its socket's own time-out.
    """
    found: dict[str, Any] = {}
    deadline = time.monotonic() + within_s
    threads = [
        threading.Thread(target=_into, args=(found, name, look), name=f"look-{name}", daemon=True)
        for name, look in looks.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = Unread(f"there was no answer within {within_s:.1f} s")
    return {name: found.get(name, late) for name in looks}


def _into(found: dict[str, Any], name: str, look: Callable[[], Any]) -> None:
    found[name] = attempt(look)


def attempt(look: Callable[[], T]) -> T | Unread:
    """What the look answers, or why it could not."""
    try:
        return look()
    except (Retry, GiveUp) as why:
        return Unread(why.said)
    except Exception as error:  # noqa: BLE001 - one broken look must not hide the others
        return Unread(f"looking at it broke ({type(error).__name__}); this is a fault of gluehook's")
