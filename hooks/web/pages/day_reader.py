"""Reads the time line from the journal: everything once, and then what is new."""

from __future__ import annotations

from collections.abc import Mapping

from hooks.events.catalogue import Event
from hooks.journal import day as rows
from hooks.journal.store import Store
from hooks.web.answer import Answer
from hooks.web.pages.day import BIN_MINUTES, MINUTES, WANTED, Day, Line, line
from hooks.web.pages.words import number
from hooks.web.views import Views

_BEFORE_S = 86_400.0  # how much longer ago an event may be that says how the day began


class DayReader:
    """The time line of `views`. One thread at a time may read."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._day, self._seq = Day(), 0

    def read(self) -> Line:
        """The time line as it is now; as it was last where the journal cannot be read."""
        now = self._views.now()
        read: Answer = self._views.read(lambda store: self._take(store, now))
        self._day.forget(now - MINUTES * 60)
        return line(self._day, now, is_read=read.value is not None)

    def _take(self, store: Store, now: float) -> bool:
        begin = now - MINUTES * 60
        for seq, event in rows.events_after(store, self._seq, begin - _BEFORE_S, WANTED):
            self._seq = seq
            if event:
                self._note(event)
        counted = rows.counts(store, begin, BIN_MINUTES * 60)
        self._day.counts = {one.part: [one.runs, one.failed] for one in counted}
        self._day.gaps = [gap for one in store.get(rows.GAPS) or () if (gap := _gap(one))]
        return True

    def _note(self, event: Event) -> None:
        data: Mapping[str, object] = event.data
        self._day.event(event.type, event.time / 1e9, {"container": event.subject, **data})


def _gap(one: object) -> tuple[float, float] | None:
    if not isinstance(one, list) or len(one) != 2:
        return None
    since, until = map(number, one)
    return (since, until) if 0 < since < until else None
