"""Reads what the pages show: from the runner and the journal at once, and beside the requests what takes long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hooks.control.client import NotRunning
from hooks.control.server import Refused
from hooks.journal.pages import CursorError
from hooks.web import trying
from hooks.web.answer import Answer
from hooks.web.background import Background
from hooks.web.children import Children
from hooks.web.pages.day import Line
from hooks.web.pages.day_reader import DayReader
from hooks.web.pages.findings import diagnosis
from hooks.web.pages.overview import Overview, overview
from hooks.web.pages.peers import Peers, peers
from hooks.web.pages.rules_reader import RulesReader
from hooks.web.pages.runs import PAGE, RunRow, RunsPage, asked, run_row, runs_page
from hooks.web.pages.traces import EventView, TraceView, event_view, trace_view
from hooks.web.pages.trials import Trial, replayed
from hooks.web.pages.words import cut
from hooks.web.views import Views

_EXAMINED_S = 5.0  # how old the doctor's findings may be for one who asks for new ones
_DAY_S = 3.0  # the same for the time line
_PEERS_S = 20.0  # and for the peers
_LATEST = 8  # runs on the overview
_PICK = 12  # events that can be picked
_AGAIN_S = 2  # a page that waits for something is fetched again then


class PageReader:
    """What each page shows. Thread-safe."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._doctor = views.findings
        children = Children({"GLUEHOOK_STATE": str(views.state)})
        self.rules, self._children = RulesReader(views, children), children
        self._day: Background[Line] = Background("day", DayReader(views).read, _DAY_S)
        self._peers: Background[Peers] = Background("peers", self._read_peers, _PEERS_S)

    def overview(self, *, examine: bool = False) -> Overview:
        """The overview; `examine` has the doctor look again."""
        snapshot = self._views.snapshot()
        doctor = self._doctor.latest(_EXAMINED_S if examine else None) or Answer(None, 0.0)
        answer = None if doctor.value is None else {"at": doctor.at, **doctor.value}
        return overview(
            self._views.health(), snapshot.value, snapshot.why, diagnosis=diagnosis(answer, doctor.why),
            findings=answer["findings"] if answer else (), line=self._day.latest(), latest=self._latest(),
        )  # fmt: skip

    @property
    def again_s(self) -> int:
        """After how many seconds the overview shows more than now; 0 if all of it is there."""
        return _AGAIN_S if self._doctor.is_reading or not self._day.is_known else 0

    @property
    def rules_again_s(self) -> int:
        """The same for the rules page."""
        return _AGAIN_S if self.rules.is_reading else 0

    def runs(self, query: Mapping[str, str]) -> RunsPage:
        """One page of the list of runs."""
        which = asked(query)
        now, problem = self._views.now(), ""
        since = now - which.since_s if which.since_s else 0.0

        try:
            found = self._views.runs(
                before=which.before, limit=PAGE, rule=which.rule, outcome=which.outcome, since=since
            )
        except CursorError as wrong:
            found, problem = Answer(None, now), str(wrong)
        page = found.value or {"runs": [], "next": ""}
        problem = found.why or problem
        return runs_page(page["runs"], which, self._rules(), now, older=page["next"], problem=problem)

    def trace(self, run: str) -> TraceView:
        """The trace of a run. Raises trace.NoSuchRun; LookupError, with the reason, where no journal can be read."""
        found = self._views.trace(run)
        if found.value is None:
            raise LookupError(found.why)
        return trace_view(found.value, self._views.now())

    def trial(self, words: str) -> Trial:
        """The page to try something, with the answer to the event of these words."""
        answer = trying.explain(self._views, words) if words.strip() else None
        return Trial(words=cut(words, trying.LONGEST_EVENT), events=self._events(), explained=answer)

    def replay(self, rules_text: str, *, compare: bool) -> Trial:
        """The same page, with what these rules would have decided in the last 24 h."""
        in_force, why = self.rules.in_force() if compare else (None, "")
        if compare and in_force is None:
            done = replayed((), problem=f"there is nothing to compare with: {why}")
        else:
            done = trying.replay(self._children, rules_text, in_force.text if in_force else "")
        text = cut(rules_text, trying.LONGEST_RULES)
        return Trial(events=self._events(), rules_text=text, replayed=done, compared=compare)

    def peers(self) -> tuple[Peers, int]:
        """WireGuard's peers, and after how many seconds the page shows more."""
        found = self._peers.latest()
        return found or Peers(), 0 if found else _AGAIN_S

    def _read_peers(self) -> Peers:
        try:
            items, said = self._views.runner.ask("peers")
        except (NotRunning, Refused) as why:
            return Peers(problem=str(why))
        return peers(items, said, self._views.now())

    def _events(self) -> tuple[EventView, ...]:
        found = self._views.events(limit=_PICK).value or {"events": []}
        return tuple(event for one in found["events"] if (event := event_view(one)))

    def _rules(self) -> list[str]:
        rules: list[Mapping[str, Any]] = (self._views.snapshot().value or {}).get("rules") or []
        return [str(rule.get("name")) for rule in rules]

    def _latest(self) -> list[RunRow] | None:
        found = self._views.runs(limit=_LATEST)
        return None if found.value is None else [run_row(one, self._views.now()) for one in found.value["runs"]]
