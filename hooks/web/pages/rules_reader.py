"""Reads the rules page: the text in force from the journal, its tests by a child, and each rule's last runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hooks.journal import trace_rows
from hooks.journal.trace_rows import RulesThen
from hooks.web.background import Background
from hooks.web.children import ChildError, Children
from hooks.web.pages.rule_file import LAST_RUNS, RuleFile, rule_file
from hooks.web.pages.runs import RunRow, run_row
from hooks.web.views import Views

_TESTS_S = 86_400.0  # how long the results of a text's tests are shown: they change with it alone
_WITHIN_S = 60.0  # for the tests of a file
_LATEST = 300  # runs that are looked through for those of each rule
_NO_TEXT = "the text of the rules in force is not in the journal: gluehook writes it at its start and at each change"


class Tested(NamedTuple):
    """The results of the tests of one text, or why there are none."""

    fingerprint: str
    results: Sequence[Mapping[str, Any]] | None
    why: str = ""


class RulesReader:
    """Reads what the rules page shows. Thread-safe."""

    def __init__(self, views: Views, children: Children) -> None:
        self._views, self._children = views, children
        self._tests: Background[Tested] = Background("tests", self._test, _TESTS_S)

    @property
    def is_reading(self) -> bool:
        """Whether the tests run now."""
        return self._tests.is_reading

    def in_force(self) -> tuple[RulesThen | None, str]:
        """The rules that are in force, as they are; or None, and why."""
        found = self._views.read(lambda store: trace_rows.rules_at(store, self._views.now()))
        known = found.value if found.value and found.value.text else None
        return known, "" if known else found.why or _NO_TEXT

    def page(self) -> RuleFile:
        """The page."""
        shown, snapshot = self._views.rules_text(), self._views.snapshot()
        text = shown.value or {"file": "", "fingerprint": "", "text": ""}
        rules = (snapshot.value or {}).get("rules") or []
        tested = self._tested(text["fingerprint"]) if text["text"] else None
        problem = "" if text["text"] else shown.why or _NO_TEXT
        return rule_file(
            text["text"], rules, self._runs(), tested.results if tested else None, file=text["file"],
            fingerprint=text["fingerprint"], problem=problem or (tested.why if tested else "") or snapshot.why,
        )  # fmt: skip

    def _tested(self, fingerprint: str) -> Tested | None:
        tested = self._tests.latest()
        if tested is not None and tested.fingerprint != fingerprint:
            tested = self._tests.latest(0.0)
        return tested if tested and tested.fingerprint == fingerprint else None

    def _test(self) -> Tested:
        rules, why = self.in_force()
        if rules is None:
            return Tested("", None, why)
        try:
            with self._children.run("test", "--json", "{0}", within_s=_WITHIN_S, files=[rules.text]) as child:
                results = [one for one in child.records() if "test" in one]
                child.end()
        except ChildError as error:
            return Tested(rules.fingerprint, None, f"the tests of the file have no result: {error}")
        return Tested(rules.fingerprint, results)

    def _runs(self) -> dict[str, list[RunRow]]:
        found: dict[str, list[RunRow]] = {}
        now = self._views.now()
        for record in (self._views.runs(limit=_LATEST).value or {"runs": []})["runs"]:
            rows = found.setdefault(str(record["rule"]), [])
            if len(rows) < LAST_RUNS:
                rows.append(run_row(record, now))
        return found
