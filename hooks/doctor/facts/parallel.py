"""Several reads at once, each limited in time: a target that hangs costs its own fact and no other.

`hooks.doctor.facts.collect` reads every target through `gather`; the modules beside this one use `attempt` for a part
of a fact.

Guaranteed: `gather` returns in time, whatever the reads do, with one value for each of them; neither function raises.
A read that failed is an `Unread` with the sentence of its `Retry` or `GiveUp`. Of any other exception only the type is
shown, because its text may hold a secret.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from hooks.doctor.facts.model import Refusal, Unread
from hooks.handler import GiveUp, Retry

T = TypeVar("T")


def gather(reads: Mapping[str, Callable[[], Any]], within_s: float) -> dict[str, Any]:
    """The result of each read, or `Unread`, at the latest `within_s` seconds from now.

    A read that has not ended by then goes on in a daemon thread until its socket's own time-out.
    """
    found: dict[str, Any] = {}
    deadline = time.monotonic() + within_s
    threads = [
        threading.Thread(target=_into, args=(found, name, read), name=f"read-{name}", daemon=True)
        for name, read in reads.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = Unread(f"there was no answer within {within_s:.1f} s")
    return {name: found.get(name, late) for name in reads}


def _into(found: dict[str, Any], name: str, read: Callable[[], Any]) -> None:
    found[name] = attempt(read)


def attempt(read: Callable[[], T]) -> T | Unread:
    """The result of the read, or why there is none."""
    try:
        return read()
    except (Retry, GiveUp) as why:
        return Unread(why.said)
    except Exception as error:  # noqa: BLE001 - one broken read must not hide the others
        return Unread(f"reading it failed ({type(error).__name__}); this is a fault of gluehook's")


def refusal_of(why: Retry | GiveUp) -> Refusal | None:
    """The refusal that ended a read, None where the target was not reached or was only late."""
    return Refusal(why.kind, why.said) if why.kind not in ("", "late") else None
