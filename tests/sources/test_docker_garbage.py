"""The Docker source when its engine sends what nothing can be made of: what is left out, and what is said."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from hooks.docker.client import split
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.process.signals_heard import Ear

A, B = "a" * 64, "b" * 64


@pytest.mark.usefixtures("no_collection")
def test_garbage_on_the_stream_is_skipped_and_reported_once(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    listen()
    ear.hears("restored")
    fake.send(b'{"message":"server error"}\n')
    fake.send(b'not json\n\n[1]\n"text"\n{"Type":"container","Action":7,"Actor":null}\n\xff\xfe\n')
    fake.send(b"[" * 100_000 + b"\n")
    fake.send(b"x" * 2_000_000 + b"\n")
    fake.tell("start", "web", A)
    ear.until("container.start")
    assert [event.type for event in ear.events] == ["container.start"]
    assert ear.count("is no event") == 1


def line(**fields: Any) -> bytes:
    """A line of the engine about a start of web; `fields` replace its own."""
    actor = {"ID": A, "Attributes": {"name": "web", "image": "busybox"}}
    raw = {"Type": "container", "Action": "start", "Actor": actor, "timeNano": time.time_ns(), **fields}
    return json.dumps(raw).encode() + b"\n"


def actor(**attributes: Any) -> dict[str, Any]:
    return {"Actor": {"ID": A, "Attributes": {"name": "web", "image": "busybox", **attributes}}}


ODD_LINES = [
    line(timeNano=2**64), line(timeNano=-(2**70)), line(timeNano=2**63), line(timeNano=-1), line(timeNano=float("inf")),
    line(timeNano=float("nan")), line(timeNano="soon"), line(timeNano=[]), line(timeNano=None), line(Action=["start"]),
    line(Action=None), line(Type=None), line(Type={}), line(Action="\udc80"), line(Actor=[]), line(Actor="x"),
    line(**actor(name="\udc80")), line(**actor(image="\udfff")), line(**actor(**{"\ud800": ""})), line(**actor(x=1)),
    line(**actor(x={"y": "z"})), line(**actor(name=7)), line(**actor(name=["web"])), line(Actor={"ID": "\udc80"}),
    line(Actor={"ID": A, "Attributes": ["name"]}), line(Action="die", **actor(exitCode="9" * 5000)),
    line(Action="die", **actor(exitCode="-")), line(Action="die", **actor(exitCode=[])), b"9" * 5000 + b"\n",
    b'{"timeNano":' + b"9" * 5000 + b"}\n", b"\xef\xbb\xbf{}\n", b"null\n", b'{"Type":"container"\n',
]  # fmt: skip


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("odd", ODD_LINES, ids=[f"line {number}" for number in range(len(ODD_LINES))])
def test_whatever_a_line_holds_it_is_refused_by_itself(fake: FakeEngine, ear: Ear, listen: Any, odd: bytes) -> None:
    source = listen(lambda _: True)
    ear.hears("restored")
    fake.send(odd + odd)
    fake.tell("start", "next", B)
    ear.until("container.start", container="next")
    assert [event.subject for event in ear.events] == ["next"]
    assert source.health()["refused"] == 2
    assert ear.count("is no event") == 1
    assert source.connected


def test_how_many_more_lines_were_refused_is_said_at_the_next_resync(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    listen()
    ear.hears("restored")
    fake.send(b"x\n" * 13)
    fake.cut()
    assert "sent 12 more lines that could not be read" in ear.hears("more lines")


ODD_ENTRIES = [
    {"Id": B, "Names": None, "State": "dead", "Status": "Dead"}, {"Id": B, "Names": [], "State": "removing"}, {}, None,
    7, "web", [], {"Id": B, "Names": ["/\udc80"], "State": "running", "Status": "Up"},
    {"Id": None, "Names": [1], "State": []}, {"Id": B, "Names": ["/odd"], "Labels": {"x": ["y"]}},
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD_ENTRIES, ids=ascii)
def test_one_odd_entry_hides_no_other_and_is_said_once(fake: FakeEngine, ear: Ear, listen: Any, odd: Any) -> None:
    fake.has("web", A)
    fake.odd = [odd]
    listen(resync_s=0.05)
    for _ in range(3):
        ear.until("container.start", container="web")
    assert ear.count("has an entry that cannot be read: container") == 1
    assert list(ear.tracker.world.containers) == ["web"]


def test_a_known_container_whose_entry_becomes_odd_is_not_gone(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.has("web", A)
    fake.has("db", B)
    listen(resync_s=0.05)
    ear.until("container.start", container="db")
    del fake.containers[B]
    fake.odd = [{"Id": B, "Names": None}]
    ear.hears("has an entry that cannot be read")
    ear.until("container.start", container="web")
    fake.odd = []
    assert ear.until("container.destroy").subject == "db"
    assert ear.count("has an entry that cannot be read") == 1


def test_an_inspect_that_cannot_be_read_leaves_what_the_list_shows(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.has("web", A)
    fake.containers[A]["State"]["StartedAt"] = None
    fake.containers[A]["Config"]["Labels"] = {"x": "\udc80"}
    listen()
    ear.until("container.start", container="web")


def test_one_container_that_cannot_be_inspected_hides_no_other(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.has("broken", B, health="unhealthy")
    fake.has("web", A)
    fake.refusals[f"/containers/{B}"] = (500, b'{"message":"no such layer"}')
    listen()
    assert ear.until("container.unhealthy").subject == "broken", "the list tells it as well"
    ear.until("container.start", container="web")


def test_lines_longer_than_the_limit_are_left_out() -> None:
    whole = b"one\n" + b"x" * 11 + b"\n\ntwo\n" + b"y" * 30 + b"\nthree\nunfinished"
    for size in range(1, len(whole)):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        assert list(split(pieces, limit=10)) == [b"one", b"two", b"three"]
