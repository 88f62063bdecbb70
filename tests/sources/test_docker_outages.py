"""The Docker source when its engine misbehaves: ends of the stream, outages, garbage. What is lost, what is said."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from hooks.docker.client import split
from hooks.sources.docker import connect
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.process.signals_heard import Ear

A, B = "a" * 64, "b" * 64


# -- ends of the stream -----------------------------------------------------------------------


@pytest.mark.parametrize("end", ["cut", "tear"])
def test_a_cut_stream_is_reopened_without_a_word_and_nothing_is_lost(
    fake: FakeEngine, ear: Ear, listen: Any, end: str
) -> None:
    listen(lambda _: True)
    ear.hears("restored")
    for number in range(20):
        fake.tell("start", f"c{number}", f"{number:064d}")
        if number % 4 == 3:
            opened = fake.count("/events")
            getattr(fake, end)()
            fake.tell("oom", f"c{number}", f"{number:064d}")  # while nobody listens
            fake.wait_for_requests("/events", opened + 1)
    ear.until("container.start", container="c19")
    ear.until("container.oom", container="c19")
    live = [e.subject for e in ear.told("container.start") if e.origin != "resync"]
    assert live == [f"c{n}" for n in range(20)]
    assert len(ear.told("container.oom")) == 5
    assert ear.count("lost") == 0


def test_an_event_sent_twice_is_posted_once(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    listen(lambda _: True)
    ear.hears("restored")
    fake.tell("oom", "web", A)
    fake.repeat_last()
    fake.tell("oom", "web", A)
    fake.tell("start", "web", A)
    ear.until("container.start")
    assert len(ear.told("container.oom")) == 2


def test_silence_is_no_outage_and_no_reason_for_a_resync(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    listen(silence_s=0.3)  # six times what an answer of the fake takes on a busy machine
    ear.hears("restored")
    lists = fake.count("/containers/json")
    fake.wait_for_requests("/events", 5)
    fake.tell("start", "web", A)
    assert ear.until("container.start").subject == "web"
    assert fake.count("/containers/json") == lists
    assert ear.count("lost") == 0


def test_an_engine_that_forgets_its_events_is_listed_instead(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.has("web", A)
    listen()
    ear.until("container.start")
    fake.has("web", A, running=False)
    fake.cut()
    fake.forget()
    assert ear.until("container.die").origin == "resync"


def test_a_missed_restart_is_found_by_the_time_of_the_start(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.has("gluetun", A, started=10**18)
    listen()
    assert ear.until("container.start").time == 10**18
    fake.has("gluetun", A, started=10**18 + 5)
    fake.cut()
    assert ear.until("container.start").time == 10**18 + 5


# -- outages ------------------------------------------------------------------------------------


def test_an_engine_that_is_away_at_the_start_is_reported_once(socket: Path, ear: Ear, listen: Any) -> None:
    source = listen()
    reason = ear.until("source.lost").data["reason"]
    assert f"Docker's socket {socket} is not there" in reason
    assert "the port file is still followed" in ear.hears("lost docker")
    engine = FakeEngine(socket)
    engine.has("web", A)
    try:
        ear.until("container.start")
        ear.until("source.restored")
        assert source.health()["connected"]
        assert ear.count("lost") == 1
    finally:
        engine.stop()
    ear.until("source.lost")
    assert not source.connected
    assert ear.count("lost") == 2


def test_a_forbidden_socket_is_answered_with_the_line_to_add(fake: FakeEngine, socket: Path) -> None:
    ask = (
        "from hooks.docker.client import connect, where\n"
        "from hooks.docker.refusals import why\n"
        "try: connect(1)\n"
        "except Exception as error: print(why(error, where()))"
    )
    socket.chmod(0)
    # root may use every socket, unless this power is taken from it
    powerless = ["setpriv", "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []
    ran = subprocess.run([*powerless, sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert f'`group_add: ["{socket.stat().st_gid}"]`' in ran.stdout
    assert "recreate it" in ran.stdout


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("/events", (403, "lacks EVENTS=1")),
        ("/containers/json", (403, "lacks CONTAINERS=1")),
        ("/version", (403, "lacks VERSION=1")),
        ("/events", (500, "answers GET /v1.41/events with 500: boom")),
        ("/containers/json", (500, "with 500: boom")),
    ],
)
def test_a_refusal_is_named_and_gets_better(
    fake: FakeEngine, ear: Ear, listen: Any, path: str, refusal: tuple[int, str]
) -> None:
    status, words = refusal
    fake.refusals[path] = (status, b'{"message":"boom"}')
    listen()
    assert words in ear.until("source.lost").data["reason"]
    fake.wait_for_requests(path, 4)
    del fake.refusals[path]
    ear.until("source.restored")
    assert ear.count("lost") == 1


def test_an_answer_of_something_else_is_no_engine(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.refusals["/version"] = (200, b"<html>hello</html>")
    listen()
    assert "cannot be reached" in ear.until("source.lost").data["reason"]


def test_a_stalled_engine_is_lost_and_stop_does_not_wait_for_it(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    source = listen(silence_s=0.2)
    ear.hears("restored")
    fake.stall()
    assert "does not answer" in ear.until("source.lost").data["reason"]
    began = time.monotonic()
    source.stop()
    assert time.monotonic() - began < 1.0


def test_stop_is_quick_while_a_stream_is_quiet(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    source = listen()
    ear.hears("restored")
    began = time.monotonic()
    source.stop()
    assert time.monotonic() - began < 0.3
    assert not [t.name for t in threading.enumerate() if t.name.startswith("docker-")]


def test_another_version_after_an_upgrade_is_asked_for(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    listen()
    ear.hears("restored")
    fake.version = {**fake.version, "ApiVersion": "1.44"}
    asked = fake.count("/version")
    fake.cut()
    fake.wait_for_requests("/version", asked + 1)
    fake.wait_for_requests("/containers/json", 2)
    client = connect(1.0)
    assert client.api_version == "1.44"
    client.close()


# -- garbage --------------------------------------------------------------------------------------


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
