"""A call from another thread on the loop of a dispatcher that runs."""

from __future__ import annotations

import threading

import pytest

from hooks.rules.table import Entry, Rule, Step
from tests.parts.process.playing import WAIT_S, stage

RULE = Rule("port", (Entry("container.start"),), (Step("play.act"),))


def test_a_call_runs_on_the_loop_s_thread_and_returns_or_raises() -> None:
    with stage(RULE) as s:
        threads = {s.dispatcher.call(threading.get_ident) for _ in range(3)}
        assert len(threads) == 1
        assert threading.get_ident() not in threads
        with pytest.raises(ZeroDivisionError):
            s.dispatcher.call(lambda: 1 // 0)
        assert s.dispatcher.call(lambda: "still there") == "still there"


def test_a_call_that_times_out_is_not_done_later() -> None:
    begun, go, done = threading.Event(), threading.Event(), list[str]()

    def hold() -> bool:
        begun.set()
        return go.wait(WAIT_S)

    with stage(RULE) as s:
        busy = threading.Thread(target=s.dispatcher.call, args=(hold,))
        busy.start()
        assert begun.wait(WAIT_S)
        with pytest.raises(TimeoutError):
            s.dispatcher.call(lambda: done.append("late"), 0.01)
        go.set()
        busy.join(WAIT_S)
        s.dispatcher.call(lambda: done.append("in time"))
    assert done == ["in time"]
