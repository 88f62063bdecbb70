"""Who gave an answer with an error status: Docker itself, or what stands before it.

A container that Docker does not know is gone. A 404 of a proxy, which answers so to a path that is not on its list,
says nothing of the container. Docker's and Podman's errors are objects with a message.
"""

from __future__ import annotations

from typing import Any

_REFUSED = (401, 403, 405, 501)
_PODMAN_KNOWS_NONE = "no such container"


def is_refusal(response: Any) -> bool:
    """Whether a proxy or an authorization plugin refuses the request: by a status that Docker itself has none of, or
    by a 404 that is not in Docker's words."""
    return response.status_code in _REFUSED or (response.status_code == 404 and not _is_dockers(response))


def is_absent(error: BaseException) -> bool:
    """Whether Docker itself says that the container is not there which an inspect, a stop or a removal was for.

    Podman says so with 500 where the container was removed while the request was under way (seen with 4.3: "container
    ID does not exist in database: no such container"). It says the same of a parent, to a request that starts one.
    """
    response = getattr(error, "response", None)
    if response is None:
        return False
    says = _message(response)
    return (response.status_code == 404 and says is not None) or (
        response.status_code == 500 and isinstance(says, str) and says.endswith(_PODMAN_KNOWS_NONE)
    )


def _is_dockers(response: Any) -> bool:
    return _message(response) is not None


def _message(response: Any) -> object:
    """What the error says; None for an answer that is none of Docker's."""
    try:
        return response.json()["message"]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):  # no JSON, a number, a list, or too deep
        return None
