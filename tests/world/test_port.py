"""gluetun's port: when it holds, and when it is posted."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hooks.world import saved
from hooks.world.differences import present
from hooks.world.model import PortFile, World
from tests.parts.values.world_events import Posted, after, happened

A, B, C = "a" * 64, "b" * 64, "c" * 64


def test_the_port_is_posted_whenever_it_is_written() -> None:
    posted = Posted(after(happened("start", "gluetun", A, 10)))
    assert posted.file(5000, mtime=20) == ["port.forwarded"]
    assert posted.file(5000, mtime=20) == []
    assert posted.file(5000, mtime=30) == ["port.forwarded"]
    assert posted.events[-1].data["old_port"] == 5000
    assert posted.file(mtime=40) == ["port.cleared"]
    assert posted.file(mtime=50) == []
    assert posted.file(mtime=60, reason="it is text") == ["port.invalid"]


def test_the_port_holds_only_while_gluetun_runs() -> None:
    posted = Posted(after(happened("start", "gluetun", A, 10)))
    posted.file(5000, mtime=20)
    assert posted.tracker.world.state() == {"port": 5000, "ports": [5000]}
    assert posted.apply(happened("die", "gluetun", A, 30)) == ["container.die"]
    assert posted.tracker.world.state() == {"port": None, "ports": []}
    assert "port.forwarded" not in [event.type for event in present(posted.tracker.world, 35)]
    assert posted.apply(happened("start", "gluetun", A, 40)) == ["container.start", "port.cleared"]
    assert posted.file(5001, mtime=50) == ["port.forwarded", "port.changed"]


def test_a_port_written_while_docker_is_away_counts() -> None:
    posted = Posted(after(happened("start", "gluetun", A, 10), happened("die", "gluetun", A, 30)))
    assert posted.file(5000, mtime=20) == [], "left over"
    assert posted.file(5001, mtime=40) == ["port.forwarded"], "somebody has written it, so gluetun is back"


def test_without_docker_the_file_alone_counts() -> None:
    posted = Posted()
    assert posted.file(5000, mtime=20) == ["port.forwarded"]
    assert posted.file(mtime=21) == ["port.cleared"]


@pytest.mark.parametrize(("readings", "changes"), [
    ([(5000,), (5000,)], []),
    ([(5000,), (5001,), (5001,), (5000,)], [(5000, 5001), (5001, 5000)]),
    ([(5000,), (), (5000,)], []),
    ([(5000,), (), (), (5001,)], [(5000, 5001)]),
    ([(), (5000,)], []),
    ([(5000, 6000), (5000, 6001), (5002, 6001)], [(5000, 5002)]),  # the first one counts
])  # fmt: skip
@pytest.mark.parametrize("restarts", [False, True])
def test_another_number_is_a_change_also_after_a_loss_or_a_restart_of_gluehook(
    readings: list[tuple[int, ...]], changes: list[tuple[int, int]], *, restarts: bool
) -> None:
    posted, seen = Posted(after(happened("start", "gluetun", A, 10))), []
    for at, ports in enumerate(readings, start=20):
        posted.file(*ports, mtime=at)
        seen += [event for event in posted.events if event.type == "port.changed"]
        if restarts:
            posted = Posted(saved.load(json.loads(json.dumps(saved.dump(posted.tracker.world))), World()))
        posted.events.clear()
    assert [(event.data["old_port"], event.data["port"]) for event in seen] == changes
    assert {event.origin for event in seen} <= {"live"}


def test_a_port_older_than_gluetuns_start_is_no_change() -> None:
    posted = Posted(after(happened("start", "gluetun", A, 10)))
    posted.file(5000, mtime=20)
    posted.apply(happened("die", "gluetun", A, 30), happened("start", "gluetun", B, 40))
    assert posted.file(5001, mtime=35) == []
    assert posted.file(5000, mtime=50) == ["port.forwarded"], "the last one that held was the same"
    assert posted.file(5002, mtime=60) == ["port.forwarded", "port.changed"]


def test_a_change_that_a_resync_finds_reaches_rules_that_only_send() -> None:
    posted = Posted(replace(World(), last_port=5000))
    posted.update(lambda world: replace(world, file=PortFile((5001,), "", "20", 20)))
    assert [(event.type, event.origin) for event in posted.events] == [
        ("port.forwarded", "resync"), ("port.changed", "live"),
    ]  # fmt: skip


def test_a_world_that_an_older_gluehook_saved_knows_its_port() -> None:
    kept = saved.dump(replace(World(), file=PortFile((5000,), "", "20", 20)))
    del kept["last_port"]
    posted = Posted(saved.load(kept, World()))
    assert posted.file(5001, mtime=30) == ["port.forwarded", "port.changed"]
