"""A command inside a running container: its output piece by piece, its exit code, and an end to waiting for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

from hooks.handler import Retry

_HEADER_BYTES = 8  # before each frame of output: its stream, three zeros, its length in four bytes
_PIECE_BYTES = 65536
_PAUSE_S = 0.05


def run(
    client: Any,
    container_id: str,
    command: Sequence[str],
    take: Callable[[bytes], object],
    *,
    left: Callable[[], float],
    wait: Callable[[float], object],
    user: str | None = None,
    workdir: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> int | None:
    """The exit code; None where the command still runs when no time is `left` (seconds), for Docker cannot end it.

    `take` gets what it says, `wait` sleeps so many seconds. Raises Retry for an answer that is none of Docker's.
    """
    created = client.exec_create(container_id, list(command), user=user or "", workdir=workdir, environment=environment)
    try:
        exec_id = created["Id"]
    except (KeyError, TypeError):
        what = f"'{command[0]}' in container '{container_id[:12]}'"
        raise Retry(f"cannot run {what}: Docker's answer is not one of a Docker engine") from None
    from requests import ReadTimeout
    from urllib3.exceptions import ReadTimeoutError

    try:
        with _output(client, exec_id, left()) as pieces:
            for piece in pieces:
                take(piece)
        # the output may end a moment before Docker knows the exit code
        while (code := _exit_code(client.exec_inspect(exec_id))) is None and left() > _PAUSE_S:
            wait(_PAUSE_S)
    except (ReadTimeout, ReadTimeoutError):  # a busy engine; the socket's time-out may also come before the alarm
        return None
    return code


def _exit_code(inspected: Mapping[str, Any]) -> int | None:
    """None while it runs: Docker then has no exit code, and Podman has 0."""
    code = inspected.get("ExitCode")
    return None if inspected.get("Running") or code is None else int(code)


@contextmanager
def _output(client: Any, exec_id: str, left_s: float) -> Iterator[Iterator[bytes]]:
    """What the command says. The stream is shut when the time is over.

    docker-py's own `exec_start` waits for output without any time-out, and with its protocol upgrade it may lose
    what arrives together with the headers; so this is the same call without the upgrade.
    """
    url = client._url("/exec/{0}/start", exec_id)
    reply = client._post_json(url, data={"Detach": False, "Tty": False}, stream=True)
    client._raise_for_status(reply)
    alarm = threading.Timer(max(left_s, 0.0), _shut, (reply.raw,))
    alarm.start()
    try:
        with closing(reply):
            yield _frames(reply.raw)
    finally:
        alarm.cancel()
        alarm.join()


def _shut(raw: Any) -> None:
    with suppress(OSError, RuntimeError, ValueError):  # the output has ended at the same instant, and it is closed
        raw.shutdown()


def _frames(raw: Any) -> Iterator[bytes]:
    while len(header := raw.read(_HEADER_BYTES)) == _HEADER_BYTES:
        length = int.from_bytes(header[4:], "big")
        while length > 0 and (piece := raw.read(min(length, _PIECE_BYTES))):
            length -= len(piece)
            yield piece
