"""The server of the control socket, with real sockets on the other side."""

from __future__ import annotations

import json
import socket
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hooks.control.client import NotRunning, request
from hooks.control.server import FILE_NAME, LONGEST_LINE_BYTES, Refused, Response, Server, Verbs
from tests.parts.process.gluehook import until
from tests.parts.process.playing import WAIT_S


def echo(request: Mapping[str, Any]) -> Response:
    yield {"item": request.get("text")}
    yield {"done": "echoed"}


def broken(request: Mapping[str, Any]) -> Response:
    yield {"item": 1}
    raise LookupError(f"not {request['ask']}")


@contextmanager
def serving(state: Path, verbs: Verbs | None = None) -> Iterator[Server]:
    server = Server(state / FILE_NAME, verbs or {"echo": echo, "broken": broken})
    server.start()
    try:
        yield server
    finally:
        server.stop()


def raw(state: Path, line: bytes, *, hang_up: bool = False) -> bytes:
    """What a connection gets that sends these bytes."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(WAIT_S)
        connection.connect(str(state / FILE_NAME))
        connection.sendall(line)
        if hang_up:
            return b""
        with connection.makefile("rb") as stream:
            return stream.read()


def test_requests_are_answered_one_after_the_other_and_only_for_the_owner(tmp_path: Path) -> None:
    with serving(tmp_path):
        assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
        for text in ("one", "zwei – ü"):
            assert request(tmp_path, "echo", text=text) == ([{"item": text}], "echoed")
    assert not (tmp_path / FILE_NAME).exists()


def test_a_folder_without_a_server_is_not_running(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match=r"no gluehook is running on the state folder .*gluehook run"):
        request(tmp_path, "echo")


def test_a_socket_left_by_a_killed_process_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(tmp_path / FILE_NAME))
    with pytest.raises(NotRunning, match="no gluehook is running"):
        request(tmp_path, "echo")
    with serving(tmp_path):
        assert request(tmp_path, "echo", text=1)[0] == [{"item": 1}]


def test_a_socket_whose_file_is_removed_is_opened_anew(tmp_path: Path, problems: list[str]) -> None:
    with serving(tmp_path) as server:
        server.beat()
        for times in (1, 2):
            lost = server._socket
            (tmp_path / FILE_NAME).unlink()
            server.beat()
            until(lambda: server._socket not in (None, lost), "the socket is opened anew")  # noqa: B023 - called now
            assert request(tmp_path, "echo", text="again") == ([{"item": "again"}], "echoed")
            assert [said for said in problems if "was removed; it is opened anew" in said] == problems
            assert len(problems) == times


def test_a_file_in_its_place_is_left_alone_and_reported(tmp_path: Path, problems: list[str]) -> None:
    (tmp_path / FILE_NAME).write_text("mine")
    with serving(tmp_path):
        pass
    assert (tmp_path / FILE_NAME).read_text() == "mine"
    assert len(problems) == 1
    assert "cannot be opened: Address already in use; the work goes on" in problems[0]


def test_a_path_too_long_for_a_socket_is_reported_by_server_and_client(tmp_path: Path, problems: list[str]) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    too_long = pytest.raises(NotRunning, match=r"its path has \d+ bytes, and a socket's at most 107")
    with serving(deep), too_long:
        request(deep, "echo")
    assert len(problems) == 1
    assert "at most 107: give GLUEHOOK_STATE a shorter one; the work goes on" in problems[0]


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"\n", "is no line like"), (b"[1]\n", "is no line like"), (b'{"ask": ["echo"]}\n', "is no line like"),
        (b"\xff\xfe\n", "is no line like"), (b"[" * 50_000 + b"\n", "is no line like"),
        (b'{"ask": "status"}\n', "does not know 'status'; it knows echo, broken"),
        (b'{"ask": "' + b"x" * LONGEST_LINE_BYTES + b'"}\n', "longer than 1048576 bytes"),
    ],
    ids=["empty", "list", "no-name", "binary", "deep", "unknown", "long"],
)  # fmt: skip
def test_a_malformed_request_gets_one_error_and_the_server_goes_on(tmp_path: Path, line: bytes, says: str) -> None:
    with serving(tmp_path):
        (answer,) = raw(tmp_path, line).splitlines()
        assert says in json.loads(answer)["error"]
        assert request(tmp_path, "echo", text=1)[1] == "echoed"


def test_a_request_of_the_longest_length_is_answered(tmp_path: Path) -> None:
    line = b'{"ask": "echo", "text": "' + b'"}\n'.rjust(LONGEST_LINE_BYTES - 25, b"x")
    assert len(line) == LONGEST_LINE_BYTES
    with serving(tmp_path):
        *_, last = raw(tmp_path, line).splitlines()
        assert json.loads(last) == {"done": "echoed"}
        (last,) = raw(tmp_path, line.replace(b"x", b"xx", 1)).splitlines()
        assert "longer than 1048576 bytes" in json.loads(last)["error"]


def test_a_response_without_an_end_is_refused_by_the_client(tmp_path: Path) -> None:
    with serving(tmp_path, {"torn": lambda _: [{"item": 1}], "silent": lambda _: []}):
        with pytest.raises(Refused, match="the answer broke off; see its log"):
            request(tmp_path, "torn")
        with pytest.raises(Refused, match="closed the connection without an answer; see its log"):
            request(tmp_path, "silent")


def test_a_client_that_hangs_up_does_no_harm(tmp_path: Path, problems: list[str]) -> None:
    with serving(tmp_path):
        for line in (b"", b'{"ask"', b'{"ask": "echo"}\n'):
            raw(tmp_path, line, hang_up=True)
        assert request(tmp_path, "echo", text=1)[1] == "echoed"
    assert problems == []


def test_a_verb_that_raises_is_an_error_and_reported(tmp_path: Path, problems: list[str]) -> None:
    with serving(tmp_path):
        with pytest.raises(Refused, match="the answer broke: LookupError: not broken; "):
            request(tmp_path, "broken")
        assert request(tmp_path, "echo", text=1)[1] == "echoed"
    assert len(problems) == 1
