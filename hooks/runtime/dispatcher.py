"""The dispatcher: one loop that feeds the engine, writes the journal and starts attempts.

Sources and the control socket reach it through `post` and `call`, from any thread; everything else happens on the
loop's own thread. A turn takes in what was posted (events, attempts that ended, calls), asks the engine for the runs
that are due, hands what was decided to the journal in one commit, and starts the attempts.

Guarantees: an event that a lane accepted is in the journal before anything of it runs. An attempt that breaks, hangs or
overruns its time-out stops neither the loop nor other lanes. A burst does not make threads without end. After `stop`
nothing new starts; what is running has `STOP_WAIT_S`, and what waits is in the journal for the next process.
"""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Any, TypeVar

from hooks.engine.engine import Engine
from hooks.engine.runs import Note, Result, Run
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.journal.journal import Journal
from hooks.journal.records import Began, Ended, Unbegun, decided
from hooks.journal.store import Record
from hooks.rules.facts import Facts, unseen
from hooks.runtime.calls import Call
from hooks.runtime.executor import Attempt, Executor
from hooks.runtime.loop_watch import LoopSteps
from hooks.runtime.ready_runs import ReadyRuns
from hooks.runtime.turn_trace import TurnTrace, waited
from hooks.runtime.workers import Work, Workers

TROUBLES_S = 86_400.0  # how far back runs of the previous process tell what has not got well yet, at least
STOP_WAIT_S = 8.0  # how long a stop waits for running attempts; Docker kills after 10
BEAT_S = 15.0  # between heartbeats
CALL_WAIT_S = 5.0  # for the loop to come to a call
AT_ONCE = 64  # messages in one turn, and so in one commit of the journal
AT_WORK = 64  # attempts at once, those that wait for a target too: a burst must not make threads without end
AT_A_TIME = 4  # of them younger than YOUNG_S: a burst must not keep the processor from the attempt that is next;
YOUNG_S = 0.5  # an attempt that takes longer waits for another program, or hangs, and keeps the processor from nobody

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Finished:
    attempt: Attempt
    result: Result


class _Stop:
    pass


_Message = Event | _Finished | _Stop | Call


