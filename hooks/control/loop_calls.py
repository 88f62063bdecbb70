"""What a command does on the loop's own thread, between two events."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hooks.control.server import Refused
from hooks.events.durations import format_duration as duration
from hooks.runtime.dispatcher import CALL_WAIT_S, Dispatcher

T = TypeVar("T")


def on_the_loop(dispatcher: Dispatcher, act: Callable[[], T]) -> T:
    """What `act` returns there. Raises Refused if the loop does not answer in time; then nothing is done."""
    try:
        return dispatcher.call(act)
    except TimeoutError:
        raise Refused(f"the loop of gluehook does not answer within {duration(CALL_WAIT_S)}: it is very busy or "
                      "about to end, and nothing was done; try it again") from None  # fmt: skip
