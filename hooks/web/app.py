"""The web application: the API, the pages and the static files, behind the headers and the gate.

`process.py` serves it with uvicorn, and tests do with a server of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from hooks.web import act, api, api_actions, hook, login, scrape
from hooks.web.access import Access
from hooks.web.faults import FAULT, Faults
from hooks.web.gate import Gate
from hooks.web.headers import SecurityHeaders
from hooks.web.json_answers import tagged
from hooks.web.metrics import Metrics
from hooks.web.operations import document
from hooks.web.pages import routes
from hooks.web.pages.page_reader import PageReader
from hooks.web.refusal import refused
from hooks.web.rendering import STATIC
from hooks.web.views import Views
from hooks.web.web_settings import WebSettings

OPENAPI = "/api/v1/openapi.json"


def create(
    views: Views, settings: WebSettings | None = None, clock: Callable[[], float] = time.monotonic
) -> ASGIApp:  # fmt: skip
    """The application that shows `views`. `clock` gives seconds: how long sessions and the waits of a login last."""
    settings = settings or WebSettings()
    access = Access(settings.credentials(clock), clock)
    application = _application(views, access)
    application.state.hooks = hook.Hooks(settings.secret, clock)
    return Faults(SecurityHeaders(Gate(application, settings.visits, access, settings.hosts)), application)


def _application(views: Views, access: Access) -> Starlette:
    app = Starlette(routes=list(_routes()), exception_handlers={HTTPException: _refused, Exception: _broken})
    app.state.views, app.state.access, app.state.pages = views, access, PageReader(views)
    app.state.metrics = Metrics(views)
    return app


def _routes() -> Iterator[BaseRoute]:
    operations = [*api.operations.all, *api_actions.operations.all, *api.plain.all, *hook.operations]
    shown = document(operations)
    yield Route(OPENAPI, lambda request: tagged(request, shown))
    yield from (operation.route for operation in operations)
    for module in (routes, login, act, scrape):
        yield from module.router.routes
    yield Mount("/static", StaticFiles(directory=STATIC), name="static")


async def _broken(request: Request, _: Exception) -> Response:
    return refused(request, 500, FAULT)


async def _refused(request: Request, why: Exception) -> Response:
    assert isinstance(why, HTTPException)
    return refused(request, why.status_code, _WORDS.get(why.detail, why.detail), why.headers)


_WORDS = {"Not Found": "there is nothing at this address", "Method Not Allowed": "this address takes another method"}
