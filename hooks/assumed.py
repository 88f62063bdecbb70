"""How attempts are assumed to end where nothing is really done: in a replay, and in a `[[test]]`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hooks import durations
from hooks.runs import ResultKind

KINDS: Mapping[str, ResultKind] = {
    "changed": "changed", "unchanged": "unchanged", "skipped": "skipped", "fail": "retry", "give_up": "give_up",
}  # fmt: skip
WORDS = {kind: word for word, kind in KINDS.items()}
_HINT = f"write {', '.join(KINDS)}, a duration such as 20s, or both: fail,20s"


class Assumed(NamedTuple):
    """How an attempt ends, and after how many seconds."""

    kind: ResultKind = "changed"
    takes_s: float = 0.0


Assumptions = Mapping[str, Sequence[Assumed]]
"""By rule, or by handler ("notify.send") for its own steps. The first attempt takes the first, the last one stays."""


def assumed(text: str) -> Assumed:
    """What "fail", "20s" or "fail,20s" assumes. Raises ValueError: "what is wrong; what to write"."""
    kind, takes_s = Assumed()
    for word in (part.strip() for part in text.split(",")):
        if word in KINDS:
            kind = KINDS[word]
        elif word[:1].isdecimal():
            takes_s = durations.parse(word)
        else:
            raise ValueError(f"{word[:40]!r} is no way for an attempt to end; {_HINT}")
    return Assumed(kind, takes_s)
