"""What is written into the journal, as values: they can wait for a disk that is full or read-only.

The dispatcher collects the records of one turn and hands them to `Journal.write`, which writes them in one commit, in
this order. Instants are seconds since the Unix epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from hooks.engine.runs import Note, Result, Run
from hooks.events.catalogue import Event
from hooks.journal.store import Record, Store


class Accepted(NamedTuple):
    """Lanes, each a rule and a key, have taken the event. It is written before anything of it runs."""

    event: Event
    lanes: tuple[tuple[str, str], ...]

    def write(self, store: Store) -> None:
        """As `Record` says."""
        store.accept(self.event, self.lanes)


class Settled(NamedTuple):
    """A lane is through with an event, and, unless `alone`, with all that it accepted before it."""

    rule: str
    key: str
    event: str  # its id
    alone: bool

    def write(self, store: Store) -> None:
        """As `Record` says."""
        store.settle(self.rule, self.key, self.event, alone=self.alone)


class Began(NamedTuple):
    """An attempt begins."""

    run: Run
    at: float
    waited: Mapping[str, Any] | None = None  # what held the run back: `since`, `merged`, and the end of each wait

    def write(self, store: Store) -> None:
        """As `Record` says."""
        store.begin(self.run, self.at, self.waited)


class StepDone(NamedTuple):
    """A step has ended well; `next_step` is the one that a resumed run goes on with."""

    run: str  # its id
    next_step: int
    done: Mapping[str, object]  # use, status, said; number, at, took_s, and what else there is (executor.py)
    changed: bool
    said: str

    def write(self, store: Store) -> None:
        """As `Record` says."""
        store.step(self.run, self.next_step, self.done, changed=self.changed, said=self.said)


class Ended(NamedTuple):
    """A run has ended for good. `superseded`: a newer event took its place instead of a further attempt."""

    run: Run
    result: Result
    at: float
    superseded: bool = False

    def write(self, store: Store) -> None:
        """As `Record` says."""
        outcome = "superseded" if self.superseded else self.result.kind
        store.end(self.run, outcome, self.result.said, self.at, counts=self.result.counts)


class Unbegun(NamedTuple):
    """A run has not begun after all, as its conditions did not hold: its event waits as before."""

    run: Run

    def write(self, store: Store) -> None:
        """As `Record` says."""
        store.unbegin(self.run.id)


class Renewed(NamedTuple):
    """The trouble of a lane is over: its limit counts anew."""

    rule: str
    key: str

    def write(self, store: Store) -> None:
        """As `Record` says."""
        store.renew(self.rule, self.key)


class Saved(NamedTuple):
    """A JSON value for the next process, by name; None removes it. Of those that wait only the newest is written."""

    name: str
    value: Any

    def write(self, store: Store) -> None:
        """As `Record` says."""
        store.put(self.name, self.value)


class Pruned(NamedTuple):
    """Settled events and ended runs older than `before` go, and all but the `most` newest of each."""

    before: float
    most: int

    def write(self, store: Store) -> None:
        """As `Record` says."""
        store.prune(self.before, self.most)


def decided(notes: Iterable[Note]) -> Iterator[Record]:
    """The records of what the engine decided: first what was accepted, then what was dropped or counts anew."""
    notes = list(notes)
    for _, group in groupby((n for n in notes if n.kind == "accepted"), lambda note: note.event.id):
        accepted = list(group)
        # a lane that has taken the event twice has it once: a port may be reported again with the same id
        yield Accepted(accepted[0].event, tuple(dict.fromkeys((note.rule, note.key) for note in accepted)))
    for note in notes:
        if note.kind == "dropped":
            # a lane that keeps every event drops this one; any other drops with it what it had merged into it
            yield Settled(note.rule, note.key, note.event.id, note.alone)
        elif note.kind == "renewed":
            yield Renewed(note.rule, note.key)
