"""The state that each topic is in: whether the health of a container is unhealthy, whether a port is forwarded."""

from __future__ import annotations

from hooks.events.catalogue import Event, Topic, identity_of, topic_of


class KnownStates:
    """By topic, the newest event that reported its state."""

    def __init__(self) -> None:
        self._events: dict[Topic, Event] = {}

    def is_reminder(self, event: Event) -> bool:
        """Whether a resync reports a state that is known already: nothing has begun or ended with it."""
        topic = topic_of(event)
        known = self._events.get(topic) if topic else None
        if known is None or (identity := identity_of(event)) != identity_of(known):
            return False
        # it may be the same container, but a later start of it; a state without such fields is one until it ends
        return event.time <= known.time or len(identity) == 1

    def is_another(self, topic: Topic, event: Event) -> bool:
        """Whether the topic was in a state that ends with this event.

        A live state may be reported repeatedly: Podman reports each health check. By a resync it is another one.
        """
        known = self._events.get(topic)
        return known is not None and (event.origin == "resync" or identity_of(known) != identity_of(event))

    def put(self, topic: Topic, event: Event) -> None:
        """The topic is in this state now."""
        self._events[topic] = event

    def end(self, topic: Topic) -> Event | None:
        """The topic is in no state that is known. The event that had reported its state, if there was one."""
        return self._events.pop(topic, None)
