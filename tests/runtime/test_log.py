"""What the owner reads: for each kind of news one line that says who, what, where and what happens next."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from blinker import Signal
from loguru import logger

from hooks.engine.runs import Note, Result, ResultKind, Run
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.rules.table import Entry, RetryPolicy, Rule, Step, Table
from hooks.runtime import log

ON = Event("container.unhealthy", "gluetun", 1_700_000_000_000_000_000, "docker", data={"container": "gluetun"})
RULE = Rule("heal-vpn", (Entry("container.unhealthy"),), (Step("gluetun.restart_vpn"),), timeout_s=150.0)
_TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")
SECRET = "hunter2-hunter2"


class Page:
    """A log that is set up, and what stands in it."""

    def __init__(self, capsys: pytest.CaptureFixture[str], level: str, form: str) -> None:
        self._capsys = capsys
        self.log = log.set_up(level, form, lambda text: text.replace(SECRET, "***"))

    def lines(self) -> list[str]:
        """The new lines, without their time."""
        assert self.log.writer.flush(10.0)
        return [_TIME.sub("", line) for line in self._capsys.readouterr().err.splitlines()]

    def records(self) -> list[dict[str, Any]]:
        assert self.log.writer.flush(10.0)
        return [json.loads(line) for line in self._capsys.readouterr().err.splitlines()]


Open = Callable[..., Page]


@pytest.fixture
def page(capsys: pytest.CaptureFixture[str]) -> Iterator[Open]:
    before = list(logging.getLogger().handlers)
    pages: list[Page] = []

    def begin(level: str = "INFO", form: str = "text") -> Page:
        pages.append(Page(capsys, level, form))
        return pages[-1]

    yield begin
    for opened in pages:
        opened.log.close()
    logger.remove()
    logging.getLogger().handlers[:] = before


def ended(kind: ResultKind, said: str = "it is so", note: Note | None = None, *, rule: Rule = RULE, attempt: int = 1,
          key: str = "gluetun") -> None:  # fmt: skip
    run = Run(f"{rule.name}/{key}#7", rule, key, ON, attempt)
    signals.emit(signals.run_ended, run=run, result=Result(kind, said), took_s=0.1234, note=note)


def note(kind: Any, why: str = "", wait_s: float | None = None, **data: Any) -> Note:
    event = Event("rule.exhausted", "heal-vpn", ON.time, data=data) if data else ON
    return Note(kind, "heal-vpn", "gluetun", event, why, wait_s, "heal-vpn/gluetun#7")


RETRIES, FAILED = note("retries", wait_s=2.0), note("failed")

SAID: list[tuple[Callable[[], None], str]] = [
    (lambda: ended("changed", "it was restarted"), "INFO    heal-vpn: it was restarted"),
    (lambda: ended("skipped", "it is not running"), "INFO    heal-vpn: it is not running"),
    (lambda: ended("retry", "no answer", RETRIES),
     "WARNING heal-vpn: no answer; trying again in 2s (attempt 2 of 6)"),
    (lambda: ended("retry", "it answers 503; it is tried again in 3600 s, as it asks for that long or longer", RETRIES),
     "WARNING heal-vpn: it answers 503; trying again in 2s (attempt 2 of 6)"),
    (lambda: ended("retry", "look at its log. It is tried again", RETRIES),
     "WARNING heal-vpn: look at its log; trying again in 2s (attempt 2 of 6)"),
    (lambda: ended("retry", "it answers 503; it is tried again in 5 s, as it asks", RETRIES),
     "WARNING heal-vpn: it answers 503; trying again in 2s (attempt 2 of 6)"),
    (lambda: ended("retry", "is it up? It is tried again", RETRIES),
     "WARNING heal-vpn: is it up?; trying again in 2s (attempt 2 of 6)"),
    (lambda: ended("retry", "no answer", FAILED, attempt=6),
     "ERROR   heal-vpn: no answer; 6 attempts failed, tried again at the next event"),
    (lambda: ended("retry", "no answer"), "WARNING heal-vpn: no answer; a newer event takes over"),
    (lambda: ended("retry", "no answer", note("dropped")),
     "WARNING heal-vpn: no answer; not tried again, as the state has ended"),
    (lambda: ended("give_up", "wrong password", FAILED),
     "ERROR   heal-vpn: wrong password; not tried again until something changes"),
    (lambda: signals.emit(signals.run_overdue, run=Run("r", RULE, "gluetun", ON), after_s=151.2),
     ("ERROR   heal-vpn: still running after 2m31s, beyond its timeout of 2m30s; "
      "no other run changes its target until it ends")),
    (lambda: signals.emit(signals.decided, note=note("waits", wait_s=180.0)),
     "INFO    gluetun: container.unhealthy; heal-vpn runs in 3m if that lasts"),
    (lambda: signals.emit(signals.decided, note=note("dropped", "the state has ended")),
     "INFO    heal-vpn does not run: the state has ended (gluetun: container.unhealthy)"),
    (lambda: signals.emit(signals.decided, note=note("exhausted", "it ran 3 times within 1h, and its state lasts",
                                                     said="no port after 60 s")),
     ("WARNING heal-vpn stops for gluetun: it ran 3 times within 1h, and its state lasts; it may run again once its "
      "state has ended; its last attempt said: no port after 60 s")),
    (lambda: signals.emit(signals.decided, note=note("exhausted", "it ran 12 times within 1h, as its state ended and "
                                                     "came back each time", wait_s=1234.5, said="restarted")),
     ("WARNING heal-vpn stops for gluetun: it ran 12 times within 1h, as its state ended and came back each time; it "
      "may run again in 20m34s; its last attempt said: restarted")),
    (lambda: signals.emit(signals.decided, note=note("blind")),
     "INFO    heal-vpn cannot see whether 'gluetun: container.unhealthy' lasts; its clock stands still until it can"),
    (lambda: signals.emit(signals.decided, note=note("sees")),
     "INFO    heal-vpn can see again; its clock goes on (gluetun: container.unhealthy)"),
    (lambda: signals.emit(signals.source_lost, name="docker", reason="nobody answers; trying again every 5 s"),
     "WARNING docker cannot be seen: nobody answers; trying again every 5 s"),
    (lambda: signals.emit(signals.source_restored, name="docker", detail="2 of 2 containers run"),
     "INFO    docker is seen: 2 of 2 containers run"),
    (lambda: signals.emit(signals.rules_loaded, table=Table((RULE,), "rules.toml")),
     "INFO    rules.toml: 1 rule is in force"),
    (lambda: signals.emit(signals.rules_loaded, table=Table((RULE, Rule("off", (), (), enabled=False)), "r.toml")),
     "INFO    r.toml: 1 rule is in force; switched off: off"),
    (lambda: signals.emit(signals.ready, said="gluehook is ready"), "INFO    gluehook is ready"),
    (lambda: signals.emit(signals.command_done, said="heal-vpn is paused"), "INFO    heal-vpn is paused"),
    (lambda: signals.emit(signals.stopping, said="gluehook stops"), "INFO    gluehook stops"),
    (lambda: signals.emit(signals.stopped, said="gluehook has stopped"), "INFO    gluehook has stopped"),
    (lambda: signals.emit(signals.problem, said="the disk is full"), "ERROR   the disk is full"),
]  # fmt: skip


@pytest.mark.parametrize(("happens", "line"), SAID, ids=[line[8:40] for _, line in SAID])
def test_each_news_is_one_line(page: Open, happens: Callable[[], None], line: str) -> None:
    paper = page()
    happens()
    assert paper.lines() == [line]


def test_no_news_is_left_without_a_listener(page: Open) -> None:
    page("DEBUG")
    told = {name: value for name, value in vars(signals).items() if isinstance(value, Signal)}
    del told["accepted"], told["step_done"]  # for followers: the log has a line for each decision and each run
    assert [name for name, signal in told.items() if not list(signal.receivers_for(None))] == []


def test_what_is_not_worth_a_line_is_there_for_who_asks(page: Open) -> None:
    paper = page("DEBUG")
    for kind in ("merged", "superseded", "failed", "retries", "waits"):
        signals.emit(signals.decided, note=note(kind))
    signals.emit(signals.event_seen, event=ON)
    signals.emit(signals.run_started, run=Run("r", RULE, "gluetun", ON, 2))
    ended("unchanged", "it listens already")
    lines = paper.lines()
    assert len(lines) == 8
    assert lines[-3:] == [
        "DEBUG   gluetun: container.unhealthy (live)", "DEBUG   heal-vpn begins for gluetun (attempt 2 of 6)",
        "DEBUG   heal-vpn: it listens already",
    ]  # fmt: skip
    assert {line.split()[0] for line in lines} == {"DEBUG"}


# -- the same again --------------------------------------------------------------------------


def test_the_same_failure_again_is_a_counter_told_now_and_then(page: Open) -> None:
    paper = page()
    for _ in range(150):
        ended("retry", "no answer", RETRIES)
    assert [line.partition("no answer")[2].partition(";")[0] for line in paper.lines()] == [
        "", " (for the 10. time)", " (for the 100. time)",
    ]  # fmt: skip


def test_a_failure_that_differs_only_in_a_time_or_a_last_bracket_is_the_same(page: Open) -> None:
    paper = page()
    ended("give_up", "banned for 12.5 s", FAILED)
    ended("give_up", "banned for 7 s (not asked again since)", FAILED)
    assert len(paper.lines()) == 1
    ended("give_up", "it answers 503", FAILED)
    ended("give_up", "it answers 500", FAILED)
    assert len(paper.lines()) == 2


def test_that_the_attempts_are_used_up_is_told_although_the_failure_is_known(page: Open) -> None:
    paper = page()
    for attempt in range(1, 6):
        ended("retry", "no answer", RETRIES, attempt=attempt)
    ended("retry", "no answer", FAILED, attempt=6)
    first, last = paper.lines()
    assert "trying again in 2s" in first
    assert last == "ERROR   heal-vpn: no answer; 6 attempts failed, tried again at the next event"


def test_who_repeats_tells_when(page: Open) -> None:
    paper = page()
    rule = Rule("r", RULE.on, RULE.do, for_s=180.0, repeat=True, cooldown_s=300.0, retry=RetryPolicy(1))
    ended("retry", "no port", FAILED, rule=rule)
    assert paper.lines() == ["ERROR   r: no port; tried again in 5m, if it lasts"]


@pytest.mark.parametrize("kind", ["changed", "unchanged"])
def test_the_end_of_failures_is_told(page: Open, kind: ResultKind) -> None:
    paper = page()
    ended("skipped", "it is not running")  # which is no failure
    for _ in range(3):
        ended("retry", "no answer", RETRIES)
    ended("retry", "no answer", RETRIES, key="another lane")
    paper.lines()
    ended(kind, "it listens")
    ended("retry", "no answer", RETRIES)
    assert paper.lines() == [
        "INFO    heal-vpn: it listens (after 3 failed attempts)",
        "WARNING heal-vpn: no answer; trying again in 2s (attempt 2 of 6)",
    ]  # fmt: skip


def test_the_same_trouble_in_a_row_is_a_counter(page: Open) -> None:
    paper = page()
    for _ in range(12):
        signals.emit(signals.problem, said="stumbled")
    assert paper.lines() == ["ERROR   stumbled", "ERROR   stumbled (for the 10. time)"]
    ended("changed")
    signals.emit(signals.problem, said="stumbled")
    assert paper.lines()[-1] == "ERROR   stumbled", "work was done in between"


def test_what_is_counted_is_bounded() -> None:
    repeats = log.Repeats()
    for number in range(5000):
        repeats.again(Run("r", RULE, str(number), ON), Result("retry", "no"), final=False)
    assert repeats.again(Run("r", RULE, "4999", ON), Result("retry", "no"), final=False) == 2
    assert repeats.again(Run("r", RULE, "0", ON), Result("retry", "no"), final=False) == 1, "forgotten"


def test_while_it_stops_nothing_is_promised(page: Open) -> None:
    paper = page()
    signals.emit(signals.stopping, said="gluehook stops")
    ended("retry", "gluehook is stopping; it is done at the next start", FAILED)
    assert paper.lines()[-1] == "INFO    heal-vpn: gluehook is stopping; it is done at the next start"


# -- JSON and secrets ------------------------------------------------------------------------


def test_json_lines_carry_the_run_and_the_event(page: Open) -> None:
    paper = page(form="json")
    ended("retry", 'said "so"\nand äöü', RETRIES)
    (line,) = paper.records()
    assert line.pop("time")[10] == "T"
    assert line == {
        "level": "WARNING", "message": 'heal-vpn: said "so"\nand äöü; trying again in 2s (attempt 2 of 6)',
        "rule": "heal-vpn", "key": "gluetun", "run": "heal-vpn/gluetun#7", "event": ON.id, "result": "retry",
        "attempt": 1, "took_ms": 123.4,
    }  # fmt: skip


def test_every_news_is_one_json_line(page: Open) -> None:
    paper = page("DEBUG", "json")
    for happens, _ in SAID:
        happens()
    lines = paper.records()
    assert len(lines) == len(SAID)
    assert all({"time", "level", "message"} <= line.keys() for line in lines)
    waits = next(line for line in lines if "if that lasts" in line["message"])
    assert (waits["rule"], waits["event"]) == ("heal-vpn", ON.id)


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_is_shown_not_even_in_a_stack_of_calls(page: Open, form: str) -> None:
    paper = page("DEBUG", form)
    try:
        int(f"login with {SECRET}")
    except ValueError as error:
        signals.emit(signals.problem, said=f"it broke: {SECRET}", error=error)
    ended("give_up", f"rejects {SECRET}", FAILED, key=SECRET)
    text = "\n".join(paper.lines())
    assert SECRET not in text
    assert text.count("***") >= 3
    assert "where it broke" in text
    assert "login with ***" in text


def test_what_libraries_warn_of_does_not_get_into_the_log(page: Open) -> None:
    paper = page()
    logging.getLogger("urllib3.connectionpool").warning("Retrying http://user:%s@host", SECRET)
    assert paper.lines() == []
