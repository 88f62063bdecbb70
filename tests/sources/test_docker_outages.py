"""The Docker source when its engine misbehaves: ends of the stream, outages, garbage. What is lost, what is said."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hooks.sources.docker import connect
from hooks.sources.docker_stream import Backlog
from tests.parts.docker.fake_docker import WAIT_S, FakeEngine
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


def test_a_stalled_engine_is_lost_and_stop_does_not_wait_for_it(
    fake: FakeEngine, ear: Ear, listen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float | None] = []
    real = threading.Thread.join

    def join(thread: threading.Thread, timeout: float | None = None) -> None:
        waits.append(timeout)
        real(thread, timeout)

    source = listen(silence_s=0.2)
    ear.hears("restored")
    fake.stall()
    assert "does not answer" in ear.until("source.lost").data["reason"]
    with monkeypatch.context() as watched:
        watched.setattr(threading.Thread, "join", join)
        source.stop()
    assert len(waits) == 2
    assert sum(wait_s or math.inf for wait_s in waits) < 1.0


def test_stop_is_quick_while_a_stream_is_quiet(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    source = listen(silence_s=3600.0)
    ear.hears("restored")
    source.stop()
    for thread in source.threads:  # on a busy machine the end of a thread may come after the stop
        thread.join(WAIT_S)
        assert not thread.is_alive(), f"{thread.name} waits for the stream"


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
