"""Keeps the text of the rules in force in the journal, so that a trace judges by the rules of its time."""

from __future__ import annotations

import time

from hooks.journal.journal import Journal
from hooks.journal.trace_rows import rules_in_force
from hooks.rules.table import Table


class KeptRules:
    """Writes each text once when it comes into force. One thread at a time may call it."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self._text = journal, ""

    def keep(self, table: Table, at: float | None = None) -> None:
        """This table is in force since `at` (seconds since the Unix epoch), or now."""
        if table.text and table.text != self._text:
            self._text = table.text
            self._journal.write([rules_in_force(time.time() if at is None else at, table.file, table.text)])
