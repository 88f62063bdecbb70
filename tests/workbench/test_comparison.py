"""Two rules files on the same recording: only what they decide differently is reported."""

from __future__ import annotations

import io
from typing import Any

from hooks.rules.table import Table
from hooks.workbench.comparison import differences
from hooks.workbench.recording import Recording
from hooks.workbench.replay import Replay
from tests.parts.values.recorded import BEGAN_NS, S, docker
from tests.parts.values.replayed import SHIPPED, brief, random_lines, web


def differing(first: Table, second: Table, *lines: bytes, end_s: float = 0.0) -> tuple[list[Any], list[Any]]:
    """The runs that only the first, and only the second decided."""
    recording, found = Recording("r", io.BytesIO(b"".join(lines))), ([], [])
    end = lambda: max(recording.last, BEGAN_NS + round(end_s * S))  # noqa: E731
    for one in differences(Replay(first), Replay(second), recording, end):
        for place in (0, 1):
            found[place].extend(brief(one[place]))
    return found


def test_rules_that_decide_the_same_do_not_differ() -> None:
    lines = random_lines(7)
    assert differing(SHIPPED, SHIPPED, *lines, end_s=9000) == ([], [])
    sooner = web('debounce = "10s"'), web('debounce = { wait = "10s", max = "1m" }')
    assert differing(*sooner, docker(0, "die", "web"), docker(3, "die", "web"), end_s=60) == ([], [])


def test_what_one_of_two_decides_is_told() -> None:
    lines = [docker(0, "die", "web"), docker(30, "die", "web")]
    first, second = differing(web('cooldown = "1m"'), web('cooldown = "10s"'), *lines, end_s=59)
    assert first == [(59, "left", "web")]
    assert second == [(30, "runs", "web")]


def test_other_arguments_are_another_decision() -> None:
    other = web(do='{ use = "containers.start", container = "web" }')
    first, second = differing(web(), other, docker(0, "die", "web"))
    assert first == second == [(0, "runs", "web")]
