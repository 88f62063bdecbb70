"""What the runner and the process that follows logs tell each other: orders as pickles, answers as JSON lines.

An order is the whole of what is wanted from now on. An answer is one of

    {"line": ID, "time": NS, "n": 0, "key": K, "stream": "stdout", "text": "…"}   a line that a rule may want
    {"read": {ID: [NS, N], …}}                                         how far the logs of these containers are read
    {"open": ID}                                                       its log can be read
    {"lost": ID, "said": "…"}                                          it cannot: the engine is away, or forbids it
    {"unreadable": ID, "said": "…"}                                    it cannot, which is about this container alone
    {"dropped": ID, "count": 5000}                                     so many lines were dropped, since the last answer

`N` counts the lines with the same time stamp: Podman's are whole seconds. `K` tells lines of one time stamp apart by
their text, because `N` is another where a stream was opened in the middle of a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hooks.rules.table import Entry


class Place(NamedTuple):
    """A line of a log: its time (ns since the Unix epoch), and how many lines before it have the same time."""

    time: int
    n: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A container whose log is followed."""

    id: str
    name: str
    fields: Mapping[str, Any]  # that its events have
    entries: tuple[Entry, ...]  # that its lines may pass
    after: Place | None  # the last line that was read; None: only what comes from now on
    runs: bool
    started_at: int  # ns since the Unix epoch


@dataclass(frozen=True, slots=True)
class Order:
    """All that is wanted from now on. `api` is the version of the engine's API, "" where it is not known."""

    api: str = ""
    wanted: tuple[Wanted, ...] = field(default=())
