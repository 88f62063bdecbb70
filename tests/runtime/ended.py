"""A rule with one step, and a queue of the attempts that have ended."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hooks.engine.runs import Result, Run
from hooks.events import signals
from hooks.rules.table import Entry, Rule, Step


def rule(name: str = "r", *steps: Step, on: str = "container.start", **more: Any) -> Rule:
    return Rule(name, (Entry(on),), steps or (Step("play.act", reconciles=True),), **more)


@contextmanager
def ended() -> Iterator[queue.Queue[tuple[Run, Result]]]:
    """Hear of every attempt that ends."""
    heard: queue.Queue[tuple[Run, Result]] = queue.Queue()

    def listen(_: object, run: Run, result: Result, **__: Any) -> None:
        heard.put((run, result))

    with signals.run_ended.connected_to(listen):
        yield heard
