"""Sources for states that no event reports: a periodic poll, and the difference between two polls as events.

hooks/app builds `PollingSources` from the functions that handlers offer (`POLLS` in handlers/__init__.py) and calls
`listen` with the event types that rules name. A source polls only while a rule listens. Guarantees: the first poll
after `listen` posts every state (`origin` resync), later polls post differences at once and every state again each
`resync_s` seconds; a failing poll means `source.lost` once, the next good one `source.restored` and a resync.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from hooks.events import durations, signals
from hooks.events.catalogue import CATALOGUE, Event, Topic, identity_of, topic_of
from hooks.sources.periodic import PeriodicThread
from hooks.threads.lasting import LastingThread


class PollingSource(PeriodicThread):
    """Posts the states that `poll` finds: differences at once, and every `resync_s` seconds all of them.

    `poll` returns one event for each state that holds, with `name` as its source and at most one per topic. What is
    posted has the time of the poll that found the state first. It raises
    an exception (its `said`, if it has one, is the reason) when it cannot tell; then the source is lost until a poll
    succeeds. For a state that is missing from a poll, the event of this source that ends it is posted. It polls every
    `every_s` seconds while `set(listened=True)` holds. `clock` returns monotonic seconds.
    """

    def __init__(
        self,
        name: str,
        poll: Callable[[], Iterable[Event]],
        post: Callable[[Event], None],
        *,
        every_s: float,
        resync_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Event, float | None], object] = threading.Event.wait,
    ) -> None:
        super().__init__(f"poll-{name}", f"polls {name}", wait)
        self.name, self._poll, self._post = name, poll, post
        self._every_s, self._resync_s, self._clock = every_s, resync_s, clock
        self._known: Mapping[Topic, Event] | None = None  # None: never polled
        self._resync_at = 0.0
        self._reason = ""  # why it is lost
        self._listened = False
        self._lock = threading.Lock()

    def set(self, *, listened: bool) -> None:
        """Whether a rule listens. Each call with True makes the next poll a resync, because rules may be new."""
        self._listened, self._resync_at = listened, 0.0
        self.wake()

    def poll_now(self) -> bool:
        """Poll now, from any thread. False when the poll failed, so that nobody can tell what holds."""
        with self._lock:
            try:
                found = {topic: event for event in self._poll() if (topic := topic_of(event))}
            except Exception as error:  # noqa: BLE001 - whatever makes the poll fail
                self._lose(getattr(error, "said", f"the poll failed ({type(error).__name__}: {error})"))
                return False
            if not self._stopping:
                self._publish(found)
                self._restore()
            return True

    def lasts(self, event: Event) -> bool:
        """Whether the state that the event began still lasted at the last poll."""
        now = (self._known or {}).get(topic_of(event) or ("", ""))
        return now is not None and identity_of(now) == identity_of(event)

    def states(self) -> list[tuple[Event, int]]:
        """What the last poll found, each with when a poll first found it (ns since the Unix epoch); none while lost."""
        return [] if self._reason else [(event, event.time) for event in (self._known or {}).values()]

    @property
    def sees(self) -> bool:
        """Whether the last poll could tell which states hold."""
        return self._known is not None and not self._reason

    def turn(self) -> float | None:
        """Poll, if a rule listens; else sleep until one does."""
        if self._listened:
            self.poll_now()
        return self._every_s if self._listened else None

    def _publish(self, found: Mapping[Topic, Event]) -> None:
        known, is_resync = self._known or {}, self._clock() >= self._resync_at
        found = {topic: _since(known.get(topic), event) for topic, event in found.items()}
        for topic, event in found.items():
            is_new = topic not in known or identity_of(known[topic]) != identity_of(event)
            if is_new and self._known is not None:
                self._post(event)
            elif is_resync:
                self._post(replace(event, origin="resync"))
        for topic in known.keys() - found.keys():
            self._post(_removed(known[topic]))
        self._known = found
        if is_resync:
            self._resync_at = self._clock() + self._resync_s

    def _lose(self, reason: str) -> None:
        if not self._reason and not self._stopping:
            self._post(self._own_event("source.lost", reason=reason))
            again = f"it is polled again every {durations.format_duration(self._every_s)}"
            signals.emit(signals.source_lost, name=self.name, reason=f"{reason}; {again}")
        self._reason = reason
        self._resync_at = 0.0  # after an outage every state is posted anew

    def _restore(self) -> None:
        if self._reason:
            self._reason = ""
            self._post(self._own_event("source.restored"))
            signals.emit(signals.source_restored, name=self.name)

    def _own_event(self, kind: str, **data: str) -> Event:
        return Event(kind, self.name, time.time_ns(), self.name, data={"name": self.name, **data})


class PollingSources:
    """Several polling sources as one; each has the name that the catalogue gives its events' types ("wireguard").

    `every` is a duration, or "off": then nothing is polled.
    """

    def __init__(
        self, polls: Mapping[str, Callable[[], Iterable[Event]]], post: Callable[[Event], None], *, every: str
    ) -> None:
        self._off = frozenset(polls) if every == "off" else frozenset()
        self._sources = {
            name: PollingSource(name, poll, post, every_s=durations.parse(every))
            for name, poll in polls.items()
            if name not in self._off
        }

    @property
    def threads(self) -> list[LastingThread]:
        """The thread of each source."""
        return [source.thread for source in self._sources.values()]

    def start(self) -> None:
        """Start each source's thread."""
        for source in self._sources.values():
            source.start()

    def stop(self) -> None:
        """Stop each source's thread."""
        for source in self._sources.values():
            source.stop()

    def listen(self, types: Collection[str]) -> None:
        """Poll for these event types from now on, beginning with a resync of each source that has one of them."""
        wanted = {CATALOGUE[kind].source for kind in types}
        for name in sorted(self._off & wanted):
            missed = ", ".join(sorted(kind for kind in types if CATALOGUE[kind].source == name))
            reason = f"GLUEHOOK_LOOK_EVERY is off, so no rule gets {missed}; set it to 60s, for example"
            signals.emit(signals.source_lost, name=name, reason=reason)
        for name, source in self._sources.items():
            source.set(listened=name in wanted)

    def states(self, name: str) -> list[tuple[Event, int]]:
        """What the last poll of this source found, each with since when (ns since the Unix epoch)."""
        return self._sources[name].states() if name in self._sources else []

    def sees(self, name: str) -> bool:
        """Whether the last poll of this source could tell which states hold; False where there was none."""
        return name in self._sources and self._sources[name].sees

    def poll_now(self, events: Iterable[Event]) -> bool:
        """Poll the sources of these events now, from any thread. False when one of the polls failed."""
        return all(self._sources[name].poll_now() for name in {e.source for e in events} & self._sources.keys())

    def lasts(self, event: Event) -> bool:
        """Whether the state that the event began still lasted at the last poll; True for another source's event."""
        source = self._sources.get(event.source)
        return source is None or source.lasts(event)


def _since(known: Event | None, event: Event) -> Event:
    """The event with the time of the state's beginning: a later one would make it another state."""
    return replace(event, time=known.time) if known and identity_of(known) == identity_of(event) else event


def _removed(last: Event) -> Event:
    topic = (topic_of(last) or ("", ""))[0]
    ending = next(kind for kind in CATALOGUE.values() if kind.source == last.source and topic in kind.ends)
    return Event(ending.name, last.subject, time.time_ns(), last.source, data=last.data)
