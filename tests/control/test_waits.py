"""What a snapshot says of what waits: why, and until which instant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hooks.control.waits import waiting
from hooks.rules.conditions import ContainerIs, TimeIs
from hooks.rules.table import Debounce, Limit, Rule
from hooks.rules.time_windows import Window
from tests.engine.test_only_if import Server
from tests.whole.story import (
    CHANGED,
    RETRY,
    Answer,
    H,
    M,
    Story,
    container,
    healthy,
    on,
    rule,
    source,
    unhealthy,
)  # fmt: skip

SICK = rule("heal", on("container.unhealthy"))
STARTED = rule("greet", on("container.oom"))
FOR = replace(SICK, for_s=3 * M)
LIMITED = replace(SICK, cooldown_s=M, repeat=True, limit=Limit(1, H))


def of(story: Story, running: tuple[str, ...] = ()) -> list[tuple[object, ...]]:
    found = waiting(story.engine.lanes(), story.now, story.engine.paused_until, running)
    return [(one["why"], one["until"], one["attempt"], one["tries_used"], one["tries_of"]) for one in found]


def blind(story: Story) -> None:
    story.at(0, unhealthy("web"))
    story.at(10, source("lost", "docker"))


def paused(story: Story) -> None:
    story.engine.pause(None, H)
    story.at(0, unhealthy("web"))
    story.until(M)


def twice(story: Story) -> None:
    story.at(0, container("oom", "web"))
    story.at(5, container("oom", "web"))


@pytest.mark.parametrize(
    ("it", "happens", "answer", "waits"),
    [
        (FOR, lambda story: story.at(10, unhealthy("web")), CHANGED, ("for", 10 + 3 * M, 1, None, None)),
        (FOR, blind, CHANGED, ("for", None, 1, None, None)),
        (FOR, paused, CHANGED, ("pause", H, 1, None, None)),
        (SICK, paused, CHANGED, ("pause", H, 1, None, None)),
        (replace(STARTED, debounce=Debounce(30, M)), twice, CHANGED, ("debounce", 35, 1, None, None)),
        (replace(STARTED, cooldown_s=M), twice, CHANGED, ("cooldown", M, 1, None, None)),
        (replace(SICK, cooldown_s=M, repeat=True, limit=Limit(9, H)), lambda story: story.at(0, unhealthy("web")),
         CHANGED, ("cooldown", M, 1, 1, 9)),
        (SICK, lambda story: story.at(0, unhealthy("web")), RETRY, ("retry", 1, 2, None, None)),
        (LIMITED, lambda story: (story.at(0, unhealthy("web")), story.until(2 * M)), CHANGED,
         ("limit", None, 1, 1, 1)),
        (replace(STARTED, limit=Limit(1, H)), twice, CHANGED, ("limit", H, 1, 1, 1)),
    ],
    ids=["for", "blind", "for-paused", "paused", "debounce", "cooldown", "repeat", "retry", "limit", "window"],
)  # fmt: skip
def test_what_waits_says_why_and_until_when(
    it: Rule, happens: Callable[[Story], object], answer: Answer, waits: tuple[object, ...]
) -> None:
    story = Story(it, answers={it.name: answer})
    happens(story)
    assert of(story) == [waits]
    assert waits[1] in (None, story.engine.next_deadline()), "the engine waits for the same instant"


def test_a_run_that_is_due_and_has_not_begun_waits_for_room_or_a_pause_and_the_next_for_it() -> None:
    story = Story(STARTED, takes_s={"greet": H})
    twice(story)
    (run,) = (ran.run.id for ran in story.attempts)
    assert of(story, (run,)) == [("running", None, 1, None, None)]
    assert of(story) == [("busy", None, 1, None, None), ("running", None, 1, None, None)]
    story.engine.pause("greet", M)
    assert of(story)[0][:2] == ("pause", M)


def test_what_is_due_first_stands_first_and_what_is_over_waits_no_more() -> None:
    story = Story(FOR, replace(FOR, name="later", for_s=H))
    story.at(0, unhealthy("web"), unhealthy("db"))
    story.at(10, healthy("db"))
    assert [until for _, until, *_ in of(story)] == [3 * M, H]
    story.at(20, healthy("web"))
    assert of(story) == []


def test_what_waits_for_conditions_says_what_they_lack_and_when_the_clock_makes_them_hold() -> None:
    evening = TimeIs(Window(20 * 3600, 86400), '{ time = "20:00-24:00" }')
    for only_if, until, said in (
        ((ContainerIs("sonarr", ("running",)),), None, "'sonarr' is stopped, and only_if wants"),
        ((evening,), 20 * H, 'it is fri 00:00, and only_if wants { time = "20:00-24:00" }'),
    ):
        server = Server(sonarr=("stopped",))
        server.story = story = Story(replace(SICK, only_if=only_if), facts=server)
        story.at(0, unhealthy("web"))
        assert of(story) == [("only_if", until, 1, None, None)]
        (wait,) = waiting(story.engine.lanes(), story.now, story.engine.paused_until, ())
        assert said in wait["said"]
        story.engine.pause(None, 48 * H)
        assert of(story)[0][:2] == ("pause", 48 * H)
