"""What each request passes before it reaches the application: its address, its size, and who it is from.

The order: the host must be one that this server can have, the path is freed of the prefix, who may not read is
sent to the login, and a request that changes something must come from our own pages or from a program with a token.
"""

from __future__ import annotations

import asyncio
import math
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hooks.web.access import COOKIE, Access, TooOften
from hooks.web.refusal import for_program, refused
from hooks.web.visit import Visit, Visits, is_known, without_default_port, without_port

MOST_BODY_BYTES = 2 * 1024 * 1024  # a rules file may have one, and a form writes some of its characters as three
TOO_LONG = f"the request is longer than {MOST_BODY_BYTES} bytes"
BODY_S = 20.0  # for the whole body
ANY_HOST = ("/healthz",)  # a probe may send no name, and nothing can be read there
OPEN = ("/healthz", "/readyz", "/login", "/static/")  # without a login
HOOKS = "/hook/"  # a hook has a token of its own, which is no one's login (hooks/web/hook.py)
_SAFE = ("GET", "HEAD", "OPTIONS")


class Gate:
    """Lets a request through to `app`, or answers it. `hosts` are the host names that settings name."""

    def __init__(self, app: ASGIApp, visits: Visits, access: Access, hosts: frozenset[str] = frozenset()) -> None:
        self._app, self._visits, self._access, self._hosts = app, visits, access, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, as ASGI calls it."""
        if scope["type"] != "http":
            return
        visit = self._visits.of(scope)
        scope["root_path"] = visit.prefix
        if visit.prefix and not f"{scope['path']}/".startswith(f"{visit.prefix}/"):
            scope["path"] = visit.prefix + scope["path"]  # the proxy has taken it away already
        scope.setdefault("state", {})["visit"] = visit
        request = Request(scope)
        answer = self._refusal(request, visit)
        if answer is not None:
            await answer(scope, receive, send)
            return
        await self._app(scope, _Body(receive).receive, send)

    def _refusal(self, request: Request, visit: Visit) -> Response | None:
        """The answer to a request that goes no further."""
        request.state.identity = None
        if _path(request, visit) not in ANY_HOST and not is_known(visit.host, self._hosts):
            return refused(request, 421, _unknown(visit))
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MOST_BODY_BYTES:
            return refused(request, 413, TOO_LONG)
        if request.method not in _SAFE and (why := _foreign(request, visit)):
            return refused(request, 403, why)
        if _path(request, visit).startswith(HOOKS):
            return None
        return self._identified(request, visit)

    def _identified(self, request: Request, visit: Visit) -> Response | None:
        try:
            identity = self._access.of(visit, request.headers.get("authorization", ""), request.cookies.get(COOKIE, ""))
        except TooOften as why:
            return refused(request, 429, str(why), {"Retry-After": str(math.ceil(why.wait_s))})
        request.state.identity = identity
        path = _path(request, visit)
        if identity is not None or path.startswith(OPEN):
            return None
        if for_program(request) or not self._access.credentials.has_password:
            return refused(request, 401, self._how(), {"WWW-Authenticate": "Bearer"})
        # the id of a run may hold a #, which must not end the path
        back = quote(quote(path) + (f"?{request.url.query}" if request.url.query else ""), safe="")
        return RedirectResponse(f"{visit.prefix}/login?next={back}", 303)

    def _how(self) -> str:
        said = "log in, or send the header Authorization: Bearer with the token of GLUEHOOK_WEB_TOKEN"
        return "; ".join([said, *self._access.credentials.problems])


def _path(request: Request, visit: Visit) -> str:
    """The path of the request without the prefix."""
    return str(request.scope["path"]).removeprefix(visit.prefix)


def _unknown(visit: Visit) -> str:
    if not visit.host:
        return "the request does not say under which name gluehook is reached (the header Host)"
    name = without_port(visit.host)[:100]
    return f"gluehook does not know that it is reached as '{name}'; if it is, set GLUEHOOK_WEB_HOSTS={name}"


def _foreign(request: Request, visit: Visit) -> str:
    """Why a request that changes something does not come from our own pages; "" if it may."""
    origin = request.headers.get("origin")
    if origin is not None:
        _, _, host = origin.partition("://")
        if without_default_port(host) != visit.root:
            return (f"the request comes from a page of '{origin[:100]}', and gluehook's own are at "
                    f"'{visit.host[:100]}'; if a reverse proxy is between them, let it send the browser's Host, or "
                    "X-Forwarded-Host and name its address in GLUEHOOK_WEB_PROXIES")  # fmt: skip
    elif request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return "the request comes from a page that is not gluehook's own"
    return ""


class _Body:
    """The body of a request, which must be there within `BODY_S` and not be longer than `MOST_BODY_BYTES`."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._bytes, self._is_whole = receive, 0, False

    async def receive(self) -> Message:
        """The next message. Raises HTTPException for a body that is too long or too slow."""
        if self._is_whole:
            return await self._receive()  # waits for the client to hang up
        try:
            async with asyncio.timeout(BODY_S):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, f"the request was not there within {BODY_S:g} s") from None
        self._bytes += len(message.get("body", b""))
        if self._bytes > MOST_BODY_BYTES:
            raise HTTPException(413, TOO_LONG)
        self._is_whole = not message.get("more_body", False)
        return message
