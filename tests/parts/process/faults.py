"""Random stories of ports, containers, outages, kills and clocks, against a model of what must be in the end.

The dispatcher, the engine, the executor and the journal on its file are real; only time and the threads are played.
"""

from __future__ import annotations

import heapq
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hooks.config.settings import Settings
from hooks.engine.engine import Engine
from hooks.engine.runs import Run
from hooks.events import signals
from hooks.events.catalogue import Event, Origin
from hooks.handler import Context, Retry
from hooks.journal.journal import FILE_NAME
from hooks.journal.store import Store
from hooks.rules.facts import standing
from hooks.rules.table import Table
from hooks.rules.time_windows import Clock
from hooks.rules.verdicts import judge
from hooks.runtime.dispatcher import Dispatcher
from hooks.runtime.executor import Attempt, Executor
from hooks.runtime.workers import Work
from tests.parts.process.played import LIMIT, OOM, PORT, RULES, START, Killed, Target, fragile_journal, turn

DRAIN_S = 200.0  # longer than any wait of the rules
BEGAN_S, _GATE_SHARE = 1.8e9, 0.15
_HAPPENINGS = "port port port oom oom oom start resync away kill kill kill disk clock".split()


@dataclass
class Story:
    """One world and all lives of gluehook in it."""

    seed: int
    folder: Path
    now: float = 0.0  # seconds that never jump
    shift_s: float = 0.0  # of the wall clock
    disk_fails: bool = False
    away: bool = False  # the target
    gate: bool = True  # what the conditions of `gate` are about: sonarr is not paused
    jumped: bool = False
    forgot: bool = False  # a life ended while its journal could not be written
    lives: int = 0
    dispatcher: Dispatcher | None = None
    port: int = 0
    port_event: Event | None = None
    start_event: Event | None = None
    ooms: list[Event] = field(default_factory=list)
    seen: int = 0  # how many of them this life has been told
    did: dict[str, list[Any]] = field(default_factory=lambda: {rule.name: [] for rule in RULES})
    began: dict[str, float] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)  # of the runs of `few` that have ended
    started_at: float = -inf
    aimed_at: float = -inf
    failed: set[str] = field(default_factory=set)
    commits_left: float = inf
    cut: bool = False  # the next action is the last thing of this life
    killed: bool = False

    def __post_init__(self) -> None:
        self.random, self._of_gate = random.Random(self.seed), random.Random(-self.seed)
        self._at_work: list[tuple[float, int, Attempt, Work]] = []
        self._order = count()

    # -- what gluehook sees of the world ---------------------------------------------------------

    def live(self, act: Callable[[], None]) -> None:
        """Begin a life if there is none, and do something in it; a kill ends it."""
        try:
            if self.dispatcher is None:
                self.begin()
            act()
        except Killed:
            self.end()

    def begin(self) -> None:
        self.lives, self._at_work = self.lives + 1, []
        self.journal = fragile_journal(self.folder, self)
        executor = Executor(
            {"target.act": Target(self)}, Settings(), self.context, lambda: self.now, self.journal,
            conditions=lambda run: judge(run.rule.only_if, self.facts(), run.event),
        )  # fmt: skip
        self.dispatcher = Dispatcher(
            Engine(Table(RULES), last_id=self.journal.last_number()), executor, self.journal, submit=self.work,
            beat=lambda: self.journal.save("cursor", self.seen), jitter=lambda: 0.0, facts=self.facts,
        )  # fmt: skip
        self.seen = int(self.journal.load("cursor") or 0)
        self.dispatcher.resume()
        if self.random.random() < 0.5:  # what is resumed may run before the sources have looked
            turn(self.dispatcher)
        for event in self.ooms[max(self.seen - 2, 0) :]:  # Docker's `since`, with an overlap
            self.dispatcher.post(event)
        self.seen = len(self.ooms)
        self.resync()
        turn(self.dispatcher)

    def end(self) -> None:
        self.forgot |= self.disk_is_bad()
        self.journal.close()
        self.dispatcher, self.commits_left, self.cut, self.killed = None, inf, False, False

    def resync(self) -> None:
        for event in (self.port_event, self.start_event):
            if event and self.dispatcher:
                self.dispatcher.post(Event(event.type, event.subject, event.time, event.source, "resync", event.data))

    def facts(self) -> Any:
        clock, sonarr = Clock(self.wall(), lambda _: 0.0), standing(running=True, paused=not self.gate)
        return SimpleNamespace(clock=clock, seen=lambda _: sonarr)

    def turn_gate(self) -> None:
        self.gate = not self.gate
        self.event("container.unpause" if self.gate else "container.pause", "sonarr")

    def wall(self) -> float:
        return BEGAN_S + self.now + self.shift_s

    def context(self, event: Event, run: str, deadline: float) -> Context:
        world: Any = SimpleNamespace(state=lambda: {"port": self.port})
        memory: Any = {}
        return Context(
            event, run, Settings(), world, memory, lambda _: None, lambda _: None,
            lambda: 1.0, lambda _: None, self.wall,
        )  # fmt: skip

    # -- what happens ----------------------------------------------------------------------------

    def event(self, kind: str, subject: str, origin: Origin = "live", **data: Any) -> Event:
        source = "files" if kind == PORT else "docker"
        number = len(self.ooms)
        event = Event(kind, subject, int(self.wall() * 1e9), source, origin, {"container": subject, "id": "1", **data},
                      id=f"{kind}{number}" if kind == OOM else "")  # fmt: skip
        if self.dispatcher:
            self.dispatcher.post(event)
        return event

    def oom(self) -> None:
        self.ooms.append(self.event(OOM, "web", exit_code=len(self.ooms)))
        self.seen += self.dispatcher is not None

    def happen(self) -> None:
        if self._of_gate.random() < _GATE_SHARE:  # by dice of its own: the stories of earlier seeds stay what they were
            self.turn_gate()
        match self.random.choice(_HAPPENINGS):
            case "port":
                self.port += 1
                self.port_event = self.event(
                    PORT, "gluetun", port=self.port, ports=[self.port], generation=str(self.port)
                )
            case "oom":
                self.oom()
            case "start":
                self.start_event, self.started_at = self.event(START, "qb"), self.now
            case "resync":
                self.resync()
            case "away":
                self.away = not self.away
            case "disk":
                self.disk_fails = not self.disk_fails and self.commits_left == inf and not self.cut
            case "clock":
                self.shift_s, self.jumped = self.random.choice((-7200.0, -60.0, 60.0, 86400.0)), True
            case "kill":
                self.plan_kill()

    def disk_is_bad(self) -> bool:
        return self.disk_fails or bool(self.dispatcher and self.journal.problem)

    def kill(self) -> None:
        self.killed = True
        raise Killed

    def plan_kill(self) -> None:
        if self.random.random() < 0.3:
            self.kill()
        if self.random.random() < 0.5:
            self.cut = True
        else:
            self.commits_left = self.random.randrange(1, 12)

    def committed(self) -> None:
        self.commits_left -= 1
        if self.commits_left <= 0:
            self.kill()

    def act(self, run: str, what: Any) -> None:
        name = run.partition("/")[0]
        if self.away and name != "few":
            raise Retry("the target is away")
        self.did[name].append(what)
        if name == "aim" and what != "told":
            self.aimed_at = self.now
        if self.cut:
            self.kill()

    def hear_start(self, _: object, run: Run, **__: Any) -> None:
        self.began.setdefault(run.id, self.now)  # a run that was cut off began in an earlier life

    def hear_end(self, _: object, run: Run, note: Any, **__: Any) -> None:
        if note and note.kind == "failed":
            self.failed.add(run.id)
        elif run.rule.name == "few":
            self.starts.append(self.began[run.id])

    def work(self, attempt: Attempt, work: Work) -> None:
        lane = (attempt.run.rule.name, attempt.run.key)
        busy = [(other.run.rule.name, other.run.key) for _, _, other, _ in self._at_work]
        assert lane not in busy, f"{lane} runs twice at once"
        takes_s = 0.0 if lane[0] == "gate" else self.random.choice((0.0, 0.0, 0.3, 2.0, 20.0))
        heapq.heappush(self._at_work, (self.now + takes_s, next(self._order), attempt, work))

    def until(self, when: float) -> None:
        """Let time pass."""
        while self.dispatcher:
            due = min(turn(self.dispatcher), self._at_work[0][0] if self._at_work else inf)
            if due > when:
                break
            self.now = max(self.now, due)
            while self._at_work and self._at_work[0][0] <= self.now:
                _, _, attempt, work = heapq.heappop(self._at_work)
                work(attempt)
                if self.killed:  # the dispatcher survives whatever an attempt raises, and no process survives this
                    raise Killed
        self.now = when

    def play(self) -> None:
        """The whole story: faults, then none, then enough time."""
        for _ in range(self.random.randrange(5, 40)):
            self.live(self.happen)
            self.live(lambda: self.until(self.now + self.random.choice((0.0, 0.0, 0.5, 3.0, 30.0))))
        self.away = self.disk_fails = self.cut = False
        self.commits_left = inf
        self.live(lambda: self.until(self.now + DRAIN_S / 2))
        if not self.gate:
            self.live(self.turn_gate)
        self.live(self.resync)
        self.live(lambda: self.until(self.now + DRAIN_S))
        if self.forgot and self.dispatcher:  # it may have begun when its journal could not be read
            self.end()
            self.live(lambda: self.until(self.now + DRAIN_S))

    def check(self) -> None:
        """What is desired is what is, nothing went backwards, and nothing was left out."""
        ports, gated, ooms, few = self.did["set"], self.did["gate"], self.did["log"], sorted(self.starts)
        assert not self.port or ports[-1] == self.port, f"the port is {self.port}, but {ports} were set"
        assert ports == sorted(ports), f"an older port was set after a newer one: {ports}"
        assert not self.port or gated[-1:] == [self.port], f"the port is {self.port}, and {gated} went through the gate"
        assert gated == sorted(gated), f"an older port went through the gate after a newer one: {gated}"
        firsts = list(dict.fromkeys(ooms))
        assert firsts == list(range(len(self.ooms))), f"{len(self.ooms)} happened, and {ooms} were done"
        assert self.aimed_at >= self.started_at, f"it started at {self.started_at} and was seen to at {self.aimed_at}"
        assert not self.did["aim"] or self.did["aim"][-1] == "told", f"a run was not finished: {self.did['aim']}"
        assert self.forgot or self.failed <= set(self.did["cry"]), (
            f"{self.failed} failed, of {self.did['cry']} was told"
        )
        for first, fourth in zip(few, few[LIMIT.runs :], strict=False):
            assert self.jumped or self.forgot or fourth - first >= LIMIT.per_s - 1e-3, f"the limit was exceeded: {few}"
        with closing(Store(self.folder / FILE_NAME)) as store:
            left = store.unsettled()
        assert left == [], f"left unsettled: {left}"


@contextmanager
def ram_folder() -> Iterator[Path]:
    """A new folder, in memory where there is such a place."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="gluehook-chaos-", dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def play(seed: int, folder: Path) -> Story:
    """Play one story and check it. Raises AssertionError with what is wrong; the seed is in its notes."""
    story = Story(seed, folder)
    try:
        with signals.run_started.connected_to(story.hear_start), signals.run_ended.connected_to(story.hear_end):
            story.play()
        story.end()
        story.check()
    except BaseException as error:
        error.add_note(f"play it again: python -m tests.whole.chaos --seed {seed}")
        raise
    finally:
        if story.dispatcher:
            story.end()
    return story
