"""Who gave an answer with an error status: Docker itself, or what stands before it.

A container that Docker does not know is gone. A 404 of a proxy, which answers so to a path that is not on its list,
says nothing of the container. Docker's and Podman's errors are objects with a message.
"""

from __future__ import annotations

from typing import Any

_REFUSED = (401, 403, 405, 501)


def is_refusal(response: Any) -> bool:
    """Whether a proxy or an authorization plugin refuses the request: by a status that Docker itself has none of, or
    by a 404 that is not in Docker's words."""
    return response.status_code in _REFUSED or (response.status_code == 404 and not _is_dockers(response))


def is_absent(error: BaseException) -> bool:
    """Whether Docker itself says that there is no such container."""
    response = getattr(error, "response", None)
    return response is not None and response.status_code == 404 and _is_dockers(response)


def _is_dockers(response: Any) -> bool:
    try:
        return "message" in response.json()
    except (ValueError, TypeError):  # no JSON, or a number
        return False
