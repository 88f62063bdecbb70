"""The shell around the engine: the inbox, one loop, a thread for each attempt."""

from __future__ import annotations

import queue
import random
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf
from typing import Any, TypeVar

from hooks.engine.engine import Engine
from hooks.engine.runs import Note, Result, Run
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.journal.books import Books
from hooks.runtime.executor import Attempt, Workshop

STOP_WAIT_S = 8.0  # how long a stop waits for running attempts; Docker kills after 10
BEAT_S = 15.0  # between heartbeats
CALL_WAIT_S = 5.0  # for the loop to come to a call
AT_ONCE = 64  # messages in one turn, and so in one commit of the journal
AT_WORK = 64  # attempts at once, those that wait for a target too: a burst must not make threads without end
AT_A_TIME = 4  # of them younger than YOUNG_S: a burst must not keep the processor from whoever is next …
IDLE_S = 600.0  # a worker that has had nothing to do for so long ends
YOUNG_S = 0.5  # … and who takes longer waits for somebody else, or hangs, and keeps nobody from anything


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Finished:
    attempt: Attempt
    result: Result


class _Stop:
    pass


@dataclass(frozen=True, slots=True)
class _Call:
    act: Callable[[], Any]
    answer: Future[Any]


_Message = Event | _Finished | _Stop | _Call


