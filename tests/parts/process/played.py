"""Played parts: a dispatcher whose attempts take a story's time, a target that may be away, a disk that may fail."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, Protocol

from hooks.config.settings import Settings
from hooks.handler import Context, Handler, Outcome
from hooks.journal.journal import Journal
from hooks.journal.store import Record, Store
from hooks.rules.conditions import ContainerIs
from hooks.rules.placeholders import parse
from hooks.rules.table import Entry, Limit, RetryPolicy, Rule, Step
from hooks.runtime.dispatcher import Dispatcher
from hooks.runtime.executor import Attempt
from hooks.runtime.workers import Work

PORT, OOM, START, FAILED = "port.forwarded", "container.oom", "container.start", "run.failed"
LIMIT = Limit(3, 100.0)
_RETRY = RetryPolicy(3, 1.0, 30.0)

RULES = (
    Rule("set", (Entry(PORT),), (Step("target.act", {"what": parse("${event.port}")}, reconciles=True),), key="port",
         retry=_RETRY),
    Rule("gate", (Entry(PORT),), (Step("target.act", {"what": parse("${event.port}")}, reconciles=True),), key="port",
         retry=_RETRY, only_if=(ContainerIs("sonarr", ("running",)),)),
    Rule("log", (Entry(OOM),), (Step("target.act", {"what": parse("${event.exit_code}")}),), mode="queued",
         retry=RetryPolicy(60, 1.0, 30.0)),
    Rule("aim", (Entry(START),), (Step("target.act", {"what": parse("${state.port}")}, reconciles=True),
                                  Step("target.act", {"what": "told"}, when_changed=True)), cooldown_s=5.0),
    Rule("few", (Entry(OOM),), (Step("target.act", {"what": parse("${event.exit_code}")}),), limit=LIMIT),
    Rule("cry", (Entry(FAILED),), (Step("target.act", {"what": parse("${event.run}")}),), mode="queued",
         retry=RetryPolicy(60, 1.0, 30.0)),
)  # fmt: skip


class Story(Protocol):
    """What the parts need of the story that they are played in."""

    now: float
    disk_fails: bool

    def act(self, run: str, what: Any) -> None: ...

    def work(self, attempt: Attempt, work: Work) -> None: ...

    def wall(self) -> float: ...

    def committed(self) -> None: ...


class Killed(BaseException):
    """`kill -9` at this instant."""


@dataclass(frozen=True)
class Args:
    what: Any = ""


class Target(Handler[Args]):
    """Tells the story what it does, and fails while the story says so."""

    name, says, Args, reconciles = "target.act", "acts", Args, True

    def __init__(self, story: Story) -> None:
        self._story = story

    def targets(self, args: Args, settings: Settings) -> tuple[str, ...]:
        return ()

    def plan(self, args: Args, ctx: Context) -> str | None:
        return None

    def apply(self, args: Args, ctx: Context) -> Outcome:
        self._story.act(ctx.run, args.what)
        return Outcome("changed", f"did {args.what}")


def turn(dispatcher: Dispatcher) -> float:
    """Do what is to be done now. When there is something again."""
    dispatcher.turn(-inf)
    while not dispatcher.caught_up or dispatcher.deadline() <= dispatcher.now():
        dispatcher.turn(-inf)
    return dispatcher.deadline()


class FragileStore(Store):
    """A store whose disk refuses writes while the story says so, and that tells the story of each commit."""

    story: Story

    def write(self, records: Iterable[Record]) -> None:
        if self.story.disk_fails:
            raise sqlite3.OperationalError("attempt to write a readonly database")
        super().write(records)
        self.story.committed()


def fragile_journal(folder: Path, story: Story) -> Journal:
    """A journal on that disk; its clocks are the story's."""

    def open_store(path: Path) -> Store:
        store = FragileStore(path)
        store.story = story
        return store

    return Journal(folder, now=story.wall, clock=lambda: story.now, open_store=open_store)
