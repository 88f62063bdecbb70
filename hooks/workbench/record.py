"""Writes recordings: the events of Docker and of files, or those of the journal, without what may be private.

Of an event only the fields that the catalogue knows are written: never a container's environment. Texts are masked as
everywhere: secrets that gluehook or a rule knows, labels whose name sounds like one, users and paths of URLs.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from hooks.config.secrets import SecretError, Secrets
from hooks.config.settings import SECRETS
from hooks.events import jsonl
from hooks.events.catalogue import Event
from hooks.rules.placeholders import templates
from hooks.rules.table import Table
from hooks.workbench.private_fields import without_private_fields


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
