"""What waits in a lane: the newest event, or all of them, merged, queued, dropped, or held back by conditions.

`Lane` adds when it is due and what runs. A run that is due and whose conditions (`only_if`) do not hold is held back: a
state waits for as long as it lasts, a happening is dropped. A state that a happening was merged into comes back
when that is dropped: no state is lost to an event that does not last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Set as AbstractSet
from math import inf

from hooks.engine.runs import Note, NoteKind, Run, Unmet, Waiting
from hooks.engine.states import States
from hooks.events.catalogue import Event, Topic, identity_of, topic_of
from hooks.rules.table import Rule
from hooks.rules.verdicts import Verdict, depends_on_event

QUEUE_BOUND = 100  # a `queued` lane keeps this many; beyond it the oldest goes
REFUSED_S = 5.0  # a fresh reading that contradicts the facts counts for so long


class PendingEvents:
    """The events of one rule and key that no run has taken yet, and the states that last. Times are engine seconds."""

    def __init__(self, rule: Rule, key: str, notes: list[Note], lost: AbstractSet[str]) -> None:
        self.rule, self.key = rule, key
        self.states = States(lost, as_one=rule.for_s is not None)
        self.pending: deque[Waiting] = deque()
        self.running: Run | None = None
        # of a rule with `only_if`: the topics whose states no run has taken, and those that the last run took
        self._untaken: dict[Topic, None] = {}
        self._taken: dict[Topic, None] = {}
        self._notes = notes

    def drop(self, why: str) -> None:
        """What waits will not run."""
        if self.pending:
            self._note("dropped", self.pending[0].event, why)
        self.pending.clear()

    # -- conditions ----------------------------------------------------------------------

    @property
    def next_event(self) -> Event:
        """What the next run is about. Only if something waits."""
        return self.pending[0].event if self.rule.for_s is None or not self.states else self.states.newest.event

    def may_start(self, unmet: Unmet | None, now: float) -> bool:
        """Whether the run that is due may start; `unmet` is what its conditions lack. Else it waits or is dropped."""
        head = self.pending[0]
        if unmet is None and (head.unmet is None or head.unmet.unsure or self._lasts(head)):
            head.unmet = None
            return True
        if unmet is not None and (self._lasts(head) or (unmet.unsure and topic_of(head.event) is None)):
            self._hold_back(head, unmet, now)
        else:
            was = "the state has ended" if topic_of(head.event) else ""
            was_told = head.unmet is not None and not head.unmet.unsure
            failed = unmet.verdict.sentence if unmet and not was_told else ""
            self._drop_head("; ".join(filter(None, (was, failed))), now)
        return False

    def judge_again(self) -> None:
        """Something has changed that the conditions of what waits may depend on."""
        if self.pending and (unmet := self.pending[0].unmet):
            self.pending[0].unmet = unmet._replace(until=-inf)

    def hold_again(self, run: Run, verdict: Verdict, now: float) -> None:
        """The run has not begun after all: by a fresh reading its conditions do not hold."""
        since, merged = (run.waited.since, run.waited.merged) if run.waited else (now, 0)
        again = Waiting(run.event, now, since, run.quiet, merged=merged, told=verdict.of)
        again.refused = Unmet(verdict, now + REFUSED_S)
        self._take_back()
        if self.pending and self.rule.mode != "queued":
            self._inherit(self.pending[0], again)
        else:
            self.pending.appendleft(again)

    def _hold_back(self, head: Waiting, unmet: Unmet, now: float) -> None:
        head.unmet = unmet
        if unmet.unsure:
            return
        if head.told != unmet.verdict.of:  # else the owner has been told
            wait_s = None if unmet.may_hold_at is None else unmet.may_hold_at - now
            self._note("waits", head.event, unmet.verdict.sentence, wait_s)
        head.told = unmet.verdict.of

    def _drop_head(self, why: str, now: float) -> None:
        head = self.pending.popleft()
        self._note("dropped", head.event, why)
        state = self._untaken_state(head.event) if self.rule.mode != "queued" and not self.pending else None
        if state:
            self._note("accepted", state)  # anew: the journal has settled it with what it was merged into
            self.pending.append(Waiting(state, now, now, self._is_quiet(state), told=head.told))

    def _untaken_state(self, besides: Event) -> Event | None:
        for topic in reversed(self._untaken):
            held = self.states.of(topic)
            if held and not held.handled and held.event is not besides:
                return held.event
        return None

    def _lasts(self, head: Waiting) -> bool:
        """Whether the head is about a state, and that lasts."""
        if self.rule.for_s is not None:
            return bool(self.states)
        held = self.states.of(topic_of(head.event))
        return held is not None and identity_of(held.event) == identity_of(head.event)

    def _drops_at_once(self, event: Event, now: float) -> Unmet | None:
        """The conditions that a happening lacks, if they are the very ones that a state waits for."""
        head = self.pending[0] if self.pending else None
        if head is None or head.unmet is None or now >= head.unmet.until or self.rule.mode == "queued":
            return None
        alike = topic_of(event) is None and not (head.unmet.unsure or depends_on_event(self.rule.only_if))
        return head.unmet if alike else None

    def _took(self) -> None:
        """A run takes what waits."""
        self._taken, self._untaken = self._untaken, {}

    def _take_back(self) -> None:
        """What the last run has taken has not been done."""
        self._untaken = {**self._taken, **self._untaken}

    # -- events --------------------------------------------------------------------------

    def _wait_for(self, event: Event, now: float, began: bool) -> None:
        if self.pending:
            self.pending[0].quiet &= self._is_quiet(event)
        elif began or (event.origin == "resync" and not self.running and not self.states.any_handled):
            self.pending.append(Waiting(event, now, now, self._is_quiet(event)))
            self._note("waits", event, wait_s=max(self.states.since + (self.rule.for_s or 0.0) - now, 0.0))

    def _enqueue(self, event: Event, now: float) -> None:
        self.pending.append(Waiting(event, now, now, self._is_quiet(event)))
        while len(self.pending) > QUEUE_BOUND:
            # a retry at the head is the oldest, too: the bound holds whatever waits
            self._note("dropped", self.pending.popleft().event, f"more than {QUEUE_BOUND} wait")

    def _merge(self, event: Event, now: float) -> None:
        new = Waiting(event, now, now, self._is_quiet(event))
        if self.rule.only_if and (topic := topic_of(event)) is not None:
            self._untaken.pop(topic, None)
            self._untaken[topic] = None  # the newest at the end
        if self.pending:
            self._inherit(new, self.pending.popleft())
        if self.rule.debounce:
            new.due = min(now + self.rule.debounce.wait_s, new.first + self.rule.debounce.max_s)
        self.pending.append(new)

    def _inherit(self, new: Waiting, old: Waiting) -> None:
        new.changed, new.said = new.changed or old.changed, new.said or old.said
        new.manual |= old.manual
        new.told, new.refused = new.told or old.told, new.refused or old.refused
        if old.attempt > 1:
            self._note("superseded", new.event, f"a newer event replaces the retry of {old.id}")
        else:
            new.first, new.merged = old.first, new.merged + old.merged + 1
            self._note("merged", new.event)
        if new.quiet and not old.quiet and topic_of(old.event) != topic_of(new.event):
            new.event = old.event  # a resync's reminder does not hide the live event it came upon
        new.quiet &= old.quiet

    def _is_quiet(self, event: Event) -> bool:
        # a rule that has only a `for` has waited for the state to last: its step may send or run something
        return event.origin == "resync" and self.rule.reconciles

    def _note(self, kind: NoteKind, event: Event, why: str = "", wait_s: float | None = None, run: str = "",
              *, alone: bool = False) -> None:  # fmt: skip
        alone = alone or self.rule.mode != "latest"
        self._notes.append(Note(kind, self.rule.name, self.key, event, why, wait_s, run, alone))