class Dispatch:
    """Feeds the engine from the inbox and sets its runs to work."""

    def __init__(
        self,
        engine: Engine,
        workshop: Workshop,
        *,
        books: Books | None = None,
        beat: Callable[[], None] = lambda: None,
        jitter: Callable[[], float] = lambda: random.random() / 4,  # noqa: S311 - spreads retries, guards nothing
    ) -> None:
        self.engine, self.workshop = engine, workshop
        self._books = books or Books()
        self._beat, self._jitter, self._clock = beat, jitter, workshop.clock
        self._inbox: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self._jobs: queue.SimpleQueue[Attempt] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)  # workers that wait for a job
        self._attempts: dict[str, Attempt] = {}
        self._ready: dict[str, deque[Run]] = {}  # by rule: one with many runs does not delay the others
        self._next_beat = self._clock()
        self._stop_by = -inf  # until when a stop waits for what is at work
        self.stopping = threading.Event()

    def post(self, event: Event) -> None:
        """Put an event into the inbox. Any thread may."""
        self._inbox.put(event)

    def stop(self) -> None:
        """End the loop: nothing new starts, running attempts have `STOP_WAIT_S` from now to end. Any thread may."""
        if not self.stopping.is_set():
            self._stop_by = self._clock() + STOP_WAIT_S
        self.stopping.set()
        self._inbox.put(_Stop())

    def call(self, act: Callable[[], T], timeout_s: float = CALL_WAIT_S) -> T:
        """What `act` answers, or raises, on the loop's own thread between two messages. Any other thread may ask.

        Raises TimeoutError if the loop does not come to it in time or has ended; then `act` is not done later either.
        """
        answer: Future[T] = Future()
        self._inbox.put(_Call(act, answer))
        try:
            return answer.result(timeout_s)
        except TimeoutError:
            if answer.cancel():
                raise
            return answer.result()  # it is being done at this very instant

    @property
    def caught_up(self) -> bool:
        """Whether everything that was posted has been taken in."""
        return self._inbox.empty()

    def attempts(self) -> list[Attempt]:
        """What is at work now."""
        return list(self._attempts.values())

    def run(self) -> None:
        """The loop. Returns at `stop`; what is at work then goes on until `drain` has waited for it."""
        self._resume()
        while not self.stopping.is_set():
            self._turn(self._deadline())

    def drain(self) -> None:
        """Wait for running attempts, `STOP_WAIT_S` from the stop on at most; take in how they end, and what was posted
        until now: what is accepted is done by the next life.
        """
        while (self._attempts and self._clock() < self._stop_by) or not self.caught_up:
            self._turn(self._stop_by)

    def _turn(self, until: float) -> None:
        messages = self._receive(until)
        with self._books.together():  # what was accepted is in the journal before anything of it runs
            for message in messages:
                self._take(message)
            now = self._clock()
            begun = self._advance(now)
            self._tell()
        for attempt in begun:
            signals.emit(signals.run_started, run=attempt.run)
            self._set_to_work(attempt)
        self._watch(now)

    def _receive(self, until: float) -> list[_Message]:
        """What is in the inbox; wait for it until then if there is nothing."""
        wait_s = min(max(until - self._clock(), 0.0), threading.TIMEOUT_MAX)
        messages: list[_Message] = []
        with suppress(queue.Empty):
            messages.append(self._inbox.get(timeout=wait_s))
            while len(messages) < AT_ONCE:
                messages.append(self._inbox.get_nowait())
        return messages

    def _take(self, message: _Message) -> None:
        if isinstance(message, Event):
            self._feed(message)
        elif isinstance(message, _Finished):
            self._finish(message.attempt, message.result)
        elif isinstance(message, _Call):
            self._answer(message)

    def _answer(self, call: _Call) -> None:
        if not call.answer.set_running_or_notify_cancel():
            return  # nobody waits any more
        try:
            call.answer.set_result(call.act())
        except Exception as error:  # noqa: BLE001 - it is the caller's
            call.answer.set_exception(error)

    def _advance(self, now: float) -> list[Attempt]:
        """The attempts that begin now."""
        if self.stopping.is_set():
            return []
        for run in self.engine.advance(now):
            self._ready.setdefault(run.rule.name, deque()).append(run)
        begun = []
        while (rule := self._next_rule(now)) and self._room_at(now) <= now:
            begun.append(self._begin(self._pick(rule), now))
        return begun

    def _deadline(self) -> float:
        working = (a.deadline for a in self._attempts.values() if not (a.overdue or a.waits_for))
        now = self._clock()
        room = self._room_at(now) if self._next_rule(now) else inf
        return min(self.engine.next_deadline(), self._next_beat, room, min(working, default=inf))

    def _room_at(self, now: float) -> float:
        """When one more attempt may begin, if none ends before."""
        if len(self._attempts) >= AT_WORK:
            return inf
        young = sorted(a.began + YOUNG_S for a in self._attempts.values() if a.began + YOUNG_S > now)
        return young[-AT_A_TIME] if len(young) >= AT_A_TIME else now

    def _resume(self) -> None:
        """Go on where an earlier life ended."""
        now = self._clock()
        rules = self.engine.table.rules
        window_s = max((max(rule.cooldown_s, rule.limit.per_s if rule.limit else 0.0) for rule in rules), default=0.0)
        for past in self._books.pasts(window_s, now):
            self.engine.load(past, now)
        for left in self._books.unfinished():
            if not self.engine.resume(replace(left, event=replace(left.event, origin="backlog")), now):
                self._books.settle(left)

    # -- events --------------------------------------------------------------------------

    def _feed(self, event: Event) -> None:
        if event.source == "docker" and event.cause is None:
            # while a run of ours holds a container, what happens to it is our own doing
            event = replace(event, cause=self.workshop.locks.holder(f"container:{event.subject}"))
        if self._books.is_repeat(event):
            return
        signals.emit(signals.event_seen, event=event)
        self.engine.feed(event, self._clock())

    # -- runs ----------------------------------------------------------------------------

    def _next_rule(self, now: float) -> str | None:
        """The rule whose turn it is, of those with a ready run that no pause holds back."""
        return next((rule for rule in self._ready if self.engine.paused_until(rule) <= now), None)

    def _pick(self, rule: str) -> Run:
        """The oldest ready run of the rule."""
        runs = self._ready.pop(rule)
        run = runs.popleft()
        if runs:
            self._ready[rule] = runs  # at the end of the line
        return run

    def _begin(self, run: Run, now: float) -> Attempt:
        attempt = self._attempts[run.id] = Attempt(run, now, now + run.rule.timeout_s)
        self._books.begin(run)
        return attempt

    def _set_to_work(self, attempt: Attempt) -> None:
        if self._idle.acquire(blocking=False):
            self._jobs.put(attempt)  # to make a thread takes longer than to wake one
        else:
            threading.Thread(target=self._worker, args=(attempt,), name="worker", daemon=True).start()

    def _worker(self, attempt: Attempt) -> None:
        while True:
            self._work(attempt)
            self._idle.release()
            try:
                attempt = self._jobs.get(timeout=IDLE_S)
            except queue.Empty:
                if self._idle.acquire(blocking=False):
                    return  # nobody counts on this thread
                attempt = self._jobs.get()

    def _work(self, attempt: Attempt) -> None:
        try:
            result = self.workshop.perform(attempt)
        except BaseException as error:  # noqa: BLE001 - whatever it was, the lane must hear of the end
            result = Result("retry", f"the attempt broke: {type(error).__name__}: {error}", step=attempt.run.step)
            signals.emit(signals.problem, said=result.said, error=error)
        self._inbox.put(_Finished(attempt, result))

    def _finish(self, attempt: Attempt, result: Result) -> None:
        now = self._clock()
        self._attempts.pop(attempt.run.id, None)
        self.engine.finished(attempt.run, result, now, self._jitter())
        notes = self.engine.take_notes()
        mine = [note for note in notes if note.run == attempt.run.id]
        if not any(note.kind == "retries" for note in mine):
            superseded = result.kind == "retry" and not any(note.kind == "failed" for note in mine)
            self._books.end(attempt.run, result, superseded=superseded)
        signals.emit(
            signals.run_ended, run=attempt.run, result=result, took_s=now - attempt.began,
            note=mine[0] if mine else None,
        )  # fmt: skip
        self._tell([note for note in notes if note not in mine])

    def _tell(self, notes: list[Note] | None = None) -> None:
        notes = self.engine.take_notes() if notes is None else notes
        self._books.note(notes)
        for note in notes:
            if note.kind != "accepted":
                signals.emit(signals.decided, note=note)

    # -- time ----------------------------------------------------------------------------

    def _watch(self, now: float) -> None:
        for attempt in self._attempts.values():
            if not attempt.overdue and not attempt.waits_for and now >= attempt.deadline:
                attempt.overdue = True
                signals.emit(signals.run_overdue, run=attempt.run, after_s=now - attempt.began)
        if now >= self._next_beat:
            self._next_beat = now + BEAT_S
            self._beat()
