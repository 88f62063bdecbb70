"""The states that a lane is in, how long they have lasted for its `for`, and until when rules are paused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import inf
from typing import Literal

from hooks.events.catalogue import Event, Topic, is_good, topic_of


@dataclass(slots=True)
class Held:
    """A state that a lane is in."""

    event: Event  # the newest that reported it
    handled: bool = False  # a run that saw it ended well, or gave up for good
    resumed: bool = False  # the previous process reported it: the first resync that finds it is news


class PausedUntil(dict[str | None, float]):
    """The pauses: until when no run of a rule starts, in the engine's seconds. None stands for all rules."""

    def until(self, rule: str) -> float:
        """When the last pause of this rule ends; in the past if nothing holds it back."""
        return max(self.get(None, -inf), self.get(rule, -inf))


class States:
    """One state per topic. To a `for` rule, states that last together are one state.

    `lost` are the sources that cannot see; the engine keeps them. Times are the engine's seconds.
    """

    def __init__(self, lost: AbstractSet[str], *, as_one: bool) -> None:
        self.since = 0.0  # when the first of them began, later by the time that was blind
        self.blind_since: float | None = None
        self._as_one, self._lost = as_one, lost
        self._held: dict[Topic, Held] = {}  # the newest at the end

    def __len__(self) -> int:
        return len(self._held)

    @property
    def held(self) -> tuple[Held, ...]:
        """All of them, the newest last."""
        return tuple(self._held.values())

    @property
    def newest(self) -> Held:
        """The one that was reported last. Raises StopIteration if there is none."""
        return next(reversed(self._held.values()))

    @property
    def bad(self) -> Iterator[Topic]:
        """The topics that are in a bad state."""
        return (topic for topic, held in self._held.items() if not is_good(held.event))

    @property
    def any_handled(self) -> bool:
        """Whether one of them has been handled."""
        return any(held.handled for held in self._held.values())

    def of(self, topic: Topic | None) -> Held | None:
        """The state of this topic."""
        return self._held.get(topic) if topic else None

    def begin(self, event: Event, now: float) -> bool:
        """Take in the state that the event describes, if it describes one. True if there was none before."""
        topic = topic_of(event)
        if topic is None:
            return False
        began = not self._held
        if began:
            self.since = now
        # a rule without a `for` has to handle each event, whatever it has handled before
        held = Held(event, handled=self._as_one and self.any_handled)
        old = self._held.pop(topic, None)
        if old and self._as_one:
            held = old
            held.event = event
        self._held[topic] = held
        return began

    def mark_handled(self, seen: Iterable[Held]) -> None:
        """A run that saw these has handled them."""
        for held in seen:
            held.handled = True
        if self._as_one and self.any_handled:
            for held in self._held.values():
                held.handled = True

    def end(self, topic: Topic) -> None:
        """The state of this topic is over."""
        self._held.pop(topic, None)

    def update_blindness(self, now: float) -> Literal["blind", "sees"] | None:
        """What has changed since the last call: whether one of the states can be seen. Blind time does not count."""
        blind = bool(self._held) and all(self._unseen(topic, held) for topic, held in self._held.items())
        if blind and self.blind_since is None:
            self.blind_since = now
            return "blind"
        if not blind and self.blind_since is not None:
            self.since += now - self.blind_since
            self.blind_since = None
            return "sees" if self._held else None
        return None

    def _unseen(self, topic: Topic, held: Held) -> bool:
        # that a source is lost can be seen although it is lost
        return held.event.source in self._lost and topic[0] != "source"
