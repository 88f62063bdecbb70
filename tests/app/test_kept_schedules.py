"""What was missed while gluehook did not run comes once, only where it is wanted, and never twice after a kill."""

from __future__ import annotations

import queue
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from hooks.journal.journal import Journal
from tests.parts.process import running as lives
from tests.parts.process.running import WAIT_S, Running

started = lives.started  # a fixture
YEARLY = "0 0 1 1 *"
TEXT = f"""version = 1
[[rule]]
name = "wanted"
on = {{ event = "timer.cron", at = "{YEARLY}", catch_up = true }}
do = {{ use = "play.act", target = "a", text = "${{event.at}} ${{event.late | default('on time')}}" }}
[[rule]]
name = "not-wanted"
on = {{ event = "timer.cron", at = " 0  0 1 JAN * " }}
do = {{ use = "play.act", target = "b", text = "${{event.at}}" }}
[[rule]]
name = "not-wanted-either"
on = {{ event = "timer.cron", at = "{YEARLY}" }}
do = {{ use = "play.act", target = "c", text = "${{event.at}}" }}
"""


def keep(folder: Path, value: object) -> object:
    """What the journal had kept; now it has this."""
    (folder / "state").mkdir(exist_ok=True)
    with closing(Journal(folder / "state")) as journal:
        before = journal.load("timer.cron")
        journal.save("timer.cron", value)
    return before


@pytest.mark.parametrize("end", ["a stop", "a kill before it was saved"])
def test_what_was_missed_is_caught_up_on_once(started: Callable[..., Running], tmp_path: Path, end: str) -> None:
    old = {YEARLY: 0.0, "0 0 1 jan *": 0.0, "@daily": 0.0}
    keep(tmp_path, old)
    first = started(text=TEXT)
    args, ctx = first.calls.get(timeout=WAIT_S)
    assert (args.target, args.text) == ("a", f"{YEARLY} start")
    assert ctx.event.data["due"].partition("T")[0].endswith("-01-01")
    first.hears("run_ended")  # before it is ready, or after
    first.stop()
    kept = keep(tmp_path, old)
    assert isinstance(kept, dict)
    assert kept[YEARLY] > 0
    assert set(kept) == {YEARLY, "0 0 1 jan *"}
    if end == "a stop":
        keep(tmp_path, kept)
    second = started(text=TEXT)
    second.hears("ready")
    second.stop()
    for life in (first, second):
        with pytest.raises(queue.Empty):
            life.calls.get_nowait()
