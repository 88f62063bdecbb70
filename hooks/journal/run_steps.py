"""The steps of a run as its row holds them: lists without names, as there are as many of them as events.

`["containers.restart", "changed", "web was restarted", 0.012, 3.204, {"saw": […]}]`: use, status, said, when it began
(seconds after the run), how long it took, and what else there is. Rows of earlier builds hold `{"use", "status",
"said"}`. For programs a step is an object with the names of `NAMES`, and `at` counts from the Unix epoch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

NAMES = ("use", "status", "said", "at", "took_s")
END = (
    "update runs set outcome = ?, ended = ?, counts = iif(?, max(counts, 1), 0), said = coalesce(nullif(?,"
    " (select group_concat(coalesce(json_extract(value, '$[2]'), json_extract(value, '$.said')), '; ')"
    " from json_each(steps))), '') where id = ?"
)
"""SQL that ends a run. What its steps have said stands there already, and is not written again."""
ADD = "json_insert(steps, '$[#]', json_array(?, ?, ?, round(? - began, 3), ?, json(?)))"
"""SQL for the steps and one more; `row` gives its values."""


def row(done: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of `ADD` for a step that is done."""
    more = {name: value for name, value in done.items() if name not in NAMES}
    kept = (done.get("use"), done.get("status"), done.get("said"), done.get("at"), done.get("took_s"))
    return *kept, json.dumps(more, ensure_ascii=False) if more else None


def steps_of(text: str, began: float) -> list[dict[str, Any]]:
    """The steps of a row, as objects; `began` is when the run began. What is not known is left out."""
    return [step if isinstance(step, dict) else _named(step, began) for step in json.loads(text)]


def what_it_said(of_its_own: str, steps: list[dict[str, Any]]) -> str:
    """The sentence of a run: what it ended with, else what its steps said."""
    return of_its_own or "; ".join(str(step.get("said") or "") for step in steps)


def _named(step: list[Any], began: float) -> dict[str, Any]:
    use, status, said, after_s, took_s, more = step
    at = None if after_s is None else round(began + after_s, 3)
    named = dict(zip(NAMES, (use, status, said, at, took_s), strict=True))
    return {name: value for name, value in named.items() if value is not None} | (more or {})
