"""The wall clock set back or forward, between two lives and in one: nothing is lost, and no wait becomes endless."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from hooks.engine.runs import Result, Run
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.journal.journal import FILE_NAME, KEEP_DAYS, Journal
from hooks.journal.records import Accepted, Began, Ended, Settled
from hooks.rules.table import Rule
from tests.parts.process.faults import Story
from tests.parts.process.played import LIMIT, START

H, DAY = 3600.0, 86400.0
JUMPS = pytest.mark.parametrize("jump_s", [-DAY, -2 * H, 2 * H, DAY])


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """A story of which the test tells the happenings; an attempt takes no time."""
    told = Story(0, tmp_path)
    told.random = SimpleNamespace(choice=lambda options: options[0], random=lambda: 1.0)  # type: ignore[assignment]
    with signals.run_started.connected_to(told.hear_start), signals.run_ended.connected_to(told.hear_end):
        told.begin()
        yield told
    told.end()


def ooms(story: Story, count: int) -> None:
    """So many, a second apart."""
    for _ in range(count):
        story.oom()
        story.until(story.now + 1)


def next_life(story: Story, shift_s: float) -> None:
    story.end()
    story.shift_s = shift_s
    story.begin()


@JUMPS
def test_a_limit_holds_in_a_life_whatever_the_wall_clock_does(story: Story, jump_s: float) -> None:
    ooms(story, LIMIT.runs)
    story.shift_s = jump_s
    ooms(story, 1)
    assert len(story.starts) == LIMIT.runs
    story.until(story.now + LIMIT.per_s)
    assert [start - story.starts[0] for start in story.starts] == [0.0, 1.0, 2.0, LIMIT.per_s]


def test_a_clock_set_back_between_lives_delays_a_limited_run_by_one_window_at_most(story: Story) -> None:
    ooms(story, LIMIT.runs)
    next_life(story, -DAY)
    again = story.now
    ooms(story, 1)
    assert len(story.starts) == LIMIT.runs
    story.until(again + LIMIT.per_s)
    assert story.starts[LIMIT.runs :] == [again + LIMIT.per_s]


def test_a_clock_set_forward_between_lives_is_as_if_the_time_had_passed(story: Story) -> None:
    ooms(story, LIMIT.runs)
    next_life(story, DAY)
    again = story.now
    ooms(story, 1)
    assert story.starts[LIMIT.runs :] == [again]


@pytest.mark.parametrize(("jump_s", "waits_s"), [(-DAY, 5.0), (DAY, 0.0)])
def test_a_cooldown_after_a_jump_between_lives_is_a_whole_one_at_most(
    story: Story, jump_s: float, waits_s: float
) -> None:
    story.start_event = story.event(START, "qb")
    story.until(story.now + 1)
    next_life(story, jump_s)
    again = story.now
    story.until(again + 20)
    assert story.aimed_at == again + waits_s


@JUMPS
def test_docker_telling_its_past_again_loses_nothing_after_a_jump(story: Story, jump_s: float) -> None:
    ooms(story, 2)
    story.end()
    story.oom()  # while nobody listens
    story.shift_s = jump_s
    story.begin()
    ooms(story, 1)
    assert sorted(set(story.did["log"])) == [0, 1, 2, 3]
    if jump_s > 0:
        assert story.did["log"] == [0, 1, 2, 3]


def test_a_clock_set_back_in_a_life_makes_no_news_of_it_a_repeat(story: Story) -> None:
    ooms(story, 1)
    story.shift_s = -DAY
    ooms(story, 2)
    assert story.did["log"] == [0, 1, 2]


@JUMPS
def test_retention_never_takes_what_is_unsettled_whatever_the_clock_says(tmp_path: Path, jump_s: float) -> None:
    wall = [1.8e9]
    journal = Journal(tmp_path, now=lambda: wall[0])
    for number in range(4):
        event = Event("container.oom", "web", int(wall[0] * 1e9) + number, "docker", data={"container": "web"})
        journal.write([Accepted(event, (("r", "web"),))])
        if number < 2:
            journal.write([Settled("r", "web", event.id, alone=True)])
    wall[0] += jump_s
    journal.prune()
    assert known(tmp_path) == 4
    wall[0] += KEEP_DAYS * DAY + DAY + 1
    journal.prune()
    assert known(tmp_path) == 2
    assert len(journal.unfinished()) == 2
    journal.close()


def known(folder: Path) -> int:
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        return int(db.execute("select count(*) from events").fetchone()[0])


def test_a_run_of_late_is_remembered_though_its_event_is_as_old_as_the_state_that_it_tells(tmp_path: Path) -> None:
    journal = Journal(tmp_path, now=lambda: 1.8e9)
    run = Run("r/web#1", Rule("r", (), ()), "web", Event("container.oom", "web", 1, "docker"))  # an event that has gone
    journal.write([Began(run, 1.8e9), Ended(run, Result("changed"), 1.8e9)])
    journal.prune()
    assert [past.starts for past in journal.pasts(60.0, 0.0)] == [(0.0,)]
    journal.close()
