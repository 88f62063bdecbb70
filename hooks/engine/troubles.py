"""Which lanes wait for which topics to get well, so that their limits count anew.

A trouble is over once the lane is in no state any more and each bad state that its runs were about has been followed
by the good one: healthy after unhealthy, a port after none. A state that ends because its container stopped has not
got well: the runs before that still count when it comes back.
"""

from __future__ import annotations

from collections.abc import Iterable

from hooks.engine.lane import Lane
from hooks.engine.own_events import recovered
from hooks.events.catalogue import Event, Topic


class Troubles:
    """Lanes by the topics that their runs were about."""

    def __init__(self) -> None:
        self._lanes: dict[Topic, dict[Lane, None]] = {}
        self._recovered: list[tuple[Lane, Event]] = []  # to be raised once the lane's run has ended

    def expect(self, lane: Lane) -> None:
        """Each topic that the lane's runs are about must get well."""
        for topic in lane.tries.topics:
            self._lanes.setdefault(topic, {})[lane] = None

    def get_well(self, topic: Topic, because: Event) -> None:
        """The topic is in a good state."""
        for lane in self._lanes.pop(topic, ()):
            lane.tries.topics.discard(topic)
            self.end(lane, because)

    def end(self, lane: Lane, because: Event) -> None:
        """A state of the lane has ended, and with it the trouble, if that was all."""
        tries, of_bad_state = lane.tries.attempts, lane.tries.of_bad_state
        if lane.end_trouble(because):  # so what its rule.exhausted has led to is over, too
            if of_bad_state:
                reason = f"{because.type} of {because.subject}"
                self._recovered.append((lane, recovered(lane, because, tries, reason)))
            self.get_well(("exhausted", f"{lane.rule.name}/{lane.key}"), because)

    def take_recovered(self) -> list[Event]:
        """The rule.recovered of each lane that no longer runs: a message of its run must not come after it."""
        if not self._recovered:
            return []
        ended = [event for lane, event in self._recovered if lane.running is None]
        self._recovered = [(lane, event) for lane, event in self._recovered if lane.running is not None]
        return ended

    def forget(self, gone: Iterable[Lane]) -> None:
        """These lanes are no more."""
        lanes = set(gone)
        if not lanes:
            return
        self._recovered = [(lane, event) for lane, event in self._recovered if lane not in lanes]
        for topic, waiting in list(self._lanes.items()):
            self._lanes[topic] = {lane: None for lane in waiting if lane not in lanes}
            if not self._lanes[topic]:
                del self._lanes[topic]
