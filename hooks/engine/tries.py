"""What a lane's limit counts: the runs of the trouble that lasts, and those of the troubles before it.

A lane asks `full` before a run, and says when a run begins, when it did nothing, and when the trouble is over. For a
rule on states the limit bounds the runs of one trouble: a container that gets unhealthy four times in an hour and is
healed four times has had four troubles of one run each. So that a state that comes and goes cannot cost runs without
end, `FLAPPING` times as many runs are allowed in the same time, whatever came of them. A rule that also listens to
something else than states has no trouble that could be over: its limit counts every run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from hooks.engine.runs import Past
from hooks.events.catalogue import Topic
from hooks.rules.table import Limit

FLAPPING = 4  # times `runs`: more than a server that is healed each time needs, less than a loop would cost

Full = Literal["limit", "flapping"]


class Tries:
    """When runs began, in the engine's seconds, and the topics whose recovery ends the trouble."""

    def __init__(self, limit: Limit | None) -> None:
        self.limit = limit
        self.attempts = 0  # in this trouble; those of runs that did nothing are taken back
        self.last_said = ""  # how the last of them ended, in its own words
        self.topics: set[Topic] = set()  # bad states that these runs were about, and that have not got well
        self.of_bad_state = False  # a run of this trouble was about one
        self._now: list[float] = []  # the runs of this trouble
        self._before: list[float] = []  # those of earlier ones

    def __len__(self) -> int:
        """The runs of this trouble that count."""
        return len(self._now)

    @property
    def total(self) -> int:
        """The runs that count, of this trouble and of earlier ones."""
        return len(self._now) + len(self._before)

    def begin(self, now: float, topics: Iterable[Topic] = ()) -> None:
        """A run begins, about these bad states."""
        self.topics.update(topics)
        self.of_bad_state |= bool(self.topics)
        if self.limit:
            self._now.append(now)

    def take_back(self, began: float, attempts: int) -> None:
        """The run that began then did nothing, in so many attempts."""
        self.attempts = max(0, self.attempts - attempts)
        for starts in (self._now, self._before):
            if starts and starts[-1] == began:
                starts.pop()
                return

    def load(self, past: Past) -> None:
        """Take in the runs of the previous process."""
        self.attempts, self.last_said = past.attempts, past.said
        self.topics.update(past.topics)
        self.of_bad_state |= bool(self.topics)
        if self.limit:
            self._now.extend(past.starts)
            self._before.extend(past.before)

    def take_over(self, old: Tries) -> None:
        """Go on from what was counted for another limit."""
        self.attempts, self.last_said = old.attempts, old.last_said
        self.topics, self.of_bad_state = old.topics, old.of_bad_state
        self._now, self._before = old._now, old._before

    def end_trouble(self) -> bool:
        """Count anew. False if no attempt was made in this trouble."""
        tried, self.attempts, self.of_bad_state = self.attempts > 0, 0, False
        self._before.extend(self._now)
        self._now.clear()
        return tried

    def full(self, now: float) -> Full | None:
        """Whether another run would exceed the limit, or the bound on all runs."""
        if self.limit is None:
            return None
        for starts in (self._now, self._before):
            while starts and starts[0] + self.limit.per_s <= now:
                del starts[0]
        if len(self._now) >= self.limit.runs:
            return "limit"
        return "flapping" if self.total >= FLAPPING * self.limit.runs else None

    def room_at(self) -> float:
        """When the oldest run that counts leaves the window. Only if there is one and there is a limit."""
        oldest = (self._before or self._now)[0]
        return oldest + (self.limit.per_s if self.limit else 0.0)

    def counts_at(self, now: float) -> bool:
        """Whether a run still counts then."""
        newest: Collection[float] = [starts[-1] for starts in (self._now, self._before) if starts]
        return self.limit is not None and bool(newest) and max(newest) + self.limit.per_s > now
