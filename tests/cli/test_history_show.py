"""`gluehook history show`: a run told to a person, with and without colours, and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.parts.places import TOP
from tests.parts.process.gluehook import Gluehook
from tests.parts.values import night

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
