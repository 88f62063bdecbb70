"""The Docker source when its engine misbehaves: ends of the stream, outages, garbage. What is lost, what is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hooks.docker.client import split
from hooks.sources.docker import connect
from hooks.sources.docker_stream import Backlog
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.docker.tls_front import make_certificates, tcp_front
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


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>hello</html>",
        b'{"ApiVersion":"1.41","Ver',
        b"null",
        b'{"ApiVersion":"v2"}',
        b'{"ApiVersion":"1.41/../x"}',
    ],
)
def test_an_answer_of_something_else_is_no_engine(fake: FakeEngine, ear: Ear, listen: Any, answer: bytes) -> None:
    fake.refusals["/version"] = (200, answer)
    listen()
    assert "is no Docker engine: correct DOCKER_HOST" in ear.until("source.lost").data["reason"]


def test_half_a_list_is_an_answer_that_cannot_be_read(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.refusals["/containers/json"] = (200, b'[{"Id":"aaa","Names":["/x"')
    listen()
    assert "gives an answer that cannot be read: it is tried again" in ear.until("source.lost").data["reason"]


NGINX = b"<html>\r\n<head><title>404 Not Found</title></head>\r\n</html>"


def test_a_404_of_a_proxy_does_not_take_containers_away(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.has("web", A)
    fake.refusals |= {f"/containers/{A}/json": (404, NGINX), "/containers/web/json": (404, NGINX)}
    source = listen()
    ear.until("container.start")
    ear.hears("1 of 1 containers run")
    assert not source.inspect_again(["web"])


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


@pytest.fixture
def certificates(socket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the TLS files; DOCKER_HOST is the engine behind TLS."""
    with tcp_front(socket, folder := make_certificates(tmp_path / "certificates")) as address:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{address}")
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(folder))
        yield folder


@pytest.mark.parametrize("name", ["ca.pem", "cert.pem", "key.pem"])
def test_a_tls_file_that_is_replaced_is_an_outage_and_ends_with_it(
    fake: FakeEngine, certificates: Path, ear: Ear, listen: Any, name: str
) -> None:
    source, file = listen(), certificates / name
    ear.hears("restored")
    content = file.read_bytes()
    file.unlink()
    fake.cut()
    assert f"there is no file {file}" in ear.until("source.lost").data["reason"]
    assert not source.health()["connected"]
    fake.has("web", A)
    file.write_bytes(content)
    ear.until("container.start")
    ear.until("source.restored")
    assert source.health()["connected"]
    source.stop()


@pytest.mark.parametrize("error", [KeyError("odd"), RecursionError("deep"), SystemExit(3), GeneratorExit()])
@pytest.mark.parametrize("where", ["opening", "reading"])
def test_whatever_the_reader_meets_is_an_outage_and_not_its_end(
    fake: FakeEngine, ear: Ear, listen: Any, error: BaseException, where: str
) -> None:
    trouble = [error]

    def fail(*_: Any) -> int:
        if trouble:
            raise trouble[0]
        return 0

    class Failing(Backlog):
        def add(self, line: bytes) -> None:
            fail()
            super().add(line)

    fake.has("web", A)
    source = listen(backlog=Failing())
    ear.hears("restored")
    if where == "opening":
        source._reader._since = fail
        fake.cut()
    else:
        fake.tell("oom", "web", A)
    assert type(error).__name__ in ear.until("source.lost").data["reason"]
    assert not source.health()["connected"]
    trouble.clear()
    ear.until("source.restored")
    fake.tell("die", "web", A, exitCode="1")
    ear.until("container.die")


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
