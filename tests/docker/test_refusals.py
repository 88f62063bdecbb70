"""The sentence for each reason why Docker cannot be asked, and the remedy in it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hooks.docker.refusals import needs, remedy, why

SOCKET = "/run/docker.sock"
OBSTACLES = [
    (FileNotFoundError(2, "No such file"), "Docker's socket /run/docker.sock is not there: "),
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


def test_an_unknown_error_is_shown_as_it_is() -> None:
    assert why(RuntimeError("odd"), SOCKET) == "Docker at /run/docker.sock cannot be reached (RuntimeError: odd)"


@pytest.mark.parametrize(
    ("path", "lacks"),
    [("/v1.41/containers/abc/json", "CONTAINERS=1"), ("/v1.41/events", "EVENTS=1"), ("/version", "VERSION=1"),
     ("/v1.41/exec/abc/json", "EXEC=1"), ("/info", "INFO=1")],
)  # fmt: skip
@pytest.mark.parametrize("status", [401, 403, 405])
def test_a_proxys_refusal_names_both_kinds_of_remedy(path: str, lacks: str, status: int) -> None:
    said = why(RefusedError(status, path), SOCKET)
    assert f"forbids GET {path} ({status}): it lacks {lacks}; set EVENTS=1 CONTAINERS=1 VERSION=1" in said
    assert "if it has a list of allowed paths, add GET /" in said
    assert ("without a version before it" in said) == (path == "/version")


@pytest.mark.parametrize(
    ("method", "path", "lacks"),
    [("POST", "/v1.41/containers/abc/restart", "CONTAINERS=1 ALLOW_RESTARTS=1"),
     ("POST", "/containers/abc/start", "CONTAINERS=1 ALLOW_START=1"),
     ("POST", "/v1.55/containers/create", "CONTAINERS=1 POST=1"),
     ("DELETE", "/v1.41/containers/abc", "CONTAINERS=1 POST=1"),
     ("POST", "/v1.41/containers/abc/exec", "CONTAINERS=1 EXEC=1 POST=1"),
     ("POST", "/v1.41/exec/abc/start", "EXEC=1 POST=1")],
)  # fmt: skip
def test_what_a_write_needs(method: str, path: str, lacks: str) -> None:
    assert needs(method, path) == lacks


def test_a_path_in_the_list_names_no_container_and_no_version() -> None:
    assert "add POST /containers/ID/restart to it" in remedy("POST", "/v1.41/containers/abc/restart")
    assert "add POST /exec/ID/start to it" in remedy("POST", "/v1.41/exec/abc/start")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/containers/create"), ("GET", "/containers/json"), ("POST", "/containers/prune")]
)
def test_a_path_about_no_one_container_stays_as_it_is(method: str, path: str) -> None:
    assert f"add {method} {path} to it" in remedy(method, f"/v1.41{path}")


def test_over_tls_there_is_no_proxy_to_blame() -> None:
    said = why(RefusedError(403, "/v1.41/events"), "https://docker.example:2376")
    assert "proxy" not in said
    assert "an authorization plugin" in said


def test_another_status_is_shown_with_dockers_own_words() -> None:
    assert why(RefusedError(500, "/v1.41/events", "no space left"), SOCKET).endswith(
        "/v1.41/events with 500: no space left"
    )
    assert why(RefusedError(502, "/v1.41/events", reason="Bad Gateway"), SOCKET).endswith("with 502: Bad Gateway")
    assert why(RefusedError(500, "/v1.41/events", "x" * 999), SOCKET).endswith(": " + "x" * 200)
