"""Which lanes wait for which topics to get well, so that their limits count anew.

A trouble is over once the lane is in no state any more and each bad state that its runs were about has been followed
by the good one: healthy after unhealthy, a port after none. A state that ends because its container stopped has not
got well: the runs before that still count when it comes back.
"""

from __future__ import annotations

from collections.abc import Iterable

from hooks.engine.lane import Lane
from hooks.events.catalogue import Event, Topic


class Troubles:
    """Lanes by the topics that their runs were about."""

    def __init__(self) -> None:
        self._lanes: dict[Topic, dict[Lane, None]] = {}

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
        if lane.end_trouble(because):  # so what its rule.exhausted has led to is over, too
            self.get_well(("exhausted", f"{lane.rule.name}/{lane.key}"), because)

    def forget(self, gone: Iterable[Lane]) -> None:
        """These lanes are no more."""
        lanes = set(gone)
        for topic, waiting in list(self._lanes.items()):
            self._lanes[topic] = {lane: None for lane in waiting if lane not in lanes}
            if not self._lanes[topic]:
                del self._lanes[topic]
