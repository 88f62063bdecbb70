"""The steps of a run as its row holds them: short lists, as there are more of them than of anything else.

`["containers.restart", "c", "web was restarted", 0.01, 3.2, ["web is exited"], {"number": 2}]`: use, status, said, when
it began (seconds after the run), how long it took, what it saw, and what else there is. What is empty at the end is
left out. Rows of earlier builds hold `{"use", "status", "said"}`. For programs a step is an object, and its `at` counts
from the Unix epoch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_STATUS = {"changed": "c", "unchanged": "u", "skipped": "s"}
_WORD = {letter: word for word, letter in _STATUS.items()}
_NAMES = ("use", "status", "said", "at", "took_s", "saw")
END = (
    "update runs set outcome = ?, ended = ?, counts = iif(?, max(counts, 1), 0), said = coalesce(nullif(?,"
    " (select group_concat(coalesce(json_extract(value, '$[2]'), json_extract(value, '$.said')), '; ')"
    " from json_each(steps))), '') where id = ?"
)
"""SQL that ends a run. What its steps have said stands there already, and is not written again."""
ADD = "json_replace(json_insert(steps, '$[#]', json(?)), '$[#-1][3]', round(? - began, 2))"
"""SQL for the steps and one more; `row` gives its values."""


def row(done: Mapping[str, Any]) -> tuple[str, float | None]:
    """The values of `ADD` for a step that is done."""
    status, took_s = str(done.get("status") or ""), done.get("took_s")
    kept = [done.get("use"), _STATUS.get(status, status), done.get("said"), 0, _short(took_s), done.get("saw")]
    kept.append({name: value for name, value in done.items() if name not in _NAMES})
    while kept and not kept[-1] and len(kept) > len(("use", "status", "said", "at")):
        kept.pop()
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")), done.get("at")


def steps_of(text: str, began: float) -> list[dict[str, Any]]:
    """The steps of a row, as objects; `began` is when the run began. What is not known is left out."""
    return [step if isinstance(step, dict) else _named(step, began) for step in json.loads(text)]


def what_it_said(of_its_own: str, steps: list[dict[str, Any]]) -> str:
    """The sentence of a run: what it ended with, else what its steps said."""
    return of_its_own or "; ".join(str(step.get("said") or "") for step in steps)


def _named(step: list[Any], began: float) -> dict[str, Any]:
    use, letter, said, after_s, *rest = step
    took_s, saw, more = (*rest, None, None, None)[:3]
    timed = {} if after_s is None else {"at": round(began + after_s, 3), "took_s": took_s or 0.0}
    plain = {
        name: value for name, value in (("use", use), ("status", _WORD.get(letter, letter)), ("said", said)) if value
    }
    return plain | timed | ({"saw": saw} if saw else {}) | (more or {})


def _short(seconds: float | None) -> float | None:
    """With milliseconds below a second, with tenths above."""
    return None if seconds is None else round(seconds, 3 if seconds < 1 else 1)
