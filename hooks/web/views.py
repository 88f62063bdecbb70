"""Everything that the API and the pages show, as plain values: the one object that both are built on.

Each method reads and never raises because something is away: an `Answer` says why it is unknown. All texts that leave
are masked like the log.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hooks.config.masking import MaskedText
from hooks.control.history import NoJournal
from hooks.events import jsonl
from hooks.journal import pages, trace_rows
from hooks.journal.store import Store
from hooks.runtime import heartbeat
from hooks.web.answer import Answer
from hooks.web.background import Background
from hooks.web.following import Following
from hooks.web.journal_reader import JournalReader
from hooks.web.runner import Runner
from hooks.workbench.private_fields import without_private_fields

DOCTOR_S = 300.0  # how long the doctor's findings are shown before they are read anew


class Views:
    """What is known of the gluehook on the state folder `state`. Thread-safe; its methods may wait for the runner.

    `now` gives seconds since the Unix epoch. `following` follows the runner, once it is started; `mask` hides
    secrets.
    """

    def __init__(
        self, state: Path, runner: Runner, journal: JournalReader, version: str = "",
        now: Callable[[], float] = time.time, *, following: Following | None = None,
        mask: Callable[[str], str] = str,
    ) -> None:  # fmt: skip
        self.runner, self.version, self.now = runner, version, now
        self.state, self._journal, self._mask = state, journal, mask
        self.following = following or Following(state, now=now)
        self.following.listen(runner.note)
        self.findings: Background[Answer] = Background("doctor", self.doctor, DOCTOR_S)

    def health(self) -> dict[str, Any]:
        """As `gluehook health` judges it: {"healthy": bool, "said": [sentence, …]}."""
        healthy, said = heartbeat.judge(str(self.state / heartbeat.FILE_NAME), self.now())
        return {"healthy": healthy, "said": said}

    def snapshot(self) -> Answer:
        """What the runner knows now, as docs/web.md has it under `snapshot`."""
        return self.runner.snapshot()

    def doctor(self) -> Answer:
        """The doctor's findings: {"findings": […], "said": "…"}. It waits for the doctor; `findings` does not."""
        return self.runner.doctor()

    def unknown(self) -> list[str]:
        """What is not known now, and why: one sentence each."""
        link, journal = self.following.link, self._journal.problem()
        snapshot = self.snapshot().why
        said = [link.why if not link.is_up else "", snapshot, journal]
        return list(dict.fromkeys(filter(None, said)))

    def runs(self, **which: Any) -> Answer:
        """A page of past runs, newest first: {"runs": […], "next": the cursor of the page of older ones, or ""}.

        `which` is as in hooks/journal/pages.py. Raises ValueError, whose text says what is wrong with it.
        """
        return self.read(lambda store: store.runs_page(**which)._asdict())

    def events(self, **which: Any) -> Answer:
        """A page of accepted events, newest first, without what may be private; else as `runs`."""
        return self.read(lambda store: self._presentable(store.events_page(**which)))

    def trace(self, run: str) -> Answer:
        """Everything that the journal knows of a run, as `Trace.to_json` has it. Raises trace.NoSuchRun."""
        from hooks.trace import trace  # which loads the reader of rules files

        return self.read(lambda store: trace.of(store, run).to_json())

    def rules_text(self) -> Answer:
        """The text of the rules file that is in force, without what looks secret: {"file", "since", "text"}."""
        return self.read(self._rules_in_force)

    def _rules_in_force(self, store: Store) -> dict[str, Any] | None:
        found = trace_rows.rules_at(store, self.now())
        if found is None:
            return None
        since, fingerprint, file, text = found
        return {"file": file, "since": since, "fingerprint": fingerprint, "text": self._mask(MaskedText(text).whole())}

    def _presentable(self, page: pages.EventsPage) -> dict[str, Any]:
        shown = [jsonl.plain(without_private_fields(event, self._mask)) for event in page.events]
        return {"events": shown, "next": page.next}

    def read(self, act: Callable[[Store], Any]) -> Answer:
        """What `act` returns for the open journal. What it raises beside errors of SQLite is raised."""
        try:
            return Answer(self._journal.read(act), self.now())
        except NoJournal as why:
            return Answer(None, self.now(), str(why))
