"""Random stories with outages, kills and clocks that jump; when the faults stop, what is desired is what is.

A failing story prints its seed; `SEED=… pytest tests/whole/test_faults_oracle.py` begins with it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hooks.journal.journal import Journal
from hooks.journal.store import Store
from hooks.runtime.dispatcher import Dispatcher
from tests.parts.process.faults import Story, play, ram_folder

SEED = int(os.environ.get("SEED") or 2026)  # the same worlds each time; `make chaos` looks for others
STORIES = 60  # in each of the parts


@pytest.mark.parametrize("part", range(3))
def test_when_the_faults_stop_what_is_desired_is_what_is(part: int) -> None:
    print(f"SEED={SEED + part * STORIES}")
    told: list[Story] = []
    for number in range(STORIES):
        with ram_folder() as folder:
            told.append(play(SEED + part * STORIES + number, folder))
    # the stories are about something
    assert sum(story.lives for story in told) > 2 * STORIES
    assert sum(len(story.ooms) for story in told) > STORIES
    assert sum(story.jumped for story in told) > STORIES // 10


def test_the_oracle_sees_a_journal_that_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "accept", lambda *_: None)
    assert any(fails(seed) for seed in range(60))


def test_the_oracle_sees_a_life_that_does_not_resume(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dispatcher, "resume", lambda _: None)
    assert any(fails(seed) for seed in range(60))


def test_the_oracle_sees_a_journal_that_is_believed_though_it_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    never = property(lambda _: False, lambda *_: None)
    monkeypatch.setattr(Journal, "was_behind", never, raising=False)
    assert any(fails(seed) for seed in range(170, 500))


def fails(seed: int) -> bool:
    with ram_folder() as folder:
        try:
            play(seed, Path(folder))
        except AssertionError:
            return True
    return False
