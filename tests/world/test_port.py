"""gluetun's port: when it holds, and when it is posted."""

from __future__ import annotations

from hooks.world.differences import present
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
    assert posted.file(5001, mtime=50) == ["port.forwarded"]


def test_a_port_written_while_docker_is_away_counts() -> None:
    posted = Posted(after(happened("start", "gluetun", A, 10), happened("die", "gluetun", A, 30)))
    assert posted.file(5000, mtime=20) == [], "left over"
    assert posted.file(5001, mtime=40) == ["port.forwarded"], "somebody has written it, so gluetun is back"


def test_without_docker_the_file_alone_counts() -> None:
    posted = Posted()
    assert posted.file(5000, mtime=20) == ["port.forwarded"]
    assert posted.file(mtime=21) == ["port.cleared"]
