"""Played parts: a dispatch whose attempts take a story's time, a target that may be away, a disk that may fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, Protocol

from hooks.config.settings import Settings
from hooks.handler import Context, Handler, Outcome
from hooks.journal.journal import Durable
from hooks.journal.store import Journal
from hooks.rules.placeholders import parse
from hooks.rules.table import Entry, Limit, RetryPolicy, Rule, Step
from hooks.runtime.dispatcher import Dispatch, _Finished
from hooks.runtime.executor import Attempt

PORT, OOM, START, FAILED = "port.forwarded", "container.oom", "container.start", "run.failed"
LIMIT = Limit(3, 100.0)
_RETRY = RetryPolicy(3, 1.0, 30.0)

RULES = (
    Rule("set", (Entry(PORT),), (Step("target.act", {"what": parse("${event.port}")}, reconciles=True),), key="port",
         retry=_RETRY),
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

    def work(self, attempt: Attempt) -> None: ...

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


class Played(Dispatch):
    """Attempts take the story's time instead of a thread's; an empty inbox is not waited for."""

    story: Story

    def _set_to_work(self, attempt: Attempt) -> None:
        self.story.work(attempt)

    def finish(self, attempt: Attempt) -> None:
        self._inbox.put(_Finished(attempt, self.workshop.perform(attempt)))

    def turn(self) -> float:
        """Do what is to be done now. When there is something again."""
        self._turn(-inf)
        while not self._inbox.empty() or self._deadline() <= self._clock():
            self._turn(-inf)
        return self._deadline()


class Fragile(Durable):
    """A journal whose disk fails while the story says so, and that kills after a commit."""

    def __init__(self, folder: Path, story: Story) -> None:
        self.story = story
        super().__init__(folder, clock=lambda: story.now)

    def _opened(self) -> Journal:
        journal = super()._opened()
        if self.story.disk_fails:
            journal._db.execute("pragma query_only = on")
        journal._transaction = counted(journal, self.story.committed)  # type: ignore[method-assign]
        return journal

    def fail(self) -> None:
        if self._journal:
            self._journal._db.execute("pragma query_only = on")


def counted(journal: Journal, committed: Callable[[], None]) -> Any:
    """The journal's own transaction, and a call after each commit of it."""
    own = journal._transaction

    @contextmanager
    def transaction() -> Iterator[Any]:
        with own() as db:
            yield db
        if not db.in_transaction:
            committed()

    return transaction
