"""The login page, and the end of a session."""

from __future__ import annotations

import math
import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hooks.web.access import COOKIE, Access, TooOften
from hooks.web.forms import fields
from hooks.web.rendering import page
from hooks.web.routing import Router
from hooks.web.visit import Visit

router = Router()
_OWN_PAGE = re.compile(r"/(?![/\\])[^\\\x00-\x20]*")  # of this site: a browser takes // and /\ for another host


@router.get("/login")
def login(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """The form, or the page itself for who is in already."""
    if request.state.identity is not None:
        return go_to(request, next)
    return _form(request, next)


@router.post("/login")
async def log_in(request: Request) -> Response:
    """Begin a session, if the password is right."""
    access, visit = _access(request), _visit(request)
    sent = await fields(request)
    next_page = sent.get("next", "/")
    try:
        cookie = access.log_in(visit, sent.get("password", ""))
    except TooOften as why:
        response = _form(request, next_page, str(why), 429)
        response.headers["Retry-After"] = str(math.ceil(why.wait_s))
        return response
    if cookie is None:
        return _form(request, next_page, "that is not the password", 403)
    response = go_to(request, next_page)
    response.set_cookie(
        COOKIE, cookie, path=visit.prefix or "/", secure=visit.is_secure, httponly=True, samesite="strict"
    )
    return response


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """End the session."""
    access, visit = _access(request), _visit(request)
    access.log_out(request.cookies.get(COOKIE, ""))
    response = RedirectResponse(f"{visit.prefix}/login", 303)
    response.delete_cookie(COOKIE, path=visit.prefix or "/")
    return response


def _form(request: Request, next_page: str, said: str = "", status: int = 200) -> Response:
    credentials = _access(request).credentials
    problems = credentials.problems if not credentials.has_password else []
    return page(request, "login.html", status, next=next_page, said=said, problems=problems)


def go_to(request: Request, path: str) -> Response:
    """Show a page of this site next; any other address means the first page."""
    own = path if _OWN_PAGE.fullmatch(path) else "/"
    return RedirectResponse(_visit(request).prefix + own, 303)


def _access(request: Request) -> Access:
    found: Access = request.app.state.access
    return found


def _visit(request: Request) -> Visit:
    found: Visit = request.state.visit
    return found
