"""Everything that the API and the pages show, as plain values: the one object that both are built on.

Each method reads and never raises because something is away: an `Answer` says why it is unknown. All texts that leave
are masked like the log.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hooks.control.history import NoJournal
from hooks.runtime import heartbeat
from hooks.web.answer import Answer
from hooks.web.background import Background
from hooks.web.following import Following
from hooks.web.journal_reader import JournalReader
from hooks.web.runner import Runner

DOCTOR_S = 300.0  # how long the doctor's findings are shown before they are read anew


class Views:
    """What is known of the gluehook on the state folder `state`. Thread-safe; its methods may wait for the runner.

    `now` gives seconds since the Unix epoch. `following` follows the runner, once it is started.
    """

    def __init__(
        self, state: Path, runner: Runner, journal: JournalReader, version: str = "",
        now: Callable[[], float] = time.time, *, following: Following | None = None,
    ) -> None:  # fmt: skip
        self.runner, self.version, self.now = runner, version, now
        self._state, self._journal = state, journal
        self.following = following or Following(state, now=now)
        self.following.listen(runner.note)
        self.findings: Background[Answer] = Background("doctor", self.doctor, DOCTOR_S)

    def health(self) -> dict[str, Any]:
        """As `gluehook health` judges it: {"healthy": bool, "said": [sentence, …]}."""
        healthy, said = heartbeat.judge(str(self._state / heartbeat.FILE_NAME), self.now())
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

    def runs(self, *, failed: bool = False, rule: str = "", most: int = 50) -> Answer:
        """Past runs, newest first, as `Store.history` has them."""
        try:
            found = self._journal.read(lambda store: store.history(failed=failed, rule=rule, most=most))
        except NoJournal as why:
            return Answer(None, self.now(), str(why))
        return Answer(found, self.now())
