"""One request for a log: over a socket, TCP and TLS, what it says of an error, and its end from another thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hooks.docker.client import forget
from hooks.docker.log_lines import LogLines
from hooks.docker.log_request import LogRequest, RefusedError
from tests.parts.docker import fake_docker
from tests.parts.docker.fake_docker import WAIT_S, FakeEngine
from tests.parts.docker.fake_logs import FakeLog
from tests.parts.docker.tls_front import make_certificates, tcp_front

socket, fake = fake_docker.socket, fake_docker.fake  # fixtures
WEB = "a" * 64
PATH = f"/v1.41/containers/{WEB}/logs"


@pytest.fixture(params=["socket", "tcp", "tls", "tls without verification"])
def log(
    request: pytest.FixtureRequest, fake: FakeEngine, socket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[FakeLog]:
    """A log that is reached in this way."""
    made, way = FakeLog(), request.param
    fake.logs[WEB] = made.answer
    if way == "socket":
        yield made
        return
    certificates = make_certificates(tmp_path / "certificates") if way.startswith("tls") else None
    with tcp_front(socket, certificates) as address:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{address}")
        if certificates:
            monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates))
        if way == "tls":
            monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        yield made
        forget()


def test_a_log_is_read_and_a_waiting_request_ended_by_another_thread(log: FakeLog) -> None:
    log.write(b"one", b"two")
    request, found, lines = LogRequest(PATH, {"follow": "1"}), list[bytes](), LogLines()
    two = threading.Event()

    def read() -> None:
        try:
            request.open()
            while chunk := request.read():
                found.extend(line.text for line in lines.feed(chunk))
                if len(found) == 2:
                    two.set()
        except OSError:
            pass  # as a connection may end that another thread closes
        finally:
            request.release()

    thread = threading.Thread(target=read)
    thread.start()
    assert two.wait(WAIT_S)
    request.close()
    thread.join(WAIT_S)
    assert not thread.is_alive()
    assert found == [b"one", b"two"]
    log.end()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((501, b'{"message":"configured logging driver does not support reading"}'), "configured logging driver does"),
        ((404, b"<html>not listed</html>"), "<html>not listed</html>"),
        ((500, b'["message"]'), '["message"]'),
        ((403, b""), ""),
    ],
)
def test_an_error_is_told_in_the_engine_s_words(fake: FakeEngine, answer: tuple[int, bytes], said: str) -> None:
    fake.refusals["/containers/"] = answer
    request = LogRequest(PATH, {"tail": "1"}, 5.0)
    try:
        with pytest.raises(RefusedError) as caught:
            request.open()
    finally:
        request.release()
    assert caught.value.status == answer[0]
    assert caught.value.said.startswith(said)
