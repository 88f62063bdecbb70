"""Why Docker cannot be reached or refuses a request, as a sentence that says what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hooks.docker import address
from hooks.docker.answers import is_refusal
from hooks.docker.client import was_reached
from hooks.docker.listing import NoEngineError
from hooks.docker.unreachable import PROCESS, obstacle

# What a proxy that is set by variables must allow, by the first word of the path.
_SECTIONS = {"events": "EVENTS=1", "containers": "CONTAINERS=1", "version": "VERSION=1", "exec": "EXEC=1"}
_TO_READ = ("EVENTS=1", "CONTAINERS=1", "VERSION=1")  # all that reading needs: who lacks one may lack the next
# By the last word: the single actions, which such proxies allow without POST=1, and so without everything else.
_ACTIONS = {
    "restart": "ALLOW_RESTARTS=1", "kill": "ALLOW_RESTARTS=1", "start": "ALLOW_START=1", "stop": "ALLOW_STOP=1",
    "pause": "ALLOW_PAUSE=1", "unpause": "ALLOW_UNPAUSE=1",
}  # fmt: skip
_LATER = ("ALLOW_PAUSE=1", "ALLOW_UNPAUSE=1")  # older proxies have no variable for these
_VERSION = re.compile(r"^/v\d+(\.\d+)*(?=/)")
_ONE = re.compile(r"^/(containers|exec)/(?!(?:json|create|prune)$)[^/]+(?=/|$)")  # not the list, nor a creation


def why(error: BaseException, where: str, process: Path = PROCESS) -> str:
    """Why Docker cannot be used, and what to do about it, in one sentence without its full stop. Raises nothing.

    `where` is DOCKER_HOST as a person writes it: the socket's path or the address. `process` is as for `obstacle`.
    """
    response = getattr(error, "response", None)
    if response is not None:
        return _refusal(error, response, where)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, address.AddressError):
            return str(cause)
        if isinstance(cause, json.JSONDecodeError) and was_reached():
            return f"Docker at {where}, or a proxy before it, gives an answer that cannot be read: it is tried again"
        if isinstance(cause, NoEngineError | json.JSONDecodeError):
            return f"what answers at {where} is no Docker engine: correct DOCKER_HOST"
        said = obstacle(cause, where, reached=was_reached(), process=process)
        if said:
            return said
        cause = cause.__cause__ or cause.__context__
    return f"Docker at {where} cannot be reached ({type(error).__name__}: {error})"


def refused(method: str, path: str, status: int, where: str) -> str:
    """Who refuses a request and what to do, in one sentence without its full stop; `where` is as for `why`."""
    if where.startswith("https:") or (where == address.shown() and address.uses_tls()):
        return (
            f"Docker at {where} refuses {method} {path} ({status}): an authorization plugin of Docker's forbids it to "
            "the certificate that gluehook shows; allow it there"
        )
    return f"the proxy before Docker's socket at {where} forbids {method} {path} ({status}): {remedy(method, path)}"


def remedy(method: str, path: str) -> str:
    """What to allow at the proxy, for both kinds of proxy: those with variables, and those with lists of paths."""
    plain = _VERSION.sub("", path)
    general = _ONE.sub(r"/\1/ID", plain)
    note = ", without a version before it" if plain == "/version" else ""
    lacks = needs(method, path)
    words = " ".join(dict.fromkeys([*_TO_READ, lacks])) if method == "GET" else lacks
    if any(later in lacks for later in _LATER):
        words += " (POST=1 where the proxy is too old to know that)"
    return (
        f"it lacks {lacks}; set {words} in its environment and recreate it, or, if it has a list of allowed paths, add "
        f"{method} {general} to it{note}"
    )


def needs(method: str, path: str) -> str:
    """The variables of a proxy that allow a request, as `CONTAINERS=1 ALLOW_RESTARTS=1`."""
    words = _VERSION.sub("", path).strip("/").split("/")
    section = _SECTIONS.get(words[0], words[0].upper() + "=1")
    if method in ("GET", "HEAD"):
        return section
    if words[-1] == "exec":
        return "CONTAINERS=1 EXEC=1 POST=1"
    if words[0] != "containers":
        return f"{section} POST=1"
    action = _ACTIONS.get(words[-1], "POST=1") if method == "POST" else "POST=1"
    return f"{section} {action}"


def _refusal(error: BaseException, response: Any, where: str) -> str:
    path = urlsplit(str(response.url)).path
    method = getattr(getattr(response, "request", None), "method", None) or "GET"
    if is_refusal(response):
        return refused(method, path, response.status_code, where)
    said = getattr(error, "explanation", None) or response.reason
    if response.status_code == 400 and "HTTP request to an HTTPS server" in str(said):
        return f"Docker at {where} speaks only TLS: set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the certificates"
    return f"Docker at {where} answers {method} {path} with {response.status_code}: {str(said)[:200]}"
