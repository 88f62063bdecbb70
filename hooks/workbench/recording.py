"""Reads recordings: lines of gluehook, of `docker events --format '{{json .}}'`, or both, as a stream.

A problem with a line is reported with file and line number, and the rest of the recording is used; docs/replay.md
lists what each problem leads to.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from hooks.events import jsonl
from hooks.events.catalogue import CATALOGUE, CHANGES_WORLD, Event
from hooks.events.durations import format_duration as duration
from hooks.world.from_events import WorldFromEvents
from hooks.world.names import NO_NAMES, Names

LONGEST_LINE_BYTES = 1 << 20
SHOWN = 3  # problems of one kind that are reported one by one; the others are counted
_TIMES_NS = range(10**17, 1 << 62)  # 1973 to 2116; a time in seconds or of the year 1 is none
_OWN = frozenset({"rule.exhausted", "run.failed", "rule.recovered"})  # the engine makes them anew

Accepts = Callable[[str, str], bool]
"""Whether an event of this type and subject may be needed. The line of one that is not is never read in full."""

Needed = tuple[Accepts, Callable[[Event], bool]]
"""`Accepts`, and whether an event is needed in truth, once its line has been read."""


class Readable(Protocol):
    """An open file, or another source of lines."""

    def readline(self, limit: int, /) -> bytes:
        """The next line with its end, or what is there of it within so many bytes; nothing at the end."""


class TimedEvent(NamedTuple):
    """An event, and the instant at which it is taken in (ns since the Unix epoch)."""

    at: int
    event: Event


class Problem(NamedTuple):
    """A problem with a line. `bad`: an event was lost; else it is a caution."""

    file: str
    line: int  # 0: the file as a whole
    said: str
    bad: bool = True

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.said}" if self.line else f"{self.file}: {self.said}"


class Recording:
    """One recording, to be iterated once; the counts and `troubles` are complete when that has ended.

    What follows from Docker's own lines (a container re-created, a port that is lost with gluetun) is derived as live.
    """

    def __init__(
        self, name: str, file: Readable, *, accepts: Accepts = lambda _kind, _subject: True,
        wants: Callable[[Event], bool] = lambda _: True, names: Names = NO_NAMES,
    ) -> None:  # fmt: skip
        self.name, self._file, self._accepts, self._wants = name, file, accepts, wants
        self._world = WorldFromEvents(names)
        self.problems: list[Problem] = []
        self.lines, self.size = 0, 0  # read so far, and their bytes
        self.events, self.unwanted, self.unknown = 0, 0, 0  # accepted, not accepted, of unknown types
        self.last = 0  # the instant of the newest line, wanted or not: ns since the Unix epoch
        self._early: list[Event] = []  # states found before the first line with a time
        self._faults = 0
        self._strange: set[str] = set()  # unknown types
        self._out_of_order = _OutOfOrder()

    def __iter__(self) -> Iterator[TimedEvent]:
        while line := self._file.readline(LONGEST_LINE_BYTES):
            self.lines += 1
            self.size += len(line)
            try:
                yield from self._read(line)
            except ValueError as error:
                self._fault(line, str(error))
        self.last = self.last or max((event.time for event in self._early), default=0)
        yield from self._found_early()
        self._sum_up()

    def _read(self, line: bytes) -> Iterable[TimedEvent]:
        if line.isspace():
            return ()
        if len(line) == LONGEST_LINE_BYTES and not line.endswith(b"\n"):
            self._skip_line()
        raw = jsonl.parsed(line)
        if "//" in raw:
            return ()
        header = jsonl.header_of(raw)
        if header.time not in _TIMES_NS:
            raise ValueError(f"its time, {str(header.time)[:30]}, makes no sense as nanoseconds since 1970")
        at = self._instant(raw, header.time)
        if header.type not in CATALOGUE:
            self._pass_by(raw, header.type)
            return ()
        return self._take(raw, header, at)

    def _take(self, raw: Mapping[str, Any], header: jsonl.Header, at: int) -> Iterable[TimedEvent]:
        kind, subject, _ = header
        if kind in _OWN or not (self._may_follow(kind) or self._accepts(kind, subject)):
            self.unwanted += 1
            return ()
        event = jsonl.event_of(raw, header)
        assert event is not None, "its type is in the catalogue"
        follows = self._follows(event)
        if not (follows or (self._accepts(kind, subject) and self._wants(event))):
            self.unwanted += 1
            return ()
        if follows or self._early or not at:
            events = self._what_follows(event, is_raw=jsonl.is_docker(raw)) if follows else [event]
            return self._several(events, at)
        self.events += 1
        return (TimedEvent(at, event),)

    def _several(self, events: Sequence[Event], at: int) -> Iterable[TimedEvent]:
        self.events += len(events)
        self.unwanted += not events
        self._early += events
        return self._found_early() if at else ()

    def _what_follows(self, event: Event, *, is_raw: bool) -> list[Event]:
        """The event and what follows from it, as far as it is wanted."""
        events = [event]
        if is_raw:
            events = self._world.derive(event)
        else:
            self._world.accept(event)
        return [event for event in events if self._accepts(event.type, event.subject) and self._wants(event)]

    def _found_early(self) -> list[TimedEvent]:
        early, self._early = self._early, []
        return [TimedEvent(self.last, event) for event in early]

    def _may_follow(self, kind: str) -> bool:
        return kind in CHANGES_WORLD or kind.startswith("port.")

    def _follows(self, event: Event) -> bool:
        """Whether it changes the world in a way from which an accepted event may be derived."""
        if event.type in CHANGES_WORLD:
            known = event.type == "container.rename" or self._world.with_role(event).data.get("role") == "gluetun"
            return known or self._accepts("container.recreated", event.subject)
        return event.type.startswith("port.")

    def _instant(self, raw: Mapping[str, Any], time: int) -> int:
        """The instant at which it is fed; 0 for a state that was found before the first line with a time."""
        at = raw.get("at")
        if isinstance(at, int) and at in _TIMES_NS:
            time = at
        elif raw.get("origin") == "resync" and "type" in raw:
            return self.last  # its time is when the state began, which may be days ago
        if time < self.last:
            self._out_of_order.note(self.lines, self.last - time)
        else:
            self.last = time
        return self.last

    # -- troubles ----------------------------------------------------------------------------

    def _skip_line(self) -> None:
        while (more := self._file.readline(LONGEST_LINE_BYTES)) and not more.endswith(b"\n"):
            self.size += len(more)
        raise ValueError(f"the line is longer than {LONGEST_LINE_BYTES >> 20} MiB")

    def _fault(self, line: bytes, said: str) -> None:
        if not line.endswith(b"\n") and len(line) < LONGEST_LINE_BYTES:
            self._say(self.lines, "the last line is torn, as if its writer was ended; it is left out", bad=False)
            return
        self._faults += 1
        if self._faults <= SHOWN:
            self._say(self.lines, f"{said}; the line is left out")

    def _pass_by(self, raw: Mapping[str, Any], kind: str) -> None:
        self.unknown += 1
        if kind == "container." and kind not in self._strange:
            self._strange.add(kind)
            said = "a health event has no health, as `docker events` records those of Podman; such lines are left out"
            self._say(self.lines, f"{said}: record with `gluehook record`", bad=False)
        if jsonl.is_docker(raw) or kind in self._strange or len(self._strange) >= SHOWN:
            return
        self._strange.add(kind)
        self._say(self.lines, f"there is no event type {kind[:60]!r} here; such lines are left out", bad=False)

    def _say(self, line: int, said: str, *, bad: bool = True) -> None:
        self.problems.append(Problem(self.name, line, said, bad))

    def _sum_up(self) -> None:
        if self._faults > SHOWN:
            self._say(0, f"{self._faults - SHOWN} more lines are no events; they are left out")
        if self._out_of_order.count:
            self._say(self._out_of_order.line, self._out_of_order.said(), bad=False)
        if not self.events + self.unwanted + self.unknown:
            self._say(0, "there is no event in it")


class EventLines:
    """Events as the lines that a recording reads."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = iter(events)

    def readline(self, _limit: int, /) -> bytes:
        """The next event's line."""
        event = next(self._events, None)
        return f"{jsonl.dumps(event)}\n".encode() if event else b""


class _OutOfOrder:
    """Lines whose time is before that of a line above them. The clock of a replay never goes back."""

    def __init__(self) -> None:
        self.line, self.count, self._most_ns = 0, 0, 0

    def note(self, line: int, by_ns: int) -> None:
        """This line is earlier by so much."""
        self.line = self.line or line
        self.count += 1
        self._most_ns = max(self._most_ns, by_ns)

    def said(self) -> str:
        """The sentence about all of them."""
        lines = "line is" if self.count == 1 else "lines are"
        most = duration(max(self._most_ns / 1e9, 0.001))
        return (
            f"from here on {self.count} {lines} earlier than one above, by {most} at most; "
            "each is taken at the instant of the newest line above it"
        )


def merged(recordings: Sequence[Iterable[TimedEvent]]) -> Iterator[TimedEvent]:
    """Several recordings of the same time as one; what happened at the same instant in the order of the files."""
    return iter(recordings[0]) if len(recordings) == 1 else heapq.merge(*recordings, key=lambda seen: seen.at)
