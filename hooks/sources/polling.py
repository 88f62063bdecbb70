"""States that nothing tells of: a look every so often, and the difference to the look before is what happened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from hooks.events import durations, signals
from hooks.events.catalogue import Event, Topic, identity_of, topic_of
from hooks.sources.periodic import Sleeper


class LookSource(Sleeper):
    """Posts the states that `look` finds: what is new about them at once, and every `resync_s` seconds all of them.

    `look` answers an event for each state that holds, of `name` as its source and at most one of a topic. It raises, in
    words, what keeps it from looking; until it can again the source is lost. A state that is found no more has ended:
    `<what>.removed` is posted of its subject. It looks every `every_s` seconds, and only while `set` says that somebody
    listens. `clock` answers monotonic seconds.
    """

    def __init__(
        self,
        name: str,
        look: Callable[[], Iterable[Event]],
        post: Callable[[Event], None],
        *,
        every_s: float,
        resync_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Event, float | None], object] = threading.Event.wait,
    ) -> None:
        super().__init__(f"look-{name}", wait)
        self.name, self._look, self._post = name, look, post
        self._every_s, self._resync_s, self._clock = every_s, resync_s, clock
        self._known: Mapping[Topic, Event] | None = None  # None: never looked
        self._resync_at = 0.0
        self._reason = ""  # why it is lost
        self._listened = False
        self._lock = threading.Lock()

    def set(self, *, listened: bool) -> None:
        """Whether a rule listens. Each time one does, everything is looked at and told anew, for rules may be new."""
        self._listened, self._resync_at = listened, 0.0
        self.ring()

    def look_again(self) -> bool:
        """Look now, from any thread. False when blind: what holds cannot be told."""
        with self._lock:
            try:
                found = {topic: event for event in self._look() if (topic := topic_of(event))}
            except Exception as error:  # noqa: BLE001 - whatever keeps us from looking
                self._lose(getattr(error, "said", f"the look broke ({type(error).__name__}: {error})"))
                return False
            if not self._stopping:
                self._tell(found)
                self._restore()
            return True

    def lasts(self, event: Event) -> bool:
        """Whether the state that the event began still lasted at the last look."""
        now = (self._known or {}).get(topic_of(event) or ("", ""))
        return now is not None and identity_of(now) == identity_of(event)

    def turn(self) -> float | None:
        """Look, if somebody listens; else sleep until somebody does."""
        if self._listened:
            self.look_again()
        return self._every_s if self._listened else None

    def _tell(self, found: Mapping[Topic, Event]) -> None:
        known, everything = self._known or {}, self._clock() >= self._resync_at
        for topic, event in found.items():
            is_news = topic not in known or identity_of(known[topic]) != identity_of(event)
            if is_news and self._known is not None:
                self._post(event)
            elif everything:
                self._post(replace(event, origin="resync"))
        for topic in known.keys() - found.keys():
            self._post(_removed(known[topic]))
        self._known = found
        if everything:
            self._resync_at = self._clock() + self._resync_s

    def _lose(self, reason: str) -> None:
        if not self._reason and not self._stopping:
            self._post(self._news("source.lost", reason=reason))
            again = f"it is looked for every {durations.text(self._every_s)}"
            signals.emit(signals.source_lost, name=self.name, reason=f"{reason}; {again}")
        self._reason = reason
        self._resync_at = 0.0  # whoever was blind has to be told what lasts

    def _restore(self) -> None:
        if self._reason:
            self._reason = ""
            self._post(self._news("source.restored"))
            signals.emit(signals.source_restored, name=self.name)

    def _news(self, kind: str, **data: str) -> Event:
        return Event(kind, self.name, time.time_ns(), self.name, data={"name": self.name, **data})


class Looks:
    """The looks of a table as one source: by the first part of the names of the events that they find.

    `every` is a duration, or "off": then nothing is looked at.
    """

    def __init__(
        self, looks: Mapping[str, Callable[[], Iterable[Event]]], post: Callable[[Event], None], *, every: str
    ) -> None:
        self._off = frozenset(looks) if every == "off" else frozenset()
        self._sources = {
            name: LookSource(name, look, post, every_s=durations.parse(every))
            for name, look in looks.items()
            if name not in self._off
        }

    def start(self) -> None:
        """Begin."""
        for source in self._sources.values():
            source.start()

    def stop(self) -> None:
        """End."""
        for source in self._sources.values():
            source.stop()

    def listen(self, types: Iterable[str]) -> None:
        """Rules name these event types: look at what they are about, and tell all of it."""
        wanted = {kind.partition(".")[0] for kind in types}
        for name in sorted(self._off & wanted):
            reason = f"GLUEHOOK_LOOK_EVERY is off, so no rule hears of {name}.* events; set it to 60s, for example"
            signals.emit(signals.source_lost, name=name, reason=reason)
        for name, source in self._sources.items():
            source.set(listened=name in wanted)

    def look_again(self, events: Iterable[Event]) -> bool:
        """Look now at what these events are about, from any thread. False when blind."""
        return all(self._sources[name].look_again() for name in {e.source for e in events} & self._sources.keys())

    def lasts(self, event: Event) -> bool:
        """Whether the state that the event began still lasted at the last look; True for what is not looked at here."""
        source = self._sources.get(event.source)
        return source is None or source.lasts(event)


def _removed(last: Event) -> Event:
    what = last.type.partition(".")[0]
    return Event(f"{what}.removed", last.subject, time.time_ns(), last.source, data=last.data)
