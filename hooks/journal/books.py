"""The journal kept in step with the engine: what was accepted before it runs, how far a run is, what is settled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby
from typing import Any

from hooks.engine.runs import Note, Past, Result, Run, Unfinished
from hooks.events.catalogue import Event, topic_of
from hooks.journal.journal import Durable
from hooks.journal.store import Journal

KEEP_DAYS, KEEP_EVENTS = 30, 50_000  # some 30 MiB, with runs and steps


class Books:
    """Without a journal (`durable` is None) it keeps nothing. `now` is seconds since the Unix epoch."""

    def __init__(self, durable: Durable | None = None, *, now: Callable[[], float] = time.time) -> None:
        self._durable, self._now = durable, now
        self._opened_ns = int(now() * 1e9)

    def is_repeat(self, event: Event) -> bool:
        """Whether an earlier life accepted it: after a start, Docker tells the end of its history again. A state that a
        resync finds is none: it lasts, and this life has to know of it.
        """
        is_of_now = self._opened_ns <= event.time <= self._now() * 1e9  # one of the future: the clock was set back
        if self._durable is None or is_of_now or event.source != "docker" or event.origin == "resync":
            return False
        return self._durable.read(lambda journal: journal.knows(event.id), otherwise=False)

    def together(self) -> AbstractContextManager[None]:
        """One commit for all that is written in this block, at its end."""
        return self._durable.together() if self._durable else nullcontext()

    def note(self, notes: Sequence[Note]) -> None:
        """Write down what was accepted, before anything of it can run, and what was dropped."""
        for _, group in groupby((n for n in notes if n.kind == "accepted"), lambda note: note.event.id):
            told = list(group)
            self._accept(told[0].event, [(note.rule, note.key) for note in told])
        for note in notes:
            if note.kind == "dropped":
                self._drop(note)

    def begin(self, run: Run) -> None:
        """An attempt begins."""
        now = self._now()
        self._write(lambda journal: journal.begin(run, now))

    def step(self, run: Run, step: int, told: Mapping[str, object], *, changed: bool, said: str) -> None:
        """A step is done; `step` is the next one."""
        self._write(lambda journal: journal.step(run.id, step, told, changed=changed, said=said))

    def end(self, run: Run, result: Result, *, superseded: bool) -> None:
        """A run has ended for good."""
        outcome, now = "superseded" if superseded else result.kind, self._now()
        self._write(lambda journal: journal.end(run, outcome, result.said, now, counts=result.counts))

    def remember(self, name: str, value: object) -> None:
        """Keep a JSON value for the next life."""
        self._write(lambda journal: journal.put(name, value), name)

    def recall(self, name: str) -> Any:
        """What an earlier life kept under this name, or None."""
        return self._durable.read(lambda journal: journal.get(name), otherwise=None) if self._durable else None

    def prune(self) -> None:
        """Forget what is settled and old, so that the journal stays small."""
        before = self._now() - KEEP_DAYS * 86400
        self._write(lambda journal: journal.prune(before, KEEP_EVENTS), "prune")

    def last_number(self) -> int:
        """The number of the newest run of earlier lives. Where they cannot be read now, one that is above any of them:
        the journal may come back, and no run's id may be another's.
        """
        unread = int(self._now())
        return self._durable.read(lambda journal: journal.last_number(), otherwise=unread) if self._durable else 0

    def pasts(self, window_s: float, now: float) -> Iterator[Past]:
        """The runs of earlier lives that limits and cooldowns of `window_s` ask for, on the clock that shows `now`."""
        if self._durable is None:
            return
        wall = self._now()
        pasts: list[Past] = self._durable.read(lambda journal: journal.pasts(wall - window_s), otherwise=[])
        for past in pasts:
            # a clock that was set back must not make a run of the future
            starts = tuple(min(now, now - (wall - began)) for began in past.starts)
            yield Past(past.rule, past.key, starts, min(now, now - (wall - past.ended)))

    def unfinished(self) -> list[Unfinished]:
        """What earlier lives accepted and did not finish with, oldest first. Of a journal that was behind, states are
        settled instead: a newer one may have been acted on since, and the look tells those that last.
        """
        if self._durable is None:
            return []
        left: list[Unfinished] = self._durable.read(lambda journal: journal.unsettled(), otherwise=[])
        if self._durable.was_behind:
            for each in left:
                if topic_of(each.event):
                    self.settle(each)
            left = [each for each in left if not topic_of(each.event)]
        return left

    def settle(self, left: Unfinished) -> None:
        """Nothing is left to do about it."""
        self._write(lambda journal: journal.settle(left.rule, left.key, left.event.id, alone=True))

    def _accept(self, event: Event, lanes: Sequence[tuple[str, str]]) -> None:
        self._write(lambda journal: journal.accept(event, lanes))

    def _drop(self, note: Note) -> None:
        # a lane that keeps every event drops one; another drops with it what it had merged into it
        self._write(lambda journal: journal.settle(note.rule, note.key, note.event.id, alone=note.alone))

    def _write(self, act: Callable[[Journal], object], name: str | None = None) -> None:
        if self._durable is not None:
            self._durable.write(act, name)
