"""A lane: one rule for one key. One run at a time, in order, and every kind of waiting."""

from __future__ import annotations

from collections import deque
from math import inf

from hooks.events import Event, Topic, identity_of, topic_of
from hooks.runs import Held, Note, NoteKind, Result, Run, Waiting
from hooks.table import Rule

QUEUE_BOUND = 100  # a `queued` lane keeps this many; beyond it the oldest goes


class Lane:
    """What is running, what waits, and which states last. Times are the engine's seconds."""

    def __init__(self, rule: Rule, key: str, notes: list[Note]) -> None:
        self.rule, self.key, self._notes = rule, key, notes
        self.states: dict[Topic, Held] = {}
        self.pending: deque[Waiting] = deque()
        self.running: Run | None = None
        self.cooldown_until = -inf
        self.starts: deque[float] = deque()  # of the runs that count for the limit
        self.exhausted = False
        self.scheduled = inf  # the deadline that the engine has noted for it
        self.since = 0.0  # when the present states began, less the time that was blind
        self.blind_since: float | None = None
        self._covers: dict[Topic, Held] = {}  # the states that the running attempt has seen

    # -- when ----------------------------------------------------------------------------

    @property
    def asleep(self) -> bool:
        """Exhausted, and its state still lasts: nothing starts before that has ended."""
        return self.exhausted and self.rule.stateful and bool(self.states)

    @property
    def while_it_lasts(self) -> bool:
        """Whether a waiting run is for nothing once the lane's states are over."""
        return self.rule.for_s is not None or self.rule.escalates

    def due(self) -> float:
        """When the next run may start; `inf` if nothing waits or something must happen first."""
        if self.running or not self.pending or self.asleep or self.blind_since is not None:
            return inf
        head = self.pending[0]
        due = max(head.due, self.cooldown_until)
        limit = self.rule.limit
        if limit and self.exhausted and head.attempt == 1 and len(self.starts) >= limit.runs:
            due = max(due, self.starts[0] + limit.per_s)
        return due

    def blank(self, now: float) -> bool:
        """Whether nothing would be forgotten with it."""
        idle = not (self.running or self.pending or self.states or self.exhausted)
        limit = self.rule.limit
        fresh = limit is not None and bool(self.starts) and self.starts[-1] + limit.per_s > now
        return idle and not fresh and self.cooldown_until <= now

    # -- events --------------------------------------------------------------------------

    def take(self, event: Event, now: float) -> None:
        """An event of this lane has come."""
        topic = topic_of(event)
        began = not self.states
        if topic is not None:
            self._hold(topic, event, now)
        if self.rule.for_s is not None:
            self._wait_for(event, now, began)
        elif self.rule.mode == "single" and (self.running or (self.pending and self.pending[0].attempt > 1)):
            self.note("dropped", event, "the rule is running and its mode is single")
        elif self.rule.mode == "queued":
            self._enqueue(event, now)
        else:
            self._merge(event, now)

    def is_news(self, event: Event) -> bool:
        """Whether a state that a resync tells differs from what this lane last acted on."""
        topic = topic_of(event)
        held = self.states.get(topic) if topic else None
        if held is None or held.identity != identity_of(event) or event.time > held.event.time:
            return True
        return not (held.acted or self.running or self.pending)

    def end(self, topic: Topic, value: str | None) -> bool:
        """A topic has another value, or none. True if with it the last state of this lane is over."""
        held = self.states.get(topic)
        if held is None or held.value == value:
            return False
        del self.states[topic]
        if self.states:
            return False
        if self.pending and (self.while_it_lasts or (self.exhausted and self.rule.stateful)):
            self.note("dropped", self.pending[0].event, "the state has ended")
            self.pending.clear()
        self.blind_since = None
        return True

    def look_away(self, lost: set[str], now: float) -> None:
        """Sources were lost or found: time during which no state of a `for` lane can be seen does not count."""
        if self.rule.for_s is None or not self.states:
            return
        blind = all(held.event.source in lost for held in self.states.values())
        if blind and self.blind_since is None:
            self.blind_since = now
            self.note("blind", next(iter(self.states.values())).event, "what it waits on cannot be seen")
        elif not blind and self.blind_since is not None:
            missed, self.blind_since = now - self.blind_since, None
            self.since += missed
            for waiting in self.pending:
                waiting.due += missed
            self.note("sees", next(iter(self.states.values())).event)

    def _hold(self, topic: Topic, event: Event, now: float) -> None:
        if not self.states:
            self.since = now
        old = self.states.get(topic)
        identity = identity_of(event)
        same = old is not None and old.identity == identity and event.origin == "resync"
        self.states[topic] = Held(event, str(identity[0]), identity, acted=bool(same and old and old.acted))

    def _wait_for(self, event: Event, now: float, began: bool) -> None:
        if self.pending:
            self.pending[0].event = event
            return
        held = self.states.get(topic_of(event) or ("", ""))
        again = event.origin == "resync" and held is not None and not held.acted
        if began or (again and not self.running):
            due = max(now, self.since + (self.rule.for_s or 0.0))
            self.pending.append(Waiting(event, due, now))
            self.note("waits", event, wait_s=due - now)

    def _enqueue(self, event: Event, now: float) -> None:
        self.pending.append(Waiting(event, now, now, quiet=self._is_quiet(event)))
        if len(self.pending) > QUEUE_BOUND:
            # a retry at the head is the oldest, too: the bound holds whatever waits
            self.note("dropped", self.pending.popleft().event, f"more than {QUEUE_BOUND} wait")

    def _merge(self, event: Event, now: float) -> None:
        old = self.pending.popleft() if self.pending else None
        new = Waiting(event, now, now, quiet=self._is_quiet(event))
        if old is not None:
            new.changed, new.said = old.changed, old.said
            new.quiet = new.quiet and old.quiet
            if new.quiet != self._is_quiet(event) and topic_of(old.event) != topic_of(event):
                new.event = old.event  # a resync's reminder does not hide the live event it came upon
            if old.attempt > 1:
                self.note("superseded", event, f"a newer event replaces the retry of {old.id}")
            else:
                new.first = old.first
                self.note("merged", event)
        if self.rule.debounce:
            new.due = min(now + self.rule.debounce.wait_s, new.first + self.rule.debounce.max_s)
        self.pending.append(new)

    def _is_quiet(self, event: Event) -> bool:
        # a rule that has only a `for` has seen the state last: it may tell
        return event.origin == "resync" and self.rule.reconciles

    # -- runs ----------------------------------------------------------------------------

    def full(self, now: float) -> bool:
        """Whether one more run now would exceed the limit."""
        if self.rule.limit is None:
            return False
        while self.starts and self.starts[0] + self.rule.limit.per_s <= now:
            self.starts.popleft()
        return len(self.starts) >= self.rule.limit.runs

    def start(self, run_id: str, now: float) -> Run:
        """Make the next run, or the next attempt of one. Only when `due()` has come and the lane is not full."""
        head = self.pending.popleft()
        if head.attempt == 1 and self.rule.limit:
            self.starts.append(now)
        run = Run(
            head.id or run_id, self.rule, self.key, head.event, head.attempt, head.step, head.changed, head.said,
            head.quiet, tuple(held.event for held in self.states.values()) if self.rule.for_s is not None else (),
        )  # fmt: skip
        self.running, self._covers = run, dict(self.states)
        return run

    def finish(self, run: Run, result: Result, now: float, jitter: float) -> bool:
        """An attempt has ended. True if the run failed for good."""
        self.running = None
        if result.kind == "retry" and run.attempt < self.rule.retry.attempts and self._retry(run, result, now, jitter):
            return False
        if result.counts:
            self.cooldown_until = now + self.rule.cooldown_s
        elif self.rule.limit and self.starts:
            self.starts.pop()
        if result.kind in ("changed", "unchanged", "give_up"):
            for topic, held in self._covers.items():
                if self.states.get(topic) is held:
                    held.acted = True
        if self.rule.repeat and self.states and not self.pending:
            newest = max(self.states.values(), key=lambda held: held.event.time).event
            self.pending.append(Waiting(newest, now + self.rule.cooldown_s, now))
        return result.kind in ("retry", "give_up")

    def _retry(self, run: Run, result: Result, now: float, jitter: float) -> bool:
        if self.while_it_lasts and not self.states:
            return False
        if self.pending and self.rule.mode != "queued":
            # the newer event runs instead; what this run changed is not forgotten
            self.pending[0].changed |= result.changed
            self.pending[0].said = result.said if result.changed else self.pending[0].said
            self.note("superseded", self.pending[0].event, f"a newer event replaces the retry of {run.id}")
        else:
            policy = self.rule.retry
            wait = min(policy.max_s, policy.first_s * 2.0 ** (run.attempt - 1)) * (1 - jitter)
            wait = wait if result.after is None else result.after
            self.pending.appendleft(
                Waiting(
                    run.event, now + wait, now, run.quiet, run.attempt + 1, run.id, result.step, result.changed,
                    result.said,
                )
            )  # fmt: skip
            self.note("retries", run.event, result.said, wait, run.id)
        return True

    def note(self, kind: NoteKind, event: Event, why: str = "", wait_s: float | None = None, run: str = "") -> None:
        """Tell what was decided."""
        self._notes.append(Note(kind, self.rule.name, self.key, event, why, wait_s, run))
