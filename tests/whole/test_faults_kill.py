"""`kill -9` after each commit of the journal: the next life ends where a life without the kill ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from hooks.config.settings import Settings
from hooks.engine.engine import Engine
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Handler, Outcome, Retry
from hooks.journal.journal import FILE_NAME, Journal
from hooks.journal.store import Record, Store
from hooks.rules.placeholders import parse
from hooks.rules.table import Entry, RetryPolicy, Rule, Step, Table
from hooks.runtime.dispatcher import Dispatcher
from hooks.runtime.executor import Executor
from hooks.world.model import World
from tests.parts.places import TOP
from tests.parts.process.playing import WAIT_S, Notes, PlayArgs

LAST_PORT, OOMS = 5, 3
_MOST = 500  # commits; the story has far fewer


def rule(name: str, on: str, *steps: Step, **more: Any) -> Rule:
    return Rule(name, (Entry(on),), steps, retry=RetryPolicy(3, 0.01, 0.01), **more)


def step(use: str, text: Any = "", **more: Any) -> Step:
    return Step(use, {"target": use, "text": text}, **more)


RULES = (
    rule("set", "port.forwarded", step("file.set", parse("${event.port}"), reconciles=True),
         step("file.tell", "set", when_changed=True), key="port"),
    rule("log", "container.oom", step("file.log", parse("${event.id}")), mode="queued"),
    rule("late", "container.start", step("file.first", "one"), step("file.second", "two")),
    rule("never", "container.update", step("file.never")),
    rule("cry", "run.failed", step("file.cry", parse("${event.run}")), mode="queued"),
)  # fmt: skip


class File(Handler[PlayArgs]):
    """Writes what it does into a file; its second step works at the second try, and `file.never` never."""

    says, Args, reconciles = "acts", PlayArgs, True

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self._folder = name, folder  # type: ignore[misc]

    def targets(self, args: PlayArgs, settings: Settings) -> tuple[str, ...]:
        return (args.target,)

    def plan(self, args: PlayArgs, ctx: Context) -> str | None:
        return None

    def apply(self, args: PlayArgs, ctx: Context) -> Outcome:
        if self.name == "file.never":
            raise GiveUp("it never works")
        if self.name == "file.second" and not (self._folder / "tried").exists():
            (self._folder / "tried").touch()
            raise Retry("not yet")
        with (self._folder / "did").open("a") as file:
            file.write(json.dumps([ctx.run, self.name, args.text]) + "\n")
        return Outcome("changed", "written")


def event(kind: str, subject: str, number: int, **data: Any) -> Event:
    source = "files" if kind.startswith("port") else "docker"
    return Event(kind, subject, number, source, data={"container": subject, "id": f"{number}", **data})


def port(number: int) -> Event:
    return event("port.forwarded", "gluetun", number, port=number, ports=[number], generation=f"{number}")


def oom(number: int) -> Event:
    return event("container.oom", "web", number)


STORY = (
    (port(1),), (oom(0), port(2), port(3)), (event("container.start", "late", 9),), (oom(1), oom(2)),
    (port(4), port(5)), (event("container.update", "never", 10),),
)  # fmt: skip
# what the sources tell at a start: the state that holds, and the end of Docker's history
AGAIN = ((*(oom(n) for n in range(OOMS)), event("container.start", "late", 9), event("container.update", "never", 10),
          port(LAST_PORT)),)  # fmt: skip


def one_life(folder: Path, story: tuple[tuple[Event, ...], ...]) -> None:
    """Resume, and take in the story; each of its parts when the one before is through."""
    journal, changed = Journal(folder), threading.Event()
    uses = {each.use for rule in RULES for each in rule.do}

    def context(event: Event, run: str, deadline: float) -> Context:
        return Context(event, run, Settings(), World(), Notes(), lambda _: None, lambda _: None,
                       lambda: 1.0, lambda _: None, lambda: 0.0)  # fmt: skip

    executor = Executor({use: File(use, folder) for use in uses}, Settings(), context, time.monotonic, journal)
    engine = Engine(Table(RULES), last_id=journal.last_number())
    dispatcher = Dispatcher(engine, executor, journal, jitter=lambda: 0.0)
    with signals.run_ended.connected_to(lambda *_, **__: changed.set()):
        loop = threading.Thread(target=dispatcher.run)
        loop.start()
        for part in story:
            for each in part:
                dispatcher.post(each)
            wait_until(changed, lambda: dispatcher.call(lambda: is_idle(dispatcher.engine)))
        dispatcher.stop()
        loop.join(WAIT_S)


def is_idle(engine: Engine) -> bool:
    return not any(lane.running or lane.pending for lane in engine.lanes())


def wait_until(changed: threading.Event, holds: Callable[[], bool]) -> None:
    while not holds():
        assert changed.wait(WAIT_S), "nothing ends any more"
        changed.clear()


def kill_after(commits: int) -> None:
    """From here on this process is killed by the kernel after so many commits."""
    own, left = Store.write, [commits]

    def write(self: Store, records: Iterable[Record]) -> None:
        own(self, records)
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    Store.write = write  # type: ignore[method-assign]


def in_a_process(act: Callable[[], None]) -> int:
    """How a process of its own ended that did it: 0, or minus the signal."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            act()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def every_kill(folder: Path) -> None:
    """Live the story with a kill after commit 1, 2, … until it is through without; what came of it, line by line."""
    for commits in range(1, _MOST):
        place = folder / f"{commits}"
        place.mkdir()

        def first(place: Path = place, commits: int = commits) -> None:
            kill_after(commits)
            one_life(place, STORY)

        ended = in_a_process(first)
        told = {"ended": ended, "kept": kept(place), "before": did(place)}
        again = in_a_process(lambda place=place: one_life(place, AGAIN))  # type: ignore[misc]
        print(json.dumps({**told, "again": again, "did": did(place), "left": kept(place)["left"]}), flush=True)
        if ended == 0:
            return


