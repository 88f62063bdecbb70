"""Which lines of a container's log the rules want, and how many of them in which time.

A line is text for a person: bytes that are no UTF-8 become U+FFFD, and so does NUL, which no program can be given. The
sequences that colour a terminal are left out, because no rule could be written against what nobody sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from hooks.docker.log_lines import LONGEST_BYTES, STDERR
from hooks.events.catalogue import Event
from hooks.rules.log_groups import LOG
from hooks.rules.matching import Match
from hooks.rules.table import ComparingEntry, Entry

AT_ONCE, A_SECOND = 1_000, 50  # lines of one container that reach the rules: after a pause at once, and in the long run
_COLOURS = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)|[@-Z\\-_])")


class WantedLines:
    """Whether a line passes one of these entries, whose other fields the container has passed."""

    def __init__(self, entries: Iterable[Entry], fields: Mapping[str, Any]) -> None:
        every = tuple(entries)
        self._fields = fields
        self._compare = [entry for entry in every if isinstance(entry, ComparingEntry)]
        self._plain: list[tuple[Match | None, Match | None]] = [
            (entry.match.get("stream"), entry.match.get("line")) for entry in every if entry not in self._compare
        ]

    def has(self, stream: str, line: str) -> bool:
        """Whether an entry wants the line."""
        for wanted, test in self._plain:
            if (wanted is None or wanted(stream)) and (test is None or test(line)):
                return True
        if not self._compare:
            return False
        event = Event(LOG, "", 0, data={**self._fields, "stream": stream, "line": line})
        return any(entry.matches(event) for entry in self._compare)


class Allowance:
    """How many lines are let through: `AT_ONCE` after a pause, `A_SECOND` in the long run. Times are in seconds."""

    def __init__(self, now: float) -> None:
        self._left, self._at = float(AT_ONCE), now
        self.dropped = 0  # since it was last told

    def lets(self, now: float) -> bool:
        """Whether one more line is let through; else it is counted."""
        self._left = min(AT_ONCE, self._left + (now - self._at) * A_SECOND)
        self._at = now
        if self._left < 1:
            self.dropped += 1
            return False
        self._left -= 1
        return True


def could_pass(entry: Entry, event: Event) -> bool:
    """Whether a line of the container that this event is about could pass the entry: all but the line is compared."""
    others = {name: match for name, match in entry.match.items() if name not in ("line", "stream")}
    if isinstance(entry, ComparingEntry):
        return all(name in event.data for name in others)  # each line is compared as a whole
    return Entry(LOG, others).matches(event)


def stream_name(stream: int) -> str:
    """What rules call it."""
    return "stderr" if stream == STDERR else "stdout"


def as_text(data: bytes) -> str:
    """The line as rules see it."""
    if b"\x1b" in data:
        data = _COLOURS.sub(b"", data)
    text = data.decode(errors="replace").replace("\0", "\ufffd")
    if len(text) * 3 > LONGEST_BYTES:  # U+FFFD takes three bytes where one was
        text = text.encode()[:LONGEST_BYTES].decode(errors="ignore")
    return text
