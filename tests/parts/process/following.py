"""A files source that runs, and an inbox to wait at."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hooks.events.catalogue import Event
from hooks.sources.files import FilesSource
from hooks.world.model import World
from hooks.world.tracker import Tracker

WAIT_S = 10.0
FAR_S = 3600.0  # a poll that never comes: what happens is inotify's doing


class Inbox:
    """What a source posts, and waiting for it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.before: Callable[[Event], object] = lambda _: None  # called with each event first; may wait, may raise
        self._changed = threading.Condition()

    def post(self, event: Event) -> None:
        self.before(event)
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def until(self, matches: Callable[[Event], bool], since: int = 0) -> Event:
        with self._changed:
            found = self._changed.wait_for(lambda: next(filter(matches, self.events[since:]), None), WAIT_S)
        assert found, f"did not come; there were {[(e.type, dict(e.data)) for e in self.events]}"
        return found

    def port(self, port: int, since: int = 0) -> Event:
        return self.until(lambda e: e.type == "port.forwarded" and e.data["port"] == port, since)

    def types(self) -> list[str]:
        return [event.type for event in self.events]


class Following:
    """A source that runs, its inbox and its tracker."""

    def __init__(self, port_file: Path | None, *files: Path, poll_s: float = FAR_S, settle_s: float = 0.1,
                 now_ns: Callable[[], int] = time.time_ns) -> None:  # fmt: skip
        self.inbox = Inbox()
        self.tracker = Tracker(World(), self.inbox.post, time.time_ns)
        self.source = FilesSource(
            self.tracker, self.inbox.post, str(port_file) if port_file else None, map(str, files),
            poll_s=poll_s, settle_s=settle_s, now_ns=now_ns,
        )  # fmt: skip
        self.source.start()
        assert self.source.ready.wait(WAIT_S)


Follow = Callable[..., Following]


@contextmanager
def sources() -> Iterator[Follow]:
    """A function that starts sources; at the end they are stopped."""
    running: list[Following] = []

    def begin(*files: Path | None, **how: Any) -> Following:
        running.append(Following(files[0], *filter(None, files[1:]), **how))
        return running[-1]

    yield begin
    for following in running:
        following.source.stop()


def replace_whole(path: Path, text: str) -> None:
    new = path.with_name("new")
    new.write_text(text)
    new.rename(path)


def write_at(path: Path, text: str, mtime_ns: int) -> None:
    """Write a file whose time was set before it is closed."""
    with path.open("w") as file:
        file.write(text)
        file.flush()
        os.utime(file.fileno(), ns=(mtime_ns, mtime_ns))


def open_files() -> dict[int, str]:
    """Each descriptor of this process, and what it is."""
    found = {}
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists this folder
            found[int(link.name)] = str(link.readlink())
    return found
