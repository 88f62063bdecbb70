"""The sentence for each reason why Docker cannot be asked, and the remedy in it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from hooks.docker.refusals import why

SOCKET = "/run/docker.sock"
OBSTACLES = [
    (FileNotFoundError(2, "No such file"), "Docker's socket /run/docker.sock is not there: mount it"),
    (ConnectionRefusedError(), "at /run/docker.sock: Docker is not running there"),
    (ConnectionResetError(), "closes the connection without an answer"),
    (BrokenPipeError(), "closes the connection without an answer"),
    (TimeoutError(), "takes connections but does not answer"),
]


class RefusedError(Exception):
    """A failed request, as docker-py and requests raise it."""

    def __init__(self, status: int, path: str, explanation: str | None = None, reason: str = "Forbidden") -> None:
        self.explanation = explanation
        self.response = SimpleNamespace(status_code=status, url=f"http://localhost{path}", reason=reason)


def after(context: BaseException | None, cause: BaseException | None) -> Exception:
    """A library's own exception that hides the reason."""
    wrapper = OSError("connection aborted")
    wrapper.__context__, wrapper.__cause__ = context, cause
    return wrapper


@pytest.mark.parametrize(("error", "words"), OBSTACLES)
def test_the_reason_is_found_wherever_it_is_in_the_chain(error: OSError, words: str) -> None:
    assert words in why(error, SOCKET)
    assert words in why(after(None, after(error, None)), SOCKET)
    assert words in why(after(after(None, error), None), SOCKET)


def test_a_stated_cause_comes_before_the_context() -> None:
    assert "not running there" in why(after(TimeoutError(), ConnectionRefusedError()), SOCKET)


def test_a_forbidden_socket_names_its_group(tmp_path: Path) -> None:
    socket = tmp_path / "docker.sock"
    socket.touch()
    said = why(PermissionError(13, "Permission denied"), str(socket))
    assert f'`group_add: ["{socket.stat().st_gid}"]`' in said
    assert "the group of the socket" in why(PermissionError(), str(tmp_path / "none"))


def test_an_unknown_error_is_shown_as_it_is() -> None:
    assert why(RuntimeError("odd"), SOCKET) == "Docker at /run/docker.sock cannot be reached (RuntimeError: odd)"


@pytest.mark.parametrize(
    ("path", "lacks"),
    [("/v1.41/containers/abc/json", "CONTAINERS=1"), ("/v1.41/events", "EVENTS=1"), ("/version", "VERSION=1"),
     ("/v1.41/exec/abc/json", "EXEC=1"), ("/info", "INFO=1")],
)  # fmt: skip
def test_a_proxys_403_names_the_word_that_it_lacks(path: str, lacks: str) -> None:
    said = why(RefusedError(403, path), SOCKET)
    assert f"forbids GET {path} (403): it lacks {lacks}; " in said
    assert "set EVENTS=1 CONTAINERS=1 VERSION=1 in its environment" in said


def test_another_status_is_shown_with_dockers_own_words() -> None:
    assert why(RefusedError(500, "/v1.41/events", "no space left"), SOCKET).endswith(
        "/v1.41/events with 500: no space left"
    )
    assert why(RefusedError(502, "/v1.41/events", reason="Bad Gateway"), SOCKET).endswith("with 502: Bad Gateway")
    assert why(RefusedError(500, "/v1.41/events", "x" * 999), SOCKET).endswith(": " + "x" * 200)
