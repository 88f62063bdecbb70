"""Reads that hang while others take as long as they need: no time-out has to be guessed."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from hooks.doctor.facts import parallel

WAIT_S = 10.0  # for the reads that do not hang


def over_when_the_others_are_done(monkeypatch: pytest.MonkeyPatch, hanging: str) -> None:
    """Let the time of `gather` be over for the read of this name as soon as all the others have ended."""
    others: list[threading.Thread] = []

    class Reading(threading.Thread):
        def start(self) -> None:
            if self.name != f"read-{hanging}":
                others.append(self)
            super().start()

        def join(self, timeout: float | None = None) -> None:
            for one in others:
                threading.Thread.join(one, timeout)

    monkeypatch.setattr(parallel, "threading", SimpleNamespace(Thread=Reading))
