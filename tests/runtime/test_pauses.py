"""A pause that is replaced while it ends."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from hooks.rules.table import Entry, Rule, Step
from hooks.runtime.pauses import Pauses
from tests.parts.process.playing import WAIT_S, stage

RULE = Rule("port", (Entry("container.start"),), (Step("play.act"),))


def alarms() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)}


def test_a_replaced_pause_leaves_no_thread_behind() -> None:
    others = alarms()
    with stage(RULE) as s:
        pauses = Pauses(s.dispatcher, s.journal, lambda: None)
        s.dispatcher.call(lambda: pauses.pause("port", 3600))
        (first,) = alarms() - others
        s.dispatcher.call(lambda: pauses.pause("port", 3600))
        first.join(WAIT_S)
        assert not first.is_alive()
        pauses.close()


def test_a_pause_that_is_replaced_in_its_last_instant_does_not_end_its_successor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ending, resynced = threading.Event(), threading.Event()
    others = alarms()
    with stage(RULE) as s:
        pauses, call = Pauses(s.dispatcher, s.journal, resynced.set), s.dispatcher.call

        def announced(*args: Any) -> Any:
            ending.set()
            return call(*args)

        def replace() -> set[threading.Thread]:
            pauses.pause("port", 0.001)
            first = alarms() - others
            assert ending.wait(WAIT_S)  # its alarm waits for the loop, which is here
            pauses.pause("port", 3600)
            return first

        monkeypatch.setattr(s.dispatcher, "call", announced)
        for first in call(replace):
            first.join(WAIT_S)
        assert call(lambda: pauses.of("port")) > time.time() + 3000
        assert not resynced.is_set()
        pauses.close()
