"""Keeps in the journal when each schedule of `timer.cron` was last due, so that a start knows what was missed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hooks.events.catalogue import Event
from hooks.journal.journal import Journal
from hooks.rules.subscriptions import Subscriptions
from hooks.sources.timer import TimerSource

_NAME = "timer.cron"


class KeptSchedules:
    """What the process before has kept, and what this one keeps. One thread at a time may call it."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self._kept = journal, journal.load(_NAME)

    def timer(self, post: Callable[[Event], None], subscriptions: Subscriptions) -> TimerSource:
        """The timer source for these subscriptions; it goes on where the process before ended."""
        return TimerSource(post, subscriptions.timers, subscriptions.schedules, kept=self._kept)

    def follow(self, timer: TimerSource, subscriptions: Subscriptions) -> None:
        """Let the timer source follow these from now on. After a start without rules, what was missed comes now."""
        timer.set(subscriptions.timers, subscriptions.schedules)
        timer.catch_up(subscriptions.catch_up)

    def save(self, done: Mapping[str, float]) -> None:
        """Keep this for the next process, where it is anything new."""
        if done != (self._kept or {}):
            self._journal.save(_NAME, dict(done) or None)
            self._kept = done