class Dispatcher:
    """Feeds the engine with what is posted, and submits its runs.

    `messages` is the queue that `post` puts events into. `submit(attempt, work)` calls `work(attempt)` in another
    thread. `beat` is called every `BEAT_S` seconds. `stopping` is set at a stop. `facts` gives what conditions are
    judged by, `jitter` the share by which a retry's wait is shortened, 0 to 1.
    """

    def __init__(
        self,
        engine: Engine,
        executor: Executor,
        journal: Journal,
        *,
        messages: queue.SimpleQueue[Any] | None = None,
        submit: Callable[[Attempt, Work], None] | None = None,
        beat: Callable[[], None] = lambda: None,
        stopping: threading.Event | None = None,
        facts: Callable[[], Facts] = unseen,
        jitter: Callable[[], float] = lambda: random.random() / 4,  # noqa: S311 - spreads retries, guards nothing
    ) -> None:
        self.engine, self.executor, self._journal = engine, executor, journal
        self._submit, self.facts = submit or Workers().submit, facts
        self._beat, self._jitter, self.now = beat, jitter, executor.clock
        self._messages: queue.SimpleQueue[_Message] = messages or queue.SimpleQueue()
        self._records: list[Record] = []  # of this turn, for the journal
        self._trace = TurnTrace(journal.now)
        self._attempts: dict[str, Attempt] = {}
        self._ready, self._next_beat = ReadyRuns(), self.now()
        self._stop_by = -inf  # until when a stop waits for running attempts
        self.stopping = stopping or threading.Event()
        self.steps = LoopSteps(self.now, self.stopping.wait, _named)

    def post(self, event: Event) -> None:
        """Put an event into the queue. Any thread may."""
        self._messages.put(event)

    def stop(self) -> None:
        """End the loop: nothing new starts, running attempts have `STOP_WAIT_S` from now to end. Any thread may."""
        if not self.stopping.is_set():
            self._stop_by = self.now() + STOP_WAIT_S
        self.stopping.set()
        self._messages.put(_Stop())

    def call(self, act: Callable[[], T], timeout_s: float = CALL_WAIT_S) -> T:
        """What `act` returns, or raises, on the loop's own thread between two messages. Any other thread may call.

        Raises TimeoutError if the loop does not come to it in time or has ended; then `act` is not done later either.
        """
        answer: Future[T] = Future()
        self._messages.put(Call(act, answer))
        try:
            return answer.result(timeout_s)
        except TimeoutError:
            if answer.cancel():
                raise
            return answer.result()  # it is being done at this very instant

    def accept(self, event: Event) -> bool:
        """Take the event in and write it down. Whether the journal has it now; for `call` alone."""
        self._feed(event)
        self._record(self.engine.take_notes())
        return self._hand_over()

    @property
    def caught_up(self) -> bool:
        """Whether everything that was posted has been taken in."""
        return self._messages.empty()

    def attempts(self) -> list[Attempt]:
        """The running attempts."""
        return list(self._attempts.values())

    def run(self) -> None:
        """The loop. Returns at `stop`; running attempts then go on until `drain` has waited for them."""
        self.resume()
        while not self.stopping.is_set():
            self.turn(self.deadline())

    def drain(self) -> None:
        """Wait for running attempts until `STOP_WAIT_S` after the stop, and take in what was posted until now."""
        while (self._attempts and self.now() < self._stop_by) or not self.caught_up:
            self.turn(self._stop_by)

    def resume(self) -> None:
        """Go on where the previous process ended."""
        now = self.now()
        for past in self._journal.pasts(max(self.engine.table.longest_window_s, TROUBLES_S), now):
            self.engine.load(past, now)
        for left in self._journal.unfinished():
            if not self.engine.resume(replace(left, event=replace(left.event, origin="backlog")), now):
                self._journal.settle(left)

    def turn(self, until: float) -> None:
        """Take in what was posted and start what is due; wait until then if nothing was posted."""
        for message in self._receive(until):
            self.steps.do(message, partial(self._take, message))
        now, begun = self.now(), list[Attempt]()
        self.steps.do("decide what is due", lambda: begun.extend(self._advance(now)))
        self.steps.do("write the journal", partial(self._hand_over, bool(begun)))  # before anything of it runs
        for attempt in begun:
            self._start(attempt)
        self.steps.do("watch what runs, and write the heartbeat", partial(self._watch, now))

    def _start(self, attempt: Attempt) -> None:
        signals.emit(signals.run_started, run=attempt.run)
        try:
            self._submit(attempt, self._work)
        except Exception as error:  # noqa: BLE001 - no thread is left, for example: the lane must learn of the end
            said = f"no thread could be started for it ({type(error).__name__}: {error})"
            self._messages.put(_Finished(attempt, Result("retry", said, step=attempt.run.step)))

    def deadline(self) -> float:
        """When there is something to do again, if nothing is posted before."""
        running = (a.deadline for a in self._attempts.values() if not (a.overdue or a.waits_for))
        now = self.now()
        room = self._room_at(now) if self._ready and self._next_rule(now) else inf
        return min(self.engine.next_deadline(), self._next_beat, room, min(running, default=inf))

    # -- messages --------------------------------------------------------------------------

    def _receive(self, until: float) -> list[_Message]:
        """What was posted; wait for it until then if there is nothing."""
        wait_s = min(max(until - self.now(), 0.0), threading.TIMEOUT_MAX)
        messages: list[_Message] = []
        with suppress(queue.Empty):
            messages.append(self._messages.get(timeout=wait_s))
            while len(messages) < AT_ONCE:
                messages.append(self._messages.get_nowait())
        return messages

    def _take(self, message: _Message) -> None:
        if isinstance(message, Event):
            self._feed(message)
        elif isinstance(message, _Finished):
            self._finish(message.attempt, message.result)
        elif isinstance(message, Call):
            self._record(self.engine.take_notes())
            self._hand_over()  # what a call saves must not be on disk before what was accepted earlier
            message.do()

    def _feed(self, event: Event) -> None:
        if event.source in ("docker", "logs") and event.cause is None:
            # while a run of ours holds a container, what happens to it is our own doing
            event = replace(event, cause=self.executor.locks.holder(f"container:{event.subject}"))
        if self._journal.is_repeat(event):
            return
        signals.emit(signals.event_seen, event=event)
        self.engine.feed(event, self.now())

    def _finish(self, attempt: Attempt, result: Result) -> None:
        now, ended = self.now(), self._journal.now()
        self._attempts.pop(attempt.run.id, None)
        self.engine.finished(attempt.run, result, now, self._jitter())
        notes = self.engine.take_notes()
        mine = [note for note in notes if note.run == attempt.run.id]
        if result.unmet:
            self._records.append(Unbegun(attempt.run))
        elif not any(note.kind == "retries" for note in mine):
            superseded = result.kind == "retry" and not any(note.kind == "failed" for note in mine)
            self._records.append(Ended(attempt.run, result, ended, superseded))
        self._trace.ended(attempt.run, result, attempt.at, ended, mine[0] if mine else None)
        signals.emit(
            signals.run_ended, run=attempt.run, result=result, took_s=now - attempt.began,
            note=mine[0] if mine else None,
        )  # fmt: skip
        self._record([note for note in notes if note not in mine])
        self._trace.decided(mine)

    # -- the journal -----------------------------------------------------------------------

    def _record(self, notes: list[Note]) -> None:
        self._records += decided(notes)
        self._trace.decided(notes)
        for note in notes:
            signals.emit(signals.accepted if note.kind == "accepted" else signals.decided, note=note)

    def _hand_over(self, is_urgent: bool = False) -> bool:
        records, self._records = self._records, []
        return self._journal.write([*records, *self._trace.take(urgent=is_urgent)])

    # -- attempts --------------------------------------------------------------------------

    def _advance(self, now: float) -> list[Attempt]:
        """The attempts that begin now."""
        begun: list[Attempt] = []
        is_stopping = self.stopping.is_set()  # read once: it may be set at any instant, and a run is begun or stays due
        for run in () if is_stopping else self.engine.advance(now, self.facts):
            self._ready.add(run)
        self._record(self.engine.take_notes())
        if is_stopping:
            return begun
        while (rule := self._next_rule(now)) and self._room_at(now) <= now:
            begun.append(self._begin(self._ready.take(rule), now))
        return begun

    def _next_rule(self, now: float) -> str | None:
        return self._ready.next_rule(lambda rule: self.engine.paused_until(rule) <= now)

    def _room_at(self, now: float) -> float:
        """When one more attempt may begin, if none ends before."""
        if len(self._attempts) >= AT_WORK:
            return inf
        young = sorted(a.began + YOUNG_S for a in self._attempts.values() if a.began + YOUNG_S > now)
        return young[-AT_A_TIME] if len(young) >= AT_A_TIME else now

    def _begin(self, run: Run, now: float) -> Attempt:
        at = self._journal.now()
        attempt = self._attempts[run.id] = Attempt(run, now, now + run.rule.timeout_s, at)
        self._records.append(Began(run, at, waited(run, at, now)))
        return attempt

    def _work(self, attempt: Attempt) -> None:
        try:
            result = self.executor.perform(attempt)
        except BaseException as error:  # noqa: BLE001 - whatever it was, the lane must learn of the end
            result = Result("retry", f"the attempt broke: {type(error).__name__}: {error}", step=attempt.run.step)
            signals.emit(signals.problem, said=result.said, error=error)
        self._messages.put(_Finished(attempt, result))

    def _watch(self, now: float) -> None:
        for attempt in self._attempts.values():
            if not attempt.overdue and not attempt.waits_for and now >= attempt.deadline:
                attempt.overdue = True
                signals.emit(signals.run_overdue, run=attempt.run, after_s=now - attempt.began)
        if now >= self._next_beat:
            self._next_beat = now + BEAT_S
            self._beat()


def _named(what: object) -> str:
    if isinstance(what, Event):
        return f"take in {what.type} of {what.subject[:100]}"
    if isinstance(what, _Finished):
        return f"take in how {what.attempt.run.id[:100]} ended"
    return what if isinstance(what, str) else "answer a command"
