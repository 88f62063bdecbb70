"""`gluehook history show`: a run told to a person, with and without colours, and as JSON."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hooks.cli.unfinished import standing
from hooks.control.server import FILE_NAME as CONTROL_FILE
from hooks.control.server import Refused, Request, Response, Server
from hooks.engine.runs import Run
from hooks.events.wall_clock import local_time
from hooks.journal.journal import FILE_NAME
from hooks.journal.store import Store
from hooks.rules.table import Rule
from hooks.trace.model import TracedRun
from tests.parts.places import TOP
from tests.parts.process.gluehook import Gluehook
from tests.parts.values import night
from tests.parts.values.journaled import die

STORY = TOP / "tests/samples/traces/escalation.txt"


@pytest.fixture
def after_the_night(here: Gluehook) -> Gluehook:
    here.state.mkdir()
    night.live_through(here.state)
    return here


def test_an_escalation_is_told_from_its_event_to_what_followed(after_the_night: Gluehook) -> None:
    """Written anew by: .venv/bin/python -m tests.trace.test_trace."""
    said = after_the_night.call("history", "show", night.RUN, TZ="UTC")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == STORY.read_text()
    assert said.stdout in (TOP / "docs/troubleshooting.md").read_text()


def test_json_is_the_whole_trace(after_the_night: Gluehook) -> None:
    said = after_the_night.call("history", "show", night.RUN, "--json")
    sample = json.loads(STORY.with_suffix(".json").read_text())
    assert json.loads(said.stdout) == sample


def test_an_unknown_run_is_answered_with_the_nearest_and_a_folder_without_journal_by_name(
    after_the_night: Gluehook, tmp_path: Path
) -> None:
    said = after_the_night.call("history", "show", "heal-vpn-harder/gluetum#4")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith("there is no run 'heal-vpn-harder/gluetum#4' (did you mean 'heal-vpn-harder/gluetun")
    nowhere = after_the_night.call("history", "show", night.RUN, GLUEHOOK_STATE=str(tmp_path / "none"))
    assert (nowhere.returncode, nowhere.stderr) == (1, f"there is no journal {tmp_path / 'none'}/journal.db\n")


def test_a_run_that_is_not_over_says_where_it_stands(here: Gluehook) -> None:
    here.state.mkdir()
    event = die(1)
    with closing(Store(here.state / FILE_NAME)) as store:
        store.accept(event, [("restart-web", "web")])
        store.begin(Run("restart-web/web#1", Rule("restart-web", (), ()), "web", event), 1.8e9)
    first, second, *_ = here.call("history", "show", "restart-web/web#1").stdout.splitlines()
    assert first == "restart-web/web#1  not over"
    assert second == "  no gluehook runs on this state folder: it goes on at the next start"


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"running": [{"run": "restart-web/web#1"}], "waits": []}, "it runs now"),
        ({"waits": [{"rule": "restart-web", "key": "web", "why": "retry", "until": 1.8e9}]},
         f"its next attempt begins at {local_time(1.8e9)}"),
        ({"waits": [{"rule": "restart-web", "key": "other", "why": "retry", "until": 1.8e9}]},
         "it is about to begin, to go on or to end"),
        (None, "the gluehook that runs does not say where it stands (it is too busy)"),
    ],
)  # fmt: skip
def test_the_gluehook_that_runs_is_asked_about_a_run_that_is_not_over(
    tmp_path: Path, known: dict[str, Any] | None, expected: str
) -> None:
    def snapshot(_: Request) -> Response:
        if known is None:
            raise Refused("it is too busy")
        yield known
        yield {"done": "that is all"}

    server = Server(tmp_path / CONTROL_FILE, {"snapshot": snapshot})
    server.start()
    try:
        run = TracedRun("restart-web/web#1", "restart-web", "web", 1.0, None, None, 1, None, "")
        assert standing(tmp_path, run) == expected
    finally:
        server.stop()
