"""What a person or a program may do here: pause, resume, retry, run. Each is one request to the running gluehook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from hooks.control.client import NotRunning
from hooks.control.server import Refused
from hooks.web.access import Access, Identity
from hooks.web.runner import Runner

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "pause": ("rule", "for"), "resume": ("rule",), "retry": ("run",), "run": ("rule", "event"),
}  # fmt: skip
"""Each action with the arguments that it takes; it has the name of its verb on the control socket."""
OFF = "actions are off: set GLUEHOOK_WEB_PASSWORD or GLUEHOOK_WEB_TOKEN, which are then also needed to read"


def act(runner: Runner, action: str, sent: Mapping[str, Any]) -> str:
    """Do it; what was done, in one sentence. Raises HTTPException, whose detail says why it was not done."""
    if action not in ARGUMENTS:
        raise HTTPException(404, f"there is no action '{action[:40]}'; there are {', '.join(ARGUMENTS)}")
    return ask(runner, action, **{name: sent[name] for name in ARGUMENTS[action] if name in sent})[1]


def ask(runner: Runner, verb: str, **arguments: Any) -> tuple[list[dict[str, Any]], str]:
    """Send one request to the runner. Raises HTTPException, whose detail says why it is not answered."""
    try:
        return runner.ask(verb, **arguments)
    except Refused as why:
        raise HTTPException(409, str(why)) from None
    except NotRunning as why:
        raise HTTPException(503, str(why)) from None


def actor(request: Request, csrf: str = "") -> Identity:
    """Who acts with this request. Raises HTTPException if it may not; `csrf` is the field of a form."""
    access: Access = request.app.state.access
    identity: Identity | None = request.state.identity
    if identity is None or not identity.may_act:
        raise HTTPException(403, OFF)
    if not access.is_csrf(identity, csrf or request.headers.get("x-csrf-token", "")):
        raise HTTPException(403, "the action was not begun on a page of this session; load the page again")
    return identity
