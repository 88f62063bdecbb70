"""The process that follows logs, in this one: a connection that is dead without an end, and orders while it reads."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from hooks.rules.subscriptions import Subscriptions
from hooks.sources import log_lines_wanted
from hooks.sources.container_logs_child import LogProcess
from hooks.sources.log_orders import Order, Place, Wanted
from tests.parts.docker.fake_docker import WAIT_S, FakeEngine
from tests.parts.docker.fake_logs import FakeLog
from tests.parts.process.gluehook import until
from tests.parts.values.rules_text import rule, table_of

WEB = "a" * 64
ON = rule("r", '{ event = "container.log", container = "web", line = "*" }', '"gluetun.restart_vpn"')


class Told:
    """A process whose answers are taken here."""

    def __init__(self) -> None:
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.process = LogProcess(lambda line: self._answers.put(json.loads(line)))

    def wants(self, after: Place | None = None, *, runs: bool = True, started_at: int = 1) -> None:
        entries = Subscriptions(table_of(ON)).logs
        self.process.take(Order("", (Wanted(WEB, "web", {"container": "web"}, entries, after, runs, started_at),)))

    def until(self, kind: str) -> dict[str, Any]:
        while True:
            answer = self._answers.get(timeout=WAIT_S)
            if kind in answer:
                return answer


@pytest.fixture
def told() -> Iterator[Told]:
    made = Told()
    yield made
    made.process.take(Order())
    for thread in threading.enumerate():
        if thread.name == "log-web":
            thread.join(WAIT_S)
            assert not thread.is_alive()


@pytest.fixture
def log(fake: FakeEngine) -> FakeLog:
    made = FakeLog()
    fake.logs[WEB] = made.answer
    return made


def asked(log: FakeLog, count: int) -> None:
    until(lambda: len(log.asked) >= count, f"{count} requests do not come")


def test_a_stream_that_hangs_is_noticed_by_the_last_line_and_one_that_is_quiet_is_left_alone(
    told: Told, log: FakeLog
) -> None:
    log.write(b"before")
    told.wants()
    told.until("open")
    asked(log, 1)
    follower = told.process._followers[WEB]

    def silent_for_long() -> None:
        follower.heard_at -= 1000
        told.process.watch()

    silent_for_long()
    assert [ask.get("tail") for ask in log.asked] == [["0"], ["1"]]  # it asked for the last line, and that is known
    log.hang()
    log.write(b"lost on the way")
    silent_for_long()
    assert told.until("line")["text"] == "lost on the way"
    assert "since" in log.asked[-1]


def test_a_container_that_stopped_is_read_to_its_end_and_again_when_it_starts(told: Told, log: FakeLog) -> None:
    log.write(b"1", b"2", at=5)
    told.wants(Place(5, 0))
    assert told.until("line")["text"] == "2"
    log.write(b"last words", at=6)
    told.wants(runs=False)
    log.end()
    assert told.until("line")["text"] == "last words"
    log.write(b"new", at=7)
    told.wants(started_at=2)
    assert told.until("line")["text"] == "new"
    told.process.watch()
    assert told.until("read")["read"] == {WEB: [7, 0]}


def test_lines_that_were_dropped_are_told_at_once_and_then_once_a_minute(
    told: Told, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_lines_wanted, "A_SECOND", 0)  # however long it takes, no more are let through
    told.wants()
    asked(log, 1)
    log.write(*[b"x"] * 1_200)
    for _ in range(1_000):
        told.until("line")
    follower = told.process._followers[WEB]
    until(lambda: follower._allowance.dropped == 200, "not all lines are read")
    told.process.watch()
    assert told.until("dropped")["count"] == 200
    follower._allowance.dropped = 5
    told.process.watch()
    assert follower._allowance.dropped == 5
