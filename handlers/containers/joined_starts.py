"""Which start of its parent each dependent was seen to join, in the handlers' memory.

The times of two starts are not enough: where the clock was set back between them, the later start has the earlier time.
A dependent whose present start was seen in its parent's present namespace is attached, and one that was seen in an
earlier one is stale, whatever the times say. Only where nothing was seen yet, the times decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from handlers.containers.dependents import Dependent
from hooks.docker.container import InspectedContainer
from hooks.handler import Memory


class JoinedStarts:
    """What was seen of the dependents of one parent, by its name."""

    def __init__(self, memory: Memory, parent: str) -> None:
        self._memory, self._key = memory, f"containers.joined:{parent}"
        # by the dependent's id: [its start, the parent's id, the parent's start, whether that is its start exactly]
        self._seen: dict[str, list[Any]] = memory.get(self._key) or {}

    def joined(self, one: InspectedContainer, holder: InspectedContainer) -> bool | None:
        """Whether it was seen to join the holder's present start; None if that is not known."""
        started_at, *joined, exact = self._seen.get(one.id) or [0, "", 0, True]
        if exact == (started_at != one.started_at):
            return None  # it is another start of it
        same = joined == [holder.id, holder.started_at]
        return same if exact else same or None  # without the exact start, it may have joined a later one since

    def save(self, dependents: Iterable[Dependent], there: Iterable[str]) -> None:
        """Save what an inspection shows. What is stale keeps what was seen of it, and so does what could not be read.

        `there`: the ids of all containers; what was seen of others is forgotten.
        """
        ids = set(there)
        kept = {ident: seen for ident, seen in self._seen.items() if ident in ids}
        attached = (one for one in dependents if one.state == "attached")
        self._put(kept | {one.seen.id: [one.seen.started_at, *_joins(one), True] for one in attached})

    def save_started(self, dependents: Iterable[tuple[str, Dependent]]) -> None:
        """Save that these, each with its present id, have just joined their holders' present starts."""
        started = {}
        for ident, one in dependents:
            before = one.seen.started_at if ident == one.seen.id else 0
            started[ident] = [before, *_joins(one), False]
        self._put({**self._seen, **started})

    def _put(self, seen: dict[str, list[Any]]) -> None:
        if seen != self._seen:
            self._seen = seen
            self._memory.put(self._key, seen or None)


def _joins(one: Dependent) -> tuple[str, int]:
    return one.joins.id, one.holder_started_at
