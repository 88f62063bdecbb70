"""Target locks: two runs never touch one target at once, and no two runs wait for each other."""

from __future__ import annotations

import linecache
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from hooks.handler import Retry
from hooks.runtime.locks import TargetLocks
from tests.parts.process.gluehook import until

WAIT_S = 5.0
A, B = "container:a", "container:b"


@contextmanager
def thread(act: Callable[[], None]) -> Iterator[threading.Thread]:
    one = threading.Thread(target=act, daemon=True)
    one.start()
    yield one
    one.join(WAIT_S)
    assert not one.is_alive(), "it waits for ever"


def test_one_more_target_is_waited_for_only_so_long_and_nothing_is_kept() -> None:
    locks = TargetLocks()
    with locks.hold((B,), "heal/dep#1"):
        with (
            pytest.raises(Retry, match="container:b is in use by heal/dep#1"),
            locks.hold((A, B), "rejoin/vpn#2", 0.01),
        ):
            pytest.fail("two hold it")
        assert locks.holder(B) == "heal/dep#1"
        assert locks.holder(A) is None
    with locks.hold((A, B), "rejoin/vpn#2", 0.0):
        assert locks.holder(B) == "rejoin/vpn#2"


def is_waiting(one: threading.Thread) -> bool:
    """Whether the thread stands at a lock."""
    frame = sys._current_frames().get(one.ident or 0)
    return frame is not None and ".acquire(" in linecache.getline(frame.f_code.co_filename, frame.f_lineno)


@pytest.mark.parametrize("order", [(A, B), (B, A)])
def test_targets_are_locked_in_sorted_order_whatever_order_they_are_named_in(order: tuple[str, str]) -> None:
    locks, go = TargetLocks(), threading.Event()

    def run() -> None:
        go.wait(WAIT_S)
        with locks.hold(order, "two#2"):
            pass

    with thread(run) as two, locks.hold((A,), "one#1"):
        go.set()
        until(lambda: is_waiting(two), "the other run waits")
        with locks.hold((B,), "one#1", 0.0):  # two#2 waits for a, and holds nothing meanwhile
            assert locks.holder(B) == "one#1"


def test_two_runs_that_name_the_same_targets_in_opposite_order_both_end() -> None:
    locks, before = TargetLocks(), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # the runs meet between their two locks
    try:
        for _ in range(200):
            meet = threading.Barrier(2)

            def run(order: tuple[str, str], name: str, meet: threading.Barrier = meet) -> None:
                meet.wait(WAIT_S)
                for _ in range(20):
                    with locks.hold(order, name):
                        pass

            with thread(partial(run, (A, B), "one#1")), thread(partial(run, (B, A), "two#2")):
                pass
    finally:
        sys.setswitchinterval(before)
