"""A call that another thread wants done on the dispatcher's thread, between two messages."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """`act`, and the future that takes what it returns or raises."""

    act: Callable[[], Any]
    answer: Future[Any]

    def do(self) -> None:
        """Do it, unless nobody waits for the answer any more."""
        if not self.answer.set_running_or_notify_cancel():
            return
        try:
            self.answer.set_result(self.act())
        except Exception as error:  # noqa: BLE001 - it is the caller's
            self.answer.set_exception(error)
