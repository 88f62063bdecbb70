"""Writes recordings: the events of Docker and of files, or those of the journal, without what may be private.

Of an event only the fields that the catalogue knows are written: never a container's environment. Texts are masked as
everywhere: secrets that gluehook or a rule knows, labels whose name sounds like one, users and paths of URLs.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from hooks.config.secrets import SecretError, Secrets
from hooks.config.settings import SECRETS, Settings
from hooks.events import jsonl
from hooks.events.catalogue import CATALOGUE, Event
from hooks.rules.placeholders import templates
from hooks.rules.subscriptions import Subscriptions
from hooks.rules.table import Table
from hooks.sources.docker import DockerSource
from hooks.sources.files import FilesSource
from hooks.sources.timer import TimerSource
from hooks.workbench.private_fields import without_private_fields
from hooks.world.model import World
from hooks.world.names import Names
from hooks.world.tracker import Tracker

_EXEC = "container.exec_"  # health checks make three of them every few seconds


def read_every_secret(secrets: Secrets, table: Table) -> None:
    """Read every secret that gluehook or a rule names, so that it is masked wherever it stands."""
    written = (template for rule in table.rules for step in rule.do for template in templates(step.args))
    named = {one.path for template in written for one in template.placeholders if one.root == "secret"}
    for name in {*SECRETS, *named}:
        with suppress(SecretError):  # a secret that cannot be read is in no event either
            secrets.read(name)


class RecordingWriter:
    """Writes events to a file descriptor, one line each. Thread-safe.

    `now` is the instant at which a live event is received (ns since the Unix epoch). The first error of the file
    ends the recording: `error` is its text, and the event `ended` is set.
    """

    def __init__(self, file: int, mask: Callable[[str], str], now: Callable[[], int | None] = lambda: None) -> None:
        self._file, self._mask, self._now = file, mask, now
        self._lock = threading.Lock()
        self.count = 0
        self.error = ""
        self.ended = threading.Event()

    def write(self, event: Event) -> None:
        """One more event."""
        fitting = without_private_fields(event, self._mask)
        with self._lock:
            if self.ended.is_set():
                return
            try:
                os.write(self._file, jsonl.dumps(fitting, self._now()).encode() + b"\n")
                self.count += 1
            except OSError as error:
                self.error = error.strerror or str(error)
                self.ended.set()

    def copy(self, events: Iterable[Event]) -> None:
        """Each of these, until one cannot be written."""
        for event in events:
            if self.ended.is_set():
                return
            self.write(event)


class Recorder:
    """Sends every event of the live sources to a writer. No rule runs; the table only names files and timers."""

    def __init__(self, writer: RecordingWriter, settings: Settings, table: Table, *, with_exec: bool = False) -> None:
        named = Subscriptions(table)
        types = [kind for kind in CATALOGUE if with_exec or not kind.startswith(_EXEC)]
        tracker = Tracker(World(Names(settings.containers)), writer.write, time.time_ns)
        self._sources = (
            FilesSource(tracker, writer.write, settings.forwarded_port_file, named.files),
            DockerSource(tracker, writer.write, lambda _: True, types=types),
            TimerSource(writer.write, named.timers),
        )

    def start(self) -> None:
        """Start. The present states are recorded first."""
        for source in self._sources:
            source.start()

    def stop(self) -> None:
        """Stop; nothing is written afterwards."""
        for source in reversed(self._sources):
            source.stop()
