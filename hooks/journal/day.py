"""What a time line is made of: how many runs ended how in each part of the day, and the events of some types."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

from hooks.events.catalogue import Event
from hooks.journal import packing
from hooks.journal.pages import FAILED

if TYPE_CHECKING:
    from hooks.journal.store import Store

GAPS = "gaps"  # the value that says when gluehook did not run: [[since, until], …] in s since the Unix epoch
_AT_ONCE = 500


class Count(NamedTuple):
    """The runs that began in one part of the day."""

    part: int  # its number since the Unix epoch
    runs: int
    failed: int


def counts(store: Store, since: float, part_s: int) -> list[Count]:
    """The ended runs that began at `since` (seconds since the Unix epoch) or later, counted in parts of `part_s`."""
    rows = store.select(
        "select cast(began / ? as integer), count(*), sum(outcome in (?, ?)) from runs"
        " where began >= ? and outcome is not null group by 1",
        part_s, *FAILED, since,
    )  # fmt: skip
    return [Count(*row) for row in rows]


def events_after(store: Store, seq: int, since: float, types: Collection[str]) -> Iterator[tuple[int, Event | None]]:
    """The accepted events after the one with this number, with their numbers; None for one of another type or older
    than `since` (seconds since the Unix epoch). Others may write meanwhile.
    """
    marks = tuple(f'"type":"{name}"'.encode() for name in types)
    last = seq
    while True:
        rows = store.select(
            "select e.seq, e.at, e.packed, p.line from events e join patterns p on p.seq = e.pattern where e.seq > ?"
            " order by e.seq limit ?", last, _AT_ONCE,
        )  # fmt: skip
        for last, at, packed, pattern in rows:
            whole = packed.startswith(b"{")  # then its type is there to be read
            wanted = at >= since * 1e9 and (not whole or any(mark in packed for mark in marks))
            event = packing.unpack(packed, pattern) if wanted else None
            yield last, event if event and event.type in types else None
        if len(rows) < _AT_ONCE:
            return
