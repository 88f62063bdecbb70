"""Which lane is due next: a heap of deadlines. An entry that is not its lane's `due()` any more is void."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from math import inf

from hooks.engine.lane import Lane

_SPARE = 64  # entries that may stand in the heap beside two for each lane


class Schedule:
    """The deadlines of an engine's lanes, in the engine's seconds."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Lane]] = []
        self._entries = 0  # ever made: of two lanes that are due at once, the one scheduled first runs first

    def __len__(self) -> int:
        """How many entries stand in the heap, void ones too."""
        return len(self._heap)

    def put(self, lane: Lane, lanes: int) -> None:
        """Take in when the lane is due now. `lanes` is how many lanes there are: it bounds the heap."""
        due = lane.due()
        if due < inf:
            self._entries += 1
            heapq.heappush(self._heap, (due, self._entries, lane))
        if len(self._heap) > 2 * lanes + _SPARE:
            self._remove_void()

    def next(self) -> float:
        """When the next lane is due; `inf` if none is."""
        while self._heap and self._heap[0][2].due() != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else inf

    def pop(self) -> Lane:
        """The lane that is due next. Raises IndexError if `next()` is `inf`."""
        return heapq.heappop(self._heap)[2]

    def rebuild(self, lanes: Iterable[Lane]) -> None:
        """Begin anew with these lanes."""
        self._heap = []
        for number, lane in enumerate(lanes, 1):
            self.put(lane, number)

    def _remove_void(self) -> None:
        """A lane that changes its deadline often leaves many void entries."""
        valid: dict[Lane, tuple[float, int, Lane]] = {}
        for entry in sorted(self._heap):
            if entry[0] == entry[2].due():
                valid.setdefault(entry[2], entry)
        self._heap = list(valid.values())  # sorted, and so a heap
