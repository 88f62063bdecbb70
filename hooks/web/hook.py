"""`POST /hook/NAME`: another program calls, and the rules that listen to hook.called run.

A call is answered with 202 once the journal of the runner has it. The page's login does not stand before it: a hook has
a token of its own, which opens nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hooks.events import hook_names, signals
from hooks.web.actions import ask
from hooks.web.api import views_of
from hooks.web.hook_body import body_of, values_of
from hooks.web.hook_limits import HookLimits
from hooks.web.hook_tokens import SIGNATURE, HookTokens, NoToken, sent
from hooks.web.json_answers import answer
from hooks.web.login_limit import LoginLimit
from hooks.web.operations import Operation
from hooks.web.visit import Visit

PREFIX = "/hook/"
_AT_ONCE, _MOST_WAITING = 2, 20  # calls that are handed to the runner at once, and that wait for it
_KEYS = ("idempotency-key", "x-github-delivery")
_LONGEST_KEY = 200
_SOON_S = 5  # after which a program may try again
_HOW = ("send the token of the hook: Authorization: Bearer TOKEN, X-Gluehook-Token: TOKEN, or as the password of basic "
        "authentication")  # fmt: skip


class Hooks:
    """What the hooks of one web process share. `read` reads a secret, `clock` gives seconds."""

    def __init__(self, read: Callable[[str], str | None], clock: Callable[[], float]) -> None:
        self.tokens, self.limits, self.wrong = HookTokens(read), HookLimits(clock), LoginLimit(clock)
        self._handing, self._waiting = anyio.CapacityLimiter(_AT_ONCE), 0
        self._told: set[str] = set()

    def tell_once(self, said: str) -> None:
        """Say in the log why a hook takes nothing, once for each reason."""
        if said not in self._told and len(self._told) < 100:
            self._told.add(said)
            signals.emit(signals.problem, said=f"web: {said}")

    async def hand_over(self, call: Callable[[], Any]) -> Any:
        """What the runner answers. Raises HTTPException where it does not, or where too many wait for it."""
        if self._waiting >= _MOST_WAITING:
            raise _unavailable("too many calls of hooks wait for the running gluehook")
        self._waiting += 1
        try:
            return await run_sync(call, limiter=self._handing)
        except HTTPException as why:
            raise _unavailable(why.detail) from None
        finally:
            self._waiting -= 1


async def call_hook(request: Request, name: str) -> Response:
    """Call the hook of this name: the rules that listen to it run. 202 once the call is in the journal."""
    hooks: Hooks = request.app.state.hooks
    if not hook_names.is_name(name):
        raise HTTPException(404, f"that is not the name of a hook; {hook_names.WRITE}")
    values = await _allowed(hooks, request, name)
    if wait_s := hooks.limits.wait_s(name, len(str(values["json"])) + len(str(values["query"]))):
        raise HTTPException(429, f"the hook '{name}' is called too often, or with too much", _after(wait_s))
    items, _ = await hooks.hand_over(partial(ask, views_of(request).runner, "hook", name=name, **values))
    return _answer(name, items[0]["taken"], items[0]["event"])


def _answer(name: str, taken: str, event: str) -> Response:
    if taken == "no rule":
        raise HTTPException(404, f"no rule listens to the hook '{name}': `gluehook explain hook.called name={name}` "
                                 "says which were nearest")  # fmt: skip
    if taken == "not stored":
        raise _unavailable("the journal cannot be written now")
    return answer({"taken": taken, "event": event}, 202)


async def _allowed(hooks: Hooks, request: Request, name: str) -> dict[str, Any]:
    """What a call that may be made holds, for the verb `hook`. Raises HTTPException."""
    visit: Visit = request.state.visit
    if wait_s := hooks.wrong.wait_s(visit.client):
        raise HTTPException(429, f"too many wrong tokens; try it again in {wait_s:.0f} s", _after(wait_s))
    headers = request.headers
    # who sends no right token has no body read, unless the body itself is what was signed
    body = await body_of(request) if SIGNATURE in headers else b""
    if not _opens(hooks, request, name, body):
        if sent(headers) or SIGNATURE in headers:
            hooks.wrong.wrong(visit.client)
        raise HTTPException(401, f"the token of the hook '{name}' is missing or wrong; {_HOW}",
                            {"WWW-Authenticate": "Bearer"})  # fmt: skip
    hooks.wrong.known(visit.client)
    body = body or await body_of(request)
    key = next((headers[one] for one in _KEYS if headers.get(one)), "")
    if len(key) > _LONGEST_KEY or not key.isprintable():
        raise HTTPException(400, f"an idempotency key has at most {_LONGEST_KEY} characters that can be printed")
    query = {one: value.encode(errors="replace").decode() for one, value in request.query_params.items()}
    return {"json": values_of(body, headers.get("content-type", "")), "query": query, "key": key}


def _opens(hooks: Hooks, request: Request, name: str, body: bytes) -> bool:
    if "token" in request.query_params:
        raise HTTPException(400, f"a token in the address stands in the logs of others; take it out, and {_HOW}")
    try:
        return hooks.tokens.opens(name, request.headers, body)
    except NoToken as why:
        hooks.tell_once(str(why))
        raise HTTPException(404, "this hook takes nothing now; the log of gluehook says why") from None


def _unavailable(said: str) -> HTTPException:
    return HTTPException(503, f"{said}; send it again", {"Retry-After": str(_SOON_S)})


def _after(wait_s: float) -> dict[str, str]:
    return {"Retry-After": str(math.ceil(wait_s))}


_ANSWERS = {202: "Taken", **dict.fromkeys((400, 401, 404, 408, 413, 415, 421, 429, 503), "Error")}
operations = (Operation("POST", PREFIX + "{name}", call_hook, _ANSWERS),)
