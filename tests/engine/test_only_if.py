"""`only_if`: a state waits for its conditions while it lasts, a happening is dropped; and what else comes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hooks.engine.engine import Engine
from hooks.engine.runs import Result, Run, Unfinished
from hooks.events.catalogue import Event
from hooks.rules.conditions import ContainerIs, TimeIs
from hooks.rules.facts import Seen, standing
from hooks.rules.placeholders import Template, parse
from hooks.rules.table import Debounce, Limit, RetryPolicy, Table
from hooks.rules.time_windows import Clock, Window
from hooks.rules.verdicts import judge
from tests.whole.story import (
    MIDNIGHT_NS,
    RETRY,
    H,
    M,
    Story,
    container,
    event,
    forwarded,
    on,
    rule,
    source,
    unhealthy,
)

UP = ContainerIs("sonarr", ("running",))
RUNS, STOPPED = standing(running=True), standing(running=False)
WHY = '\'sonarr\' is stopped, and only_if wants { container = "sonarr", is = "running" }'


class Server:
    """What conditions are judged by; `story` has the clock."""

    def __init__(self, **containers: Seen) -> None:
        self.containers: dict[str, Seen | None] = {**containers}
        self.story: Story | None = None
        self.asked = 0

    def __call__(self) -> Server:
        self.asked += 1
        return self

    @property
    def clock(self) -> Clock:
        now = self.story.now if self.story else 0.0
        return Clock(MIDNIGHT_NS / 1e9 + now, lambda _: -8 * H)  # so that the story begins at midnight

    def seen(self, name: str) -> Seen | None:
        return self.containers.get(name, ("absent",))

    def of_role(self, role: str) -> tuple[str, ...]:
        return (role,)

    def port(self, _: str) -> bool | None:
        return True

    reach = port


def tell(*rules: Any, answers: Any = None, sonarr: Seen = STOPPED, **more: Any) -> tuple[Story, Server]:
    server = Server(sonarr=sonarr)
    story = Story(*rules, answers=answers, facts=server, **more)
    server.story = story
    return story, server


def turn(story: Story, server: Server, at: float, name: str, seen: Seen) -> None:
    """The container changes, and its event comes."""
    story.until(at)
    server.containers[name] = seen
    story.at(at, container("start" if seen == RUNS else "die", name, id=str(at)))


def dropped(story: Story) -> list[tuple[float, str, str]]:
    return [(at, note.event.type, note.why) for at, note in story.notes if note.kind == "dropped"]


def waits(story: Story) -> list[tuple[float, str, float | None]]:
    return [(at, note.why, note.wait_s) for at, note in story.notes if note.kind == "waits"]


TICK = event("timer.tick", "5m", every="5m")
PORT = rule("port", on("port.forwarded"), on("timer.tick"), key="port", only_if=(UP,))


def test_a_state_waits_until_its_conditions_hold() -> None:
    story, server = tell(PORT)
    story.at(10, forwarded(5000))
    assert story.engine.next_deadline() == float("inf")
    turn(story, server, 60, "other", RUNS)
    assert server.asked == 1, "what it does not name changes nothing"
    turn(story, server, 100, "sonarr", RUNS)
    assert story.ran() == [100]
    assert waits(story) == [(10, WHY, None)]
    run = story.runs()[0]
    assert run.waited
    assert dict(run.waited.until) == {"only_if": 100}
    assert run.states == (run.event,), "it must still last by a fresh reading"


def test_conditions_that_hold_cost_no_time_and_one_question() -> None:
    story, server = tell(PORT, sonarr=RUNS)
    story.at(10, forwarded(5000))
    story.at(20, TICK)
    assert (story.ran(), server.asked) == ([10, 20], 2)
    assert all(run.waited is None and not run.states for run in story.runs())


def test_a_happening_is_dropped_with_one_line() -> None:
    story, server = tell(PORT)
    story.at(10, TICK)
    turn(story, server, 100, "sonarr", RUNS)
    assert story.ran() == []
    assert dropped(story) == [(10, "timer.tick", WHY)]


def test_a_happening_does_not_take_the_place_of_a_state_that_waits() -> None:
    story, server = tell(PORT)
    story.at(10, forwarded(5000))
    story.at(20, TICK)
    story.at(30, TICK)
    assert [note.alone for _, note in story.notes if note.kind == "dropped"] == [True, True]
    turn(story, server, 100, "sonarr", RUNS)
    assert [run.event.type for run in story.runs()] == ["port.forwarded"]


def test_a_state_comes_back_when_the_happening_that_it_was_merged_into_is_dropped() -> None:
    patient = rule("port", on("port.forwarded"), on("timer.tick"), key="port", only_if=(UP,), debounce=Debounce(5, 20))
    story, server = tell(patient)
    story.at(10, forwarded(5000))
    story.at(12, TICK)
    story.until(60)
    assert dropped(story) == [(17, "timer.tick", WHY)]
    assert [at for at, note in story.notes if note.kind == "accepted"] == [10, 12, 17], "the journal has it again"
    turn(story, server, 100, "sonarr", RUNS)
    assert [(run.event.type, run.event.data["port"]) for run in story.runs()] == [("port.forwarded", 5000)]


def test_the_newest_state_waits_and_one_that_has_ended_is_dropped() -> None:
    story, server = tell(rule("up", on("container.start"), on("port.forwarded"), key="all", only_if=(UP,)))
    story.at(10, container("start", "web"))
    story.at(20, forwarded(5000))
    story.at(30, container("die", "web"))
    story.at(40, forwarded(6000))
    turn(story, server, 100, "sonarr", RUNS)
    assert [run.event.data.get("port") for run in story.runs()][-1:] == [None], "sonarr's own start is the newest"
    story, server = tell(rule("up", on("container.start", container="web"), only_if=(UP,)))
    story.at(10, container("start", "web"))
    story.at(30, container("die", "web"))
    turn(story, server, 100, "sonarr", RUNS)
    assert story.ran() == []
    assert [(at, why) for at, _, why in dropped(story)] == [(30, "the state has ended")]


def test_another_state_that_lasts_takes_the_place_of_one_that_has_ended() -> None:
    story, server = tell(
        rule("up", on("container.start", container="web"), on("port.forwarded"), key="all", only_if=(UP,))
    )
    story.at(10, forwarded(5000))
    story.at(20, container("start", "web"))
    story.at(30, container("die", "web"))
    turn(story, server, 100, "sonarr", RUNS)
    assert [(run.event.type) for run in story.runs()] == ["port.forwarded"]


def test_conditions_are_judged_after_for_debounce_and_cooldown_and_take_nothing_from_the_limit() -> None:
    sick = rule(
        "sick", on("container.unhealthy"), for_s=3 * M, cooldown_s=5 * M, repeat=True, limit=Limit(2, H), only_if=(UP,)
    )
    story, server = tell(sick)
    story.at(0, unhealthy("web"))
    story.until(3 * M - 1)
    assert server.asked == 0
    turn(story, server, 30 * M, "sonarr", RUNS)
    story.until(34 * M)
    turn(story, server, 34 * M, "sonarr", STOPPED)
    turn(story, server, 50 * M, "sonarr", RUNS)
    assert story.ran() == [30 * M, 50 * M]
    story.until(54 * M)
    assert not story.told("exhausted")
    story.until(56 * M)
    assert story.told("exhausted") == [55 * M], "two runs have counted"


def test_a_for_ends_while_it_waits_for_conditions() -> None:
    story, server = tell(rule("sick", on("container.unhealthy"), for_s=60, only_if=(UP,)))
    story.at(0, unhealthy("web"))
    story.at(200, container("healthy", "web"))
    turn(story, server, 300, "sonarr", RUNS)
    assert story.ran() == []


NIGHT = TimeIs(Window(22 * 3600, 6 * 3600), '{ time = "22:00-06:00" }')


def test_a_window_opens_by_the_clock_alone_and_a_set_clock_is_noticed() -> None:
    story, server = tell(rule("night", on("container.unhealthy"), only_if=(NIGHT,)))
    story.at(6 * H, unhealthy("web"))
    assert story.engine.next_deadline() == 22 * H
    story.until(30 * H)
    assert story.ran() == [22 * H]
    assert waits(story)[0][2] == 16 * H
    watchful = Engine(Table((rule("night", on("container.unhealthy"), only_if=(NIGHT,)),)), look_again_s=60)
    server.story = story = Story(facts=server)
    story.now = 6 * H
    watchful.feed(unhealthy("web"), 0)
    assert watchful.advance(0, server) == []
    assert watchful.next_deadline() == 60
    story.now = 23 * H  # the owner has set the clock
    assert len(watchful.advance(60, server)) == 1
    assert len([note for note in watchful.take_notes() if note.kind == "waits"]) == 1


def test_it_is_told_once_however_often_it_is_judged() -> None:
    story, server = tell(PORT)
    story.at(10, forwarded(5000))
    for at in range(20, 60, 10):
        turn(story, server, at, "sonarr", STOPPED)
    assert [at for at, *_ in waits(story)] == [10]
    story.at(70, forwarded(6000))
    assert [at for at, *_ in waits(story)] == [10], "another port waits for the same"
    turn(story, server, 100, "sonarr", RUNS)
    assert [run.event.data["port"] for run in story.runs()] == [6000]


def test_a_retry_and_a_run_by_hand_ask_for_no_conditions() -> None:
    story, server = tell(
        rule("port", on("port.forwarded"), only_if=(UP,), retry=RetryPolicy(3, 5, 5)),
        answers={"port": RETRY},
        sonarr=RUNS,
    )
    story.at(0, forwarded(5000))
    turn(story, server, 1, "sonarr", STOPPED)
    story.until(20)
    assert story.ran() == [0, 5, 10]
    story.engine.run_manually("port", "gluetun", forwarded(5000), 20)
    story.until(22)
    assert story.ran() == [0, 5, 10, 20]


def refuse(story_of: Callable[[], Story]) -> Callable[[Run], Result]:
    """A fresh reading shows that the conditions do not hold."""

    def answer(run: Run) -> Result:
        server = Server(sonarr=STOPPED)
        server.story = story_of()
        return Result("skipped", "it does not begin", unmet=judge(run.rule.only_if, server, run.event))

    return answer


def test_a_fresh_reading_that_shows_something_else_uses_up_nothing() -> None:
    stories: list[Story] = []
    answers = {"port": [refuse(lambda: stories[0]), Result("changed")]}
    limited = rule("port", on("port.forwarded"), only_if=(UP,), limit=Limit(1, H), cooldown_s=60)
    story, _ = tell(limited, answers=answers, sonarr=RUNS)
    stories.append(story)
    story.at(0, forwarded(5000))
    assert story.ran() == [0]
    story.until(4)
    assert story.ran() == [0], "the reading counts for a while, whatever else is known"
    story.until(20)
    assert story.ran() == [0, 5]
    assert not story.told("exhausted")
    assert [run.event.data["port"] for run in story.runs()] == [5000, 5000]


def test_a_happening_that_a_fresh_reading_refuses_is_dropped() -> None:
    stories: list[Story] = []
    story, _ = tell(
        rule("tick", on("timer.tick"), only_if=(UP,)), answers={"tick": refuse(lambda: stories[0])}, sonarr=RUNS
    )
    stories.append(story)
    story.at(0, TICK)
    story.until(60)
    assert story.ran() == [0]
    assert [(at, why) for at, _, why in dropped(story)] == [(0, WHY)]


def test_queued_events_keep_their_order_behind_a_state_that_waits() -> None:
    queued = rule("q", on("port.forwarded"), on("timer.tick"), key="all", mode="queued", only_if=(UP,))
    story, server = tell(queued)
    story.at(0, forwarded(5000))
    story.at(1, TICK)
    story.at(2, forwarded(6000))
    story.until(10)
    turn(story, server, 20, "sonarr", RUNS)
    assert [run.event.data.get("port") for run in story.runs()] == [6000]
    reasons = [(kind, why) for _, kind, why in dropped(story)]
    assert reasons == [("port.forwarded", "the state has ended"), ("timer.tick", WHY)]


def test_a_container_of_the_event_itself() -> None:
    mine = parse("${event.container}")
    assert isinstance(mine, Template)
    story, server = tell(rule("own", on("container.unhealthy"), key="all", only_if=(ContainerIs(mine, ("running",)),)))
    server.containers |= {"web": STOPPED, "db": RUNS}
    story.at(0, unhealthy("web"))
    story.at(1, unhealthy("db"))
    assert [run.event.subject for run in story.runs()] == ["db"]


def test_what_cannot_be_seen_is_waited_for() -> None:
    story, server = tell(PORT)
    server.containers["sonarr"] = None
    story.at(0, forwarded(5000))
    story.at(1, TICK)
    server.containers["sonarr"] = RUNS
    story.at(50, source("restored", "docker"))
    assert story.ran() == [50]
    assert [why.partition(",")[0] for *_, why in dropped(story)] == ["'sonarr' cannot be seen now"]


def test_what_cannot_be_seen_for_a_moment_drops_nothing_and_is_not_told() -> None:
    server = Server()
    server.story = Story(facts=server)
    engine = Engine(Table((PORT,)), look_again_s=60)
    server.containers["sonarr"] = None
    engine.feed(Event("timer.tick", "5m", 1, "timer", data={"every": "5m"}), 0)
    assert engine.advance(0, server) == []
    assert engine.next_deadline() == 1
    assert engine.advance(1, server) == []
    server.containers["sonarr"] = RUNS
    assert [run.event.type for run in engine.advance(2, server)] == ["timer.tick"]
    assert [note.kind for note in engine.take_notes()] == ["accepted"]
    engine = Engine(Table((PORT,)), look_again_s=60)
    server.containers["sonarr"] = None
    engine.feed(Event("timer.tick", "5m", 1, "timer", data={"every": "5m"}), 0)
    for second in range(11):
        assert engine.advance(second, server) == []
    unseen = '\'sonarr\' cannot be seen now, and only_if wants { container = "sonarr", is = "running" }'
    assert [(note.kind, note.why) for note in engine.take_notes()] == [("accepted", ""), ("dropped", unseen)]
    assert engine.next_deadline() == float("inf")


def test_a_pause_and_a_reload_meanwhile() -> None:
    story, server = tell(PORT)
    story.at(0, forwarded(5000))
    story.engine.pause("port", 200)
    turn(story, server, 100, "sonarr", RUNS)
    assert story.ran() == []
    story.until(200)
    assert story.ran() == [200]
    story, server = tell(PORT)
    story.at(0, forwarded(5000))
    other = rule("other", on("port.forwarded"))
    story.engine.adopt(Table((PORT, other)), 10)
    story.until(20)
    turn(story, server, 100, "sonarr", RUNS)
    assert story.ran("port") == [100], "an unchanged rule goes on waiting"
    story, server = tell(PORT)
    story.at(0, forwarded(5000))
    story.engine.adopt(Table((rule("port", on("port.forwarded"), key="port"),)), 10)
    story.until(20)
    assert story.ran("port") == [10], "without conditions it runs at once"


@pytest.mark.parametrize("ended", [False, True])
def test_what_a_previous_process_had_accepted_waits_while_its_state_lasts(ended: bool) -> None:
    story, server = tell(PORT)
    old = Event(
        "port.forwarded", "gluetun", 5, "files", "backlog", {"container": "gluetun", "port": 1, "generation": "1"}
    )
    assert story.engine.resume(Unfinished("port", "port", old), 0)
    story.until(1)
    assert story.ran() == []
    # the first resync finds the same port, or none
    found = Event("port.forwarded", "gluetun", 5, "files", "resync", {**old.data})
    gone = Event("port.cleared", "gluetun", 9, "files", "resync", {"container": "gluetun"})
    story.at(2, gone if ended else found)
    turn(story, server, 100, "sonarr", RUNS)
    assert story.ran() == ([] if ended else [100])


def test_of_a_port_that_changed_while_gluehook_was_down_the_new_one_waits() -> None:
    story, server = tell(rule("port", on("port.forwarded"), key="port", only_if=(UP,), reconciles=True))
    data = {"container": "gluetun", "ports": [1], "port": 1, "generation": "1"}
    story.engine.resume(Unfinished("port", "port", Event("port.forwarded", "gluetun", 5, "files", "backlog", data)), 0)
    story.at(2, forwarded(2, began=1))
    turn(story, server, 100, "sonarr", RUNS)
    assert [run.event.data["port"] for run in story.runs()] == [2]


def test_ten_thousand_lanes_that_wait_cost_an_event_of_another_nothing() -> None:
    many = [
        rule(f"r{number}", on("port.forwarded"), only_if=(ContainerIs(f"c{number}", ("running",)),))
        for number in range(2000)
    ]
    story, server = tell(*many)
    story.at(0, forwarded(5000))
    asked = server.asked
    server.containers["c7"] = RUNS
    story.at(1, container("start", "c7"))
    assert [run.rule.name for run in story.runs()] == ["r7"]
    assert server.asked == asked + 1