def did(place: Path) -> list[Any]:
    file = place / "did"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def kept(place: Path) -> dict[str, Any]:
    """What the journal holds as done."""
    with closing(Store(place / FILE_NAME)) as store:
        unsettled = store.unsettled()
        open_ids = {each.event.id for each in unsettled}
        logged = [each for each in store.recorded() if each.id not in open_ids and each.type == "container.oom"]
        steps = [[run["id"], done["use"]] for run in store.history(most=_MOST) for done in run["steps"]]
    left = [[left.rule, left.event.id] for left in unsettled]
    return {"settled": [f"{each.time}" for each in logged], "steps": steps, "left": left}


def test_a_kill_after_any_commit_changes_nothing_in_the_end(tmp_path: Path) -> None:
    imports = "from pathlib import Path; from tests.whole.test_faults_kill import every_kill"
    program = f"{imports}; every_kill(Path({str(tmp_path)!r}))"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=50, cwd=TOP,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    print(f"killed after each of {len(told) - 1} commits")
    assert len(told) > 20
    assert [each["ended"] for each in told] == [-signal.SIGKILL] * (len(told) - 1) + [0]
    for commits, each in enumerate(told, 1):
        check(each, f"after commit {commits}: {each}, {ran.stderr}")


def check(told: dict[str, Any], where: str) -> None:
    ports = [text for _, use, text in told["did"] if use == "file.set"]
    again = told["did"][len(told["before"]) :]
    assert told["again"] == 0, where
    assert told["left"] == [], where
    assert ports[-1] == LAST_PORT, where
    assert ports == sorted(ports), where
    assert {text for _, use, text in told["did"] if use == "file.log"} == {f"{number}" for number in range(OOMS)}, where
    assert {"file.tell", "file.first", "file.second", "file.cry"} <= {use for _, use, _ in told["did"]}, where
    assert not [done for done in again if done[:2] in told["kept"]["steps"]], where
    assert not [done for done in again if done[1] == "file.log" and done[2] in told["kept"]["settled"]], where
    counts = Counter(text for _, use, text in told["did"] if use == "file.log")
    assert max(counts.values()) <= 2, where  # a step that was cut may run twice, and no other
    assert sum(counts.values()) <= OOMS + 1, where
