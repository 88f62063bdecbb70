"""Handlers that do what a test tells them, and a dispatcher that runs them on real threads."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hooks.config.secrets import Secrets
from hooks.config.settings import Settings
from hooks.engine.engine import Engine
from hooks.engine.runs import Run
from hooks.events.catalogue import Event
from hooks.handler import Context, Handler, Outcome
from hooks.journal.journal import Journal
from hooks.rules.facts import Facts, unseen
from hooks.rules.table import Rule, Table
from hooks.rules.verdicts import HOLDS, Verdict
from hooks.runtime.dispatcher import Dispatcher
from hooks.runtime.executor import Executor
from hooks.world.model import World

WAIT_S = 5.0  # nothing here takes as long; a test that waits for it has failed


@dataclass(frozen=True)
class PlayArgs:
    target: str = "a"
    text: str = ""  # of any type, where a test makes the step itself


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
    """A running dispatcher and what it was told."""

    dispatcher: Dispatcher
    handlers: dict[str, Play]
    journal: Journal
    world: list[World] = field(default_factory=lambda: [World()])

    def post(self, kind: str, subject: str = "gluetun", **data: Any) -> None:
        data.setdefault("container", subject)
        self.dispatcher.post(Event(kind, subject, time.time_ns(), "docker", data={"id": "1", **data}))

    def called(self, name: str = "play.act") -> tuple[PlayArgs, Context]:
        return self.handlers[name].calls.get(timeout=WAIT_S)


def changed(said: str = "done") -> Outcome:
    return Outcome("changed", said)


@contextmanager
def a_journal() -> Iterator[Journal]:
    """A journal in a folder of its own, in memory where there is such a place."""
    memory = Path("/dev/shm")
    place = TemporaryDirectory(prefix="gluehook-stage-", dir=memory if memory.is_dir() else None)
    with place as folder, closing(Journal(Path(folder))) as journal:
        yield journal


@contextmanager
def stage(*rules: Rule, settings: Settings | None = None, secrets: dict[str, str] | None = None,
          lasts: Callable[[Sequence[Event]], bool | None] = lambda _: True,
          act: Callable[[PlayArgs, Context], Outcome] = lambda *_: changed(),
          journal: Journal | None = None, real: Secrets | None = None, facts: Callable[[], Facts] = unseen,
          conditions: Callable[[Run], Verdict] = lambda _: HOLDS) -> Iterator[Stage]:  # fmt: skip
    handlers: dict[str, Play] = {"play.act": Play(act), "play.tell": Tell(act)}
    settings = settings or Settings()
    world = [World()]
    memory = Notes()
    clock = time.monotonic

    def context(event: Event, run: str, deadline: float) -> Context:
        return Context(
            event, run, settings, world[0], memory, real.read if real else (secrets or {}).get, lambda _: None,
            lambda: deadline - clock(), lambda _: None, time.time,
        )  # fmt: skip

    def mask(text: str) -> str:
        for value in (secrets or {}).values():
            text = text.replace(value, "***")
        return text

    with a_journal() if journal is None else nullcontext(journal) as kept:
        executor = Executor(handlers, settings, context, clock, kept, real.mask if real else mask, lasts)
        executor = replace(executor, hide=real.hide if real else executor.hide, conditions=conditions)
        engine = Engine(Table(rules), last_id=kept.last_number())
        dispatcher = Dispatcher(engine, executor, kept, jitter=lambda: 0.0, facts=facts)

        def run() -> None:
            dispatcher.run()
            dispatcher.drain()

        loop = threading.Thread(target=run)
        loop.start()
        try:
            yield Stage(dispatcher, handlers, kept, world)
        finally:
            dispatcher.stop()
            loop.join(WAIT_S)
            assert not loop.is_alive(), "the loop did not end"
