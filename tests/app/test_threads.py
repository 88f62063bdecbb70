"""Each thread of a running gluehook is killed in turn: that is reported, it begins again, and gluehook works on."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hooks.app import start_report
from hooks.app.shutdown import SignalHandlers
from hooks.events import signals
from hooks.handler import Context, Outcome
from hooks.runtime import heartbeat
from hooks.runtime.log_writer import LogWriter
from hooks.threads.lasting import LastingThread
from tests.parts.process import running as lives
from tests.parts.process.gluehook import until
from tests.parts.process.playing import PlayArgs, changed
from tests.parts.process.running import WAIT_S, Running

started = lives.started  # a fixture


class Killed(BaseException):
    """No part of gluehook expects this one."""


def _kill(thread: threading.Thread, wake: Callable[[], object]) -> None:
    """Raise `Killed` in the thread; `wake` makes it come back from a call of the system, where Python cannot."""
    assert thread.ident
    until(lambda: _is_at_work(thread), "it does not begin", WAIT_S)
    assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(Killed)) == 1
    wake()


def _is_at_work(thread: threading.Thread) -> bool:
    """Whether it is in the function that it repeats; before that, Python alone has hold of it."""
    frame, callers = sys._current_frames().get(thread.ident or 0), []
    while frame := frame and frame.f_back:
        callers.append(frame.f_code)
    return LastingThread._last.__code__ in callers


def _named(name: str) -> threading.Thread:
    found = [thread for thread in threading.enumerate() if thread.name == name and thread.daemon]
    assert found, f"no thread {name} among {[t.name for t in threading.enumerate()]}"
    return found[-1]


def _connect(running: Running) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(Path(running.settings.gluehook_state) / "gluehook.sock"))


WAKES: dict[str, Callable[[Running], object]] = {
    "docker-reader": lambda r: None,  # it looks every 5 s whether there is an engine
    "docker-keeper": lambda r: r.app.docker._backlog.mark(None),
    "files": lambda r: r.app.files._wake(),
    "timer": lambda r: r.app.timer.wake(),
    "control": _connect,
    "reload": lambda r: r.app.reload.at_once(),
    "loop-watch": lambda r: None,
}


# what kills it may come between the opening of a file and the block that closes it
@pytest.mark.filterwarnings("ignore:Exception ignored in. <_io.:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", WAKES)
def test_a_thread_that_is_killed_begins_again(name: str, started: Callable[..., Running]) -> None:
    running = started()
    running.hears("ready")
    running.calls.get(timeout=WAIT_S)
    thread = _named(name)
    _kill(thread, lambda: WAKES[name](running))
    said = running.hears("problem", f"the thread {name}, which ")
    assert "failed (Killed: ); it begins again in " in said
    until(lambda: not any(thread.problem for thread in running.app.threads()), "it did not begin again", WAIT_S)
    running.port_file.write_text("40001")
    assert running.calls.get(timeout=WAIT_S)


def test_a_killed_thread_of_signals_begins_again_and_takes_the_next_one() -> None:
    heard: list[str] = []
    note = lambda _, said, **__: heard.append(said)  # noqa: E731 - a receiver must live as long as it is connected
    with signals.problem.connected_to(note), SignalHandlers() as stop:
        stopped = threading.Event()
        stop.on_stop(stopped.set)
        thread = _named("signals")
        _kill(thread, lambda: os.kill(os.getpid(), signal.SIGHUP))
        until(lambda: any("the thread signals, which waits for" in said for said in heard), "it was not killed", WAIT_S)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopped.wait(WAIT_S)


def test_a_killed_thread_of_the_log_begins_again_and_writes_what_waits(capfd: pytest.CaptureFixture[str]) -> None:
    writer = LogWriter(lambda _: None)
    lines: list[str] = []

    def note(_: object, said: str, **__: object) -> None:
        lines.append(said)
        writer.write(f"{said}\n")  # as the log does

    with signals.problem.connected_to(note):
        _kill(_named("log"), lambda: writer.write("first\n"))
        until(lambda: lines, "it was not killed", WAIT_S)
        writer.write("second\n")
        assert writer.flush(WAIT_S)
    writer.close()
    said = capfd.readouterr().err
    assert "the thread log, which writes the log, failed (Killed: ); it begins again in " in said
    assert said.endswith("second\n")


def test_a_start_that_breaks_before_it_is_ready_begins_again(
    started: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles, summary = [Killed()], start_report.summary

    def broken(*parts: Any) -> str:
        if troubles:
            raise troubles.pop()
        return summary(*parts)

    monkeypatch.setattr(start_report, "summary", broken)
    running = started()
    assert "the thread ready, which waits for" in running.hears("problem", "the thread ready, which ")
    running.hears("ready")


def test_a_worker_that_is_killed_between_two_runs_loses_none(started: Callable[..., Running]) -> None:
    running = started()
    running.calls.get(timeout=WAIT_S)
    running.hears("run_ended")
    _kill(_named("worker"), lambda: running.port_file.write_text("40001"))
    assert running.calls.get(timeout=WAIT_S)
    running.port_file.write_text("40002")
    assert running.calls.get(timeout=WAIT_S)


def test_a_worker_that_is_killed_in_a_run_ends_the_run(started: Callable[..., Running]) -> None:
    calls: list[int] = []

    def act(_: PlayArgs, __: Context) -> Outcome:
        calls.append(1)
        if len(calls) == 1:
            raise Killed
        return changed()

    running = started(act)
    assert "the attempt broke: Killed" in running.hears("run_ended")
    assert running.hears("run_ended", "done")


@pytest.mark.parametrize("part", ["docker", "files"])
def test_a_source_without_its_thread_is_lost_and_health_says_so(
    part: str, started: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = started()
    running.hears("ready")
    lost: list[str] = []
    with signals.source_lost.connected_to(lambda _, name, reason: lost.append(f"{name}: {reason}")):
        if part == "files":
            monkeypatch.setattr(running.app.files, "_turn", lambda: 1 / 0)
            running.app.files._wake()
        else:
            monkeypatch.setattr(running.app.docker, "_next", lambda: 1 / 0)
            running.app.docker._backlog.mark(None)
        source = getattr(running.app, part)
        until(lambda: "ZeroDivisionError" in source.health()["reason"], "it is not lost", WAIT_S)
    assert source.health()["connected"] is False
    running.app.dispatcher.call(running.app.beat)
    file = str(Path(running.settings.gluehook_state) / heartbeat.FILE_NAME)
    well, said = heartbeat.judge(file, time.time())
    assert not well
    assert "ZeroDivisionError" in "\n".join(said)
    monkeypatch.undo()
    until(lambda: not any(thread.problem for thread in running.app.threads()), "it did not begin again", WAIT_S)
    if part == "files":
        until(lambda: source.health()["connected"], "the files are not followed again", WAIT_S)
        running.port_file.write_text("40001")
        running.hears("event_seen", "40001")
