"""The web application: the API, the pages and the static files, behind the headers and the gate.

`process.py` serves it with uvicorn, and tests do with a server of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from hooks.web import act, api, api_actions, login, scrape
from hooks.web.access import Access
from hooks.web.credentials import Credentials
from hooks.web.faults import Faults
from hooks.web.gate import Gate
from hooks.web.headers import SecurityHeaders
from hooks.web.metrics import Metrics
from hooks.web.pages import routes
from hooks.web.pages.page_reader import PageReader
from hooks.web.refusal import refused
from hooks.web.rendering import STATIC
from hooks.web.views import Views
from hooks.web.web_settings import WebSettings

API_VERSION = "1"


def create(
    views: Views, settings: WebSettings | None = None, clock: Callable[[], float] = time.monotonic
) -> ASGIApp:  # fmt: skip
    """The application that shows `views`. `clock` gives seconds: how long sessions and the waits of a login last."""
    settings = settings or WebSettings()
    credentials = Credentials(settings.secret, clock, forward_auth=bool(settings.user_header and settings.proxies))
    access = Access(credentials, clock)
    application = _application(views, access)
    return Faults(SecurityHeaders(Gate(application, settings.visits, access, settings.hosts)), application)


def _application(views: Views, access: Access) -> FastAPI:
    app = FastAPI(
        title="gluehook", version=API_VERSION, docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json",
        exception_handlers={HTTPException: _refused, RequestValidationError: _invalid},
    )  # fmt: skip
    app.state.views, app.state.access, app.state.pages = views, access, PageReader(views)
    app.state.metrics = Metrics(views)
    for router in (
        api.router, api_actions.router, api.plain, routes.router, login.router, act.router, scrape.router
    ):  # fmt: skip
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


async def _refused(request: Request, why: Exception) -> Response:
    assert isinstance(why, HTTPException)
    return refused(request, why.status_code, _WORDS.get(why.detail, why.detail), why.headers)


async def _invalid(request: Request, why: Exception) -> Response:
    assert isinstance(why, RequestValidationError)
    said = "; ".join(f"{'.'.join(str(part) for part in one['loc'][1:]) or 'the request'}: {one['msg']}"
                     for one in why.errors())  # fmt: skip
    return refused(request, 422, said[:500])


_WORDS = {"Not Found": "there is nothing at this address", "Method Not Allowed": "this address takes another method"}
