"""A thread that lasts: what its function raises is reported, and the function begins again."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable

import pytest

from hooks.threads.lasting import LastingThread
from tests.parts.places import TOP

WAIT_S = 10.0
AT_ONCE = (0.0, 0.0)


def lasting(run: Callable[[], None], **more: object) -> LastingThread:
    return LastingThread(run, "reader", "reads", **{"pause_s": AT_ONCE, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error", [ValueError("no"), SystemExit(3), KeyboardInterrupt(), MemoryError(), GeneratorExit()]
)
def test_whatever_is_raised_the_function_begins_again_and_that_is_said(
    error: BaseException, problems: list[str]
) -> None:
    calls, done = queue.Queue[int](), threading.Event()

    def run() -> None:
        calls.put(1)
        if calls.qsize() < 3:
            raise error
        done.set()

    thread = lasting(run)
    thread.start()
    assert done.wait(WAIT_S)
    thread.join(WAIT_S)
    assert calls.qsize() == 3
    said = f"the thread reader, which reads, failed ({type(error).__name__}: {error}); it begins again now"
    assert problems == [said, said]
    assert not thread.problem, "it has done its work"


def test_until_it_begins_again_it_has_a_problem(problems: list[str]) -> None:
    failed = threading.Event()
    thread = lasting(lambda: {}["x"], failed=lambda _: failed.set(), pause_s=(60.0, 60.0))
    thread.start()
    assert failed.wait(WAIT_S)
    assert thread.problem == "the thread reader, which reads, failed (KeyError: 'x')"
    assert problems[0].endswith("; it begins again in 1m")
    thread.stop()
    thread.join(WAIT_S)
    assert not thread.is_alive()
    assert not thread.problem, "it was stopped"


def test_a_report_that_fails_does_not_end_it(problems: list[str]) -> None:
    done, calls = threading.Event(), queue.Queue[int]()

    def run() -> None:
        calls.put(1)
        if calls.qsize() == 1:
            raise OSError("gone")
        done.set()

    thread = lasting(run, failed=lambda _: 1 / 0)
    thread.start()
    assert done.wait(WAIT_S)
    assert "could not be passed on (ZeroDivisionError" in problems[1]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_that_is_gone_all_the_same_is_started_anew(problems: list[str]) -> None:
    calls, go_on = queue.Queue[int](), threading.Event()

    def run() -> None:
        calls.put(1)
        if calls.qsize() == 1:
            raise OSError("gone")
        go_on.wait(WAIT_S)

    def fail(_: str) -> None:
        raise SystemExit  # past every guard, as an exception that comes at any instant

    thread = lasting(run, failed=fail)
    thread.start()
    thread.join(WAIT_S)
    assert not thread.is_alive()
    assert thread.problem
    thread.revive()
    calls.get(timeout=WAIT_S)
    calls.get(timeout=WAIT_S)
    assert thread.is_alive()
    go_on.set()
    thread.join(WAIT_S)
    assert problems[-1] == "the thread reader, which reads, has ended; it begins again now"


def test_pauses_grow_while_it_fails_at_once() -> None:
    paused, waits = threading.Event(), list[float]()
    thread = lasting(lambda: {}["x"], pause_s=(1.0, 5.0))

    def wait(wait_s: float) -> None:
        waits.append(wait_s)
        if len(waits) == 5:
            thread.stop()
            paused.set()

    thread._stopping.wait = wait  # type: ignore[method-assign, assignment]
    thread.start()
    assert paused.wait(WAIT_S)
    thread.join(WAIT_S)
    assert waits == [1.0, 2.0, 4.0, 5.0, 5.0]


# commands, and one reading each in the web process: what fails there is shown, and read again when it is asked for
NO_RUNNING_GLUEHOOK = (
    "hooks/doctor/facts/", "hooks/cli/", "hooks/web/runner.py", "hooks/web/background.py",
    "hooks/own_handlers/misbehaving.py",  # of the contract, which pytest runs
)  # fmt: skip


def test_every_thread_of_gluehook_is_one() -> None:
    others = [
        str(file.relative_to(TOP))
        for folder in ("hooks", "handlers")
        for file in (TOP / folder).rglob("*.py")
        if re.search(r"\bThread\(|_thread\.start_new", file.read_text().replace("LastingThread(", ""))
        and file.parent != TOP / "hooks" / "threads"
        and not str(file.relative_to(TOP)).startswith(NO_RUNNING_GLUEHOOK)
    ]
    assert not others, "a thread of these may end unnoticed: use hooks.threads.lasting.LastingThread"
