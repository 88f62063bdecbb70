"""Handlers that do what a test tells them, and a dispatch that runs them on real threads."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hooks.config.settings import Settings
from hooks.engine.engine import Engine
from hooks.events.catalogue import Event
from hooks.handler import Context, Handler, Outcome
from hooks.journal.books import Books
from hooks.rules.table import Rule, Table
from hooks.runtime.dispatcher import Dispatch
from hooks.runtime.executor import Attempt, Workshop
from hooks.world.model import World

WAIT_S = 5.0  # nothing here takes as long; a test that waits for it has failed


@dataclass(frozen=True)
class PlayArgs:
    target: str = "a"
    text: Any = ""


class Play(Handler[PlayArgs]):
    """Calls back into the test; what it was called with is in `calls`."""

    name, says, Args, reconciles = "play.act", "does as told", PlayArgs, True

    def __init__(self, act: Callable[[PlayArgs, Context], Outcome]) -> None:
        self.act = act
        self.calls: queue.Queue[tuple[PlayArgs, Context]] = queue.Queue()

    def targets(self, args: PlayArgs, settings: Settings) -> tuple[str, ...]:
        return tuple(args.target.split("+"))

    def plan(self, args: PlayArgs, ctx: Context) -> str | None:
        return f"would act on {args.target}" if args.text != "fine" else None

    def apply(self, args: PlayArgs, ctx: Context) -> Outcome:
        self.calls.put((args, ctx))
        return self.act(args, ctx)


class Tell(Play):
    """The same, but it brings no state about."""

    name, reconciles = "play.tell", False


class Notes(dict[str, Any]):
    def put(self, key: str, value: Any) -> None:
        self[key] = value


@dataclass
class Stage:
    """A running dispatch and what it was told."""

    dispatch: Dispatch
    handlers: dict[str, Play]
    world: list[World] = field(default_factory=lambda: [World()])

    def post(self, kind: str, subject: str = "gluetun", **data: Any) -> None:
        data.setdefault("container", subject)
        self.dispatch.post(Event(kind, subject, time.time_ns(), "docker", data={"id": "1", **data}))

    def called(self, name: str = "play.act") -> tuple[PlayArgs, Context]:
        return self.handlers[name].calls.get(timeout=WAIT_S)


def changed(said: str = "done") -> Outcome:
    return Outcome("changed", said)


@contextmanager
def stage(*rules: Rule, settings: Settings | None = None, secrets: dict[str, str] | None = None,
          confirm: Callable[[Any], bool | None] = lambda _: True,
          act: Callable[[PlayArgs, Context], Outcome] = lambda *_: changed(),
          books: Books | None = None) -> Iterator[Stage]:  # fmt: skip
    handlers: dict[str, Play] = {"play.act": Play(act), "play.tell": Tell(act)}
    settings = settings or Settings()
    world = [World()]
    memory = Notes()
    clock = time.monotonic

    def context(attempt: Attempt) -> Context:
        return Context(
            attempt.run.event, attempt.run.id, settings, world[0], memory, (secrets or {}).get, lambda _: None,
            lambda: attempt.deadline - clock(), lambda _: None, time.time,
        )  # fmt: skip

    def mask(text: str) -> str:
        for value in (secrets or {}).values():
            text = text.replace(value, "***")
        return text

    books = books or Books()
    workshop = Workshop(handlers, settings, context, clock, mask, confirm, books=books)
    dispatch = Dispatch(Engine(Table(rules), last_id=books.last_number()), workshop, books=books, jitter=lambda: 0.0)

    def run() -> None:
        dispatch.run()
        dispatch.drain()

    loop = threading.Thread(target=run)
    loop.start()
    try:
        yield Stage(dispatch, handlers, world)
    finally:
        dispatch.stop()
        loop.join(WAIT_S)
        assert not loop.is_alive(), "the loop did not end"
