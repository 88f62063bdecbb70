"""The journal kept in step with the engine: what was accepted before it runs, how far a run is, what is settled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from hooks.durable import Durable
from hooks.events import Event
from hooks.journal import Journal
from hooks.runs import Note, Past, Result, Run, Unfinished


class Books:
    """Without a journal (`durable` is None) it keeps nothing. `now` is seconds since the Unix epoch."""

    def __init__(self, durable: Durable | None = None, *, now: Callable[[], float] = time.time) -> None:
        self._durable, self._now = durable, now
        self._opened_ns = int(now() * 1e9)

    def is_repeat(self, event: Event) -> bool:
        """Whether an earlier life accepted it: after a start, Docker tells the end of its history again."""
        if self._durable is None or event.source != "docker" or event.time >= self._opened_ns:
            return False
        return self._durable.read(lambda journal: journal.knows(event.id), otherwise=False)

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
        self._write(lambda journal: journal.begin(run, self._now()))

    def step(self, run: Run, step: int, told: Mapping[str, object], *, changed: bool, said: str) -> None:
        """A step is done; `step` is the next one."""
        self._write(lambda journal: journal.step(run.id, step, told, changed=changed, said=said))

    def end(self, run: Run, result: Result, *, superseded: bool) -> None:
        """A run has ended for good."""
        outcome = "superseded" if superseded else result.kind
        self._write(lambda journal: journal.end(run, outcome, result.said, self._now(), counts=result.counts))

    def last_number(self) -> int:
        """The number of the newest run of earlier lives."""
        return self._durable.read(lambda journal: journal.last_number(), otherwise=0) if self._durable else 0

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
        """What earlier lives accepted and did not finish with, oldest first."""
        return self._durable.read(lambda journal: journal.unsettled(), otherwise=[]) if self._durable else []

    def settle(self, left: Unfinished) -> None:
        """Nothing is left to do about it."""
        self._write(lambda journal: journal.settle(left.rule, left.key, left.event.id, alone=True))

    def _accept(self, event: Event, lanes: Sequence[tuple[str, str]]) -> None:
        self._write(lambda journal: journal.accept(event, lanes))

    def _drop(self, note: Note) -> None:
        # a lane that keeps every event drops one; another drops with it what it had merged into it
        self._write(lambda journal: journal.settle(note.rule, note.key, note.event.id, alone=note.alone))

    def _write(self, act: Callable[[Journal], object]) -> None:
        if self._durable is not None:
            self._durable.write(act)
