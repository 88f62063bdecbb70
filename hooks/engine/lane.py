"""A lane: one rule for one key. One run at a time, in order, and every kind of waiting.

The engine opens a lane for each pair of rule and key, gives it events and asks it when its next run is due: after a
`for`, a debounce, a cooldown, a retry's wait, the end of the run before it, a pause or an exhausted limit. It decides
what becomes of an event that comes meanwhile: merged into what waits, queued or dropped, as the rule's mode says.

Guarantees: with mode "latest" the newest event is never lost; with "queued" none is, up to `QUEUE_BOUND`. A run that
changed nothing counts neither for the limit nor for the cooldown. Blind time does not count for `for`.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from math import inf

from hooks.engine.pending import PendingEvents
from hooks.engine.runs import Note, Past, Result, Run, Unfinished, Waited, Waiting, WaitKind
from hooks.engine.states import Held, PausedUntil
from hooks.engine.tries import Full, Tries
from hooks.events.catalogue import Event, Topic, is_bad, topic_of
from hooks.events.durations import backoff
from hooks.rules.table import Rule


class Lane(PendingEvents):
    """What is running, what waits, and which states last. Times are the engine's seconds.

    `notes`, `lost` (the sources that cannot see) and `paused` belong to the engine and are shared by all lanes.
    """

    def __init__(self, rule: Rule, key: str, notes: list[Note], lost: AbstractSet[str],
                 paused: PausedUntil) -> None:  # fmt: skip
        super().__init__(rule, key, notes, lost)
        self.cooldown_until = -inf
        self.tries = Tries(rule.limit)
        self.exhausted: Event | None = None  # the rule.exhausted that was raised and has not ended
        self.flaps = False  # it was raised because the state comes and goes, so it ends when the window has room
        self.failed = False  # its last run failed, and was about no bad state whose end would show that all is well
        self._ended = -inf  # when the last attempt did
        self._began = 0.0  # when the run that is at work, or waits for its next attempt, was counted
        self._paused = paused
        self._seen: tuple[Held, ...] = ()  # the states that the running attempt acts on

    # -- when ----------------------------------------------------------------------------

    @property
    def waits_for_end_of_state(self) -> bool:
        """Nothing starts before its states have ended. (Without states, or if they come and go, the window counts.)"""
        return self.exhausted is not None and self.rule.stateful and not self.flaps

    @property
    def while_it_lasts(self) -> bool:
        """Whether a waiting run has nothing to do once the lane's states have ended."""
        return self.rule.for_s is not None or self.rule.escalates

    def due(self) -> float:
        """When the next run may start; `inf` if nothing waits or something must happen first."""
        if self.running or not self.pending:
            return inf
        due = self._due(self.pending[0])
        return max(due, self._paused.until(self.rule.name)) if self._paused else due

    def _due(self, head: Waiting) -> float:
        if head.manual:
            return head.due
        if (self.exhausted and self.waits_for_end_of_state) or self.states.blind_since is not None:
            return inf
        if head.attempt > 1:
            return head.due  # the same run goes on: only a new one has to wait for more
        due = max(head.due, self.cooldown_until)
        if self.rule.for_s is not None:
            due = max(due, self.states.since + self.rule.for_s)
        if self.exhausted and self.tries.total:
            due = max(due, self.tries.room_at())
        return due if head.unmet is None else max(due, head.unmet.until)

    def full(self, now: float) -> Full | None:
        """Whether the next run would exceed the limit. A retry never does, as its run has been counted, nor does one
        that the owner asked for."""
        head = self.pending[0]
        return None if head.attempt > 1 or head.manual else self.tries.full(now)

    def is_empty(self, now: float) -> bool:
        """Whether nothing would be forgotten with it."""
        busy = self.running or self.pending or self.states or self.exhausted
        return not busy and not self.tries.counts_at(now) and self.cooldown_until <= now

    # -- events --------------------------------------------------------------------------

    def is_news(self, event: Event) -> bool:
        """Whether a state that a resync reports differs from what this lane last handled."""
        held = self.states.of(topic_of(event))
        return held is None or held.resumed or not (held.handled or self.running or self.pending)

    def take(self, event: Event, now: float) -> None:
        """An event of this lane has come."""
        self._note("accepted", event)
        began = self.states.begin(event, now)
        if self.rule.only_if and (unmet := self._drops_at_once(event, now)):
            self._note("dropped", event, unmet.verdict.sentence, alone=True)
        elif self.rule.for_s is not None:
            self._wait_for(event, now, began)
        elif self.rule.mode == "queued":
            self._enqueue(event, now)
        elif self.rule.mode == "single" and (self.running or (self.pending and self.pending[0].attempt > 1)):
            self._note("dropped", event, "the rule is running and its mode is single")
        else:
            self._merge(event, now)
        self.update_blindness(now)

    def resume(self, left: Unfinished, now: float) -> None:
        """Go on with what the previous process had accepted. (The state of a `for` is reported anew, if it lasts.)"""
        if left.attempt > 1:
            self._count(now)  # a retry counts as the run that it is part of, and that one has not ended
        again = Waiting(left.event, now, now, False, left.attempt, left.run, left.step, left.changed, left.said)
        if self.pending and self.rule.mode != "queued":
            self._inherit(again, self.pending.popleft())
        self.pending.append(again)

    def run_manually(self, event: Event, now: float) -> None:
        """The owner wants a run now. If something waits already, that runs: it is newer."""
        if self.pending and self.rule.mode != "queued":
            self.pending[0].manual, self.pending[0].due, self.pending[0].quiet = True, now, False
            return
        self._note("accepted", event)
        self.pending.append(Waiting(event, now, now, manual=True))

    def load(self, past: Past) -> None:
        """What counts for limit and cooldown."""
        self.tries.load(past)
        self.cooldown_until = past.ended + self.rule.cooldown_s
        self.failed = past.failed is not None and not (self.rule.stateful and is_bad(past.failed))

    def take_over(self, old: Lane) -> None:
        """Take the place of a lane whose rule was changed: a running attempt ends first, and past runs still count."""
        self.running, self.failed = old.running, old.failed
        self.cooldown_until, self._began = old.cooldown_until, old._began
        self.tries.take_over(old.tries)

    def end(self, topic: Topic, now: float) -> bool:
        """One of its states has ended. True if it was the last."""
        self.states.end(topic)
        if self.rule.only_if:
            self.judge_again()
        is_over = not self.states and (self.while_it_lasts or (self.exhausted and self.rule.stateful))
        if is_over and not (self.pending and self._reports(self.pending[0])):
            self.drop("the state has ended")
        self.update_blindness(now)
        return not self.states

    def end_trouble(self, because: Event) -> bool:
        """Begin to count anew, if no state lasts and each that the runs were about has got well. True if so."""
        of_bad_state, lasts = self.tries.of_bad_state, self.states or self.tries.topics
        if not self.rule.stateful or lasts or not self.tries.end_trouble():
            return False
        if self.rule.limit or of_bad_state:  # else the next process would find this trouble again, and its end
            why = ["all is well again"] * of_bad_state + ["its limit counts anew"] * bool(self.rule.limit)
            self._note("renewed", because, "; ".join(why))
        return True

    def room_in(self, now: float) -> float | None:
        """In how many seconds an exhausted lane may run again by itself; None: not before its states have ended."""
        return None if self.waits_for_end_of_state or not self.tries.total else self.tries.room_at() - now

    def update_blindness(self, now: float) -> None:
        """Notice whether a `for` can see one of the states it waits on. Blind time does not count."""
        if self.rule.for_s is not None and (change := self.states.update_blindness(now)):
            self._note(change, self.states.newest.event)

    # -- runs ----------------------------------------------------------------------------

    def start(self, run_id: str, now: float) -> Run:
        """Make the next run, or the next attempt of one. Only when `due()` has come and the lane is not full."""
        head = self.pending.popleft()
        self.tries.attempts += 1
        if head.attempt == 1:
            self._count(now)
        self._seen = self.states.held
        if self.rule.only_if:
            self._took()
        # the event that a `for` began with may be about a state that has ended, while another lasts
        lasting = tuple(held.event for held in self._seen) if self.rule.for_s is not None else ()
        self.running = Run(
            head.id or run_id, self.rule, self.key, lasting[-1] if lasting else head.event, head.attempt, head.step,
            head.changed, head.said, head.quiet, lasting or self._held_state(head), head.manual,
            self._waited(head, now),
            self.rule.stateful and is_bad(head.event) and not any(self.states.bad),
        )  # fmt: skip
        return self.running

    def _held_state(self, head: Waiting) -> tuple[Event, ...]:
        """The state that conditions have held back: it must still last."""
        return (head.event,) if head.told and topic_of(head.event) and not head.manual else ()

    def _waited(self, head: Waiting, now: float) -> Waited | None:
        """Why this run did not begin with its event; None where it did, or is a retry, whose wait is a decision."""
        if head.attempt > 1:
            return None
        held: list[tuple[WaitKind, float]] = [("running", self._ended), ("pause", self._paused.until(self.rule.name))]
        if not head.manual:
            if self.rule.debounce or not head.merged:  # else it was due when its newest event came
                held.append(("debounce" if self.rule.debounce else "cooldown", head.due))
            held.append(("cooldown", self.cooldown_until if self.rule.cooldown_s else -inf))
            held.append(("only_if", now if head.told else -inf))
            held.append(("for", self.states.since + (-inf if self.rule.for_s is None else self.rule.for_s)))
        until = {why: at for why, at in held if at > head.first}
        return Waited(head.first, head.merged, tuple(until.items())) if until or head.merged else None

    def finish(self, result: Result, now: float, jitter: float) -> bool:
        """The running attempt has ended. True if the run failed for good."""
        run, self.running = self.running, None
        if run and result.unmet:
            self.tries.take_back(self._began, run.attempt)
            self.hold_again(run, result.unmet, now)
            return False
        self._ended = now
        # a run starts after the cooldown of the one before it, so there is none left to keep
        self.cooldown_until = now + self.rule.cooldown_s if result.counts else now
        self.tries.last_said = result.said or self.tries.last_said
        if run and result.kind == "retry" and self._goes_on(run, result, now, jitter):
            return False
        if run and not result.counts:
            self.tries.take_back(self._began, run.attempt)
        if result.kind in ("changed", "unchanged", "give_up") and not result.again:
            self.states.mark_handled(self._seen)
        if self.rule.repeat and self.states and not self.pending:
            newest = self.states.newest.event
            self.pending.append(Waiting(newest, now + self.rule.cooldown_s, now, self._is_quiet(newest)))
        return result.kind in ("retry", "give_up")

    def _count(self, now: float) -> None:
        self._began = now
        self.tries.begin(now, self.states.bad if self.rule.stateful else ())

    def _goes_on(self, run: Run, result: Result, now: float, jitter: float) -> bool:
        """Whether the run has not failed: it is tried again, a newer event took over, or its state has ended."""
        policy = self.rule.retry
        if run.rule != self.rule:
            self.pending.append(Waiting(run.event, now, now, run.quiet))  # its rule was changed: begin anew
            return True
        self._take_back()
        if run.attempt >= policy.attempts:
            return False
        if self.while_it_lasts and not self.states and not self._reports(result):
            self._note("dropped", run.event, "the state has ended", run=run.id)
            return True
        backoff_s = backoff(policy.first_s, policy.max_s, run.attempt - 1) * (1 - jitter)
        wait_s = backoff_s if result.after is None else result.after
        again = Waiting(
            run.event, now + wait_s, now, run.quiet, run.attempt + 1, run.id, result.step, result.changed,
            result.last_said, run.manual,
        )  # fmt: skip
        if self.pending and self.rule.mode != "queued":
            self._inherit(self.pending[0], again)
        else:
            self.pending.appendleft(again)
            self._note("retries", run.event, result.said, wait_s, run.id)
        return True

    def _reports(self, left: Waiting | Result) -> bool:
        """Whether only a step is left that reports what an earlier one has changed: that is so whatever has ended."""
        return left.changed and all(step.when_changed for step in self.rule.do[left.step :])
