"""Why Docker cannot be reached or refuses a request, as a sentence that says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# What a socket proxy must allow: the words of the well-known ones' environment.
_NEEDS = {"events": "EVENTS=1", "containers": "CONTAINERS=1", "version": "VERSION=1"}


def why(error: BaseException, where: str) -> str:
    """Why Docker cannot be used, and what to do about it, in one sentence without its full stop.

    `where` is DOCKER_HOST as a person writes it: the socket's path or the address.
    """
    response = getattr(error, "response", None)
    if response is not None:
        return _refusal(error, response, where)
    cause: BaseException | None = error
    while cause is not None:
        said = _obstacle(cause, where)
        if said:
            return said
        cause = cause.__cause__ or cause.__context__
    return f"Docker at {where} cannot be reached ({type(error).__name__}: {error})"


def _refusal(error: BaseException, response: Any, where: str) -> str:
    path = urlsplit(str(response.url)).path
    asked = path.split("/")[2] if path.startswith("/v") and path.count("/") > 1 else path.strip("/")
    if response.status_code == 403:
        needs = " ".join(_NEEDS.values())
        return (
            f"the proxy before Docker's socket at {where} forbids GET {path} (403): it lacks "
            f"{_NEEDS.get(asked, asked.upper() + '=1')}; set {needs} in its environment and recreate it"
        )
    said = getattr(error, "explanation", None) or response.reason
    return f"Docker at {where} answers GET {path} with {response.status_code}: {str(said)[:200]}"


def _obstacle(error: BaseException, where: str) -> str:
    match error:
        case PermissionError():
            return _forbidden(where)
        case FileNotFoundError():
            return (
                f"Docker's socket {where} is not there: mount it into gluehook's container "
                f'(volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"]) or set DOCKER_HOST'
            )
        case ConnectionRefusedError():
            return f"nothing listens at {where}: Docker is not running there"
        case ConnectionResetError() | BrokenPipeError():
            return f"Docker at {where} closes the connection without an answer: it is starting or stopping"
        case TimeoutError():
            return f"Docker at {where} takes connections but does not answer"
    return ""


def _forbidden(path: str) -> str:
    try:
        group = str(Path(path).stat().st_gid)
    except OSError:
        group = "the group of the socket"
    return (
        f"gluehook may not use Docker's socket {path} (permission denied): add the line "
        f'`group_add: ["{group}"]` to its service in the compose file and recreate it with `docker compose up -d`'
    )
