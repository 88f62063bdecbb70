"""What a trace keeps of one step while it is carried out: when, how long, what it saw, what it was given.

The handler adds what it read through `Context.saw`; the executor writes `record` into the journal with the step's end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hooks.config.secrets import CUT, on_one_line

MOST_SAW = 20  # notes of one step; later ones are left out
LINE_CHARS = 300
_NO_WAIT_S = 0.001  # the locks were free


@dataclass(slots=True)
class StepTrace:
    """`number` counts the steps of the rule from 1, `at` is seconds since the Unix epoch, `began` is on the clock."""

    use: str
    number: int
    attempt: int
    at: float
    began: float
    told: bool = False  # the number must be kept: it is not that of the row
    waited_s: float = 0.0  # for target locks
    noted: list[object] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)  # the values of `${state.…}` that it was given

    def saw(self, said: str) -> None:
        """Note what the handler read. Any thread may call it; it raises nothing."""
        if len(self.noted) < MOST_SAW:
            self.noted.append(said)

    def gave(self, path: str, state: Mapping[str, Any]) -> None:
        """Note that `${state.path}` was filled in from this state."""
        name = path.partition(".")[0]
        self.state[name] = state.get(name)

    def record(self, status: str, said: str, now: float, mask: Callable[[str], str]) -> dict[str, Any]:
        """As the journal keeps it: use, status, said, at, took_s, and where there is one saw, state, waited_s."""
        took_s = max(0.0, now - self.began - self.waited_s)
        more = {
            "number": self.number if self.told else 0, "attempt": self.attempt if self.attempt > 1 else 0,
            "waited_s": round(self.waited_s, 3) if self.waited_s > _NO_WAIT_S else 0,
            "saw": [_line(mask(str(said))) for said in tuple(self.noted)], "state": self.state,
        }  # fmt: skip
        done = {"use": self.use, "status": status, "said": said, "at": self.at, "took_s": round(took_s, 3)}
        return done | {name: value for name, value in more.items() if value}


def _line(text: str) -> str:
    """On one line, at most `LINE_CHARS` long; no word is cut in half."""
    line = on_one_line(text)
    return line if len(line) <= LINE_CHARS else (line[:LINE_CHARS].rpartition(" ")[0] or line[:LINE_CHARS]) + CUT
