"""What the client of the control socket makes of a socket that answers with anything."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from hooks.control import client
from hooks.control.server import FILE_NAME, Refused

WAIT_S = 10.0
LINE = 5000


@contextmanager
def answering(state: Path, sent: bytes) -> Iterator[None]:
    """A control socket that answers one request with these bytes."""

    def answer() -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as stream, suppress(OSError):
            stream.readline()
            connection.sendall(sent)

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(state / FILE_NAME))
        listening.listen()
        thread = threading.Thread(target=answer)
        thread.start()
        yield
        thread.join(WAIT_S)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("sent", "kind", "said"),
    [(b"", Refused, "closed the connection without an answer"), (b"<html>\n", client.NotRunning, "no JSON"),
     (b"\xff\xfe\n", client.NotRunning, "no JSON"), (b"[1]\n", client.NotRunning, "no JSON object"),
     (b'{"kind": "x"}\n', Refused, "broke off"), (b'{"done": "x', client.NotRunning, "no JSON"),
     (b"a" * 100 * LINE, client.NotRunning, "a line without end"),
     (b'{"done": "' + b"a" * 2 * LINE + b'"}\n', client.NotRunning, "a line without end")],
    ids=["nothing", "html", "no text", "a list", "no end", "half", "endless", "long"],
)  # fmt: skip
def test_an_answer_that_is_none_gets_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: bytes, kind: type[Exception], said: str
) -> None:
    monkeypatch.setattr(client, "_LONGEST_LINE", LINE)
    with answering(tmp_path, sent), pytest.raises(kind, match=said):
        client.request(tmp_path, "snapshot")
