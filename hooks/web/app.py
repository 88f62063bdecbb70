"""The web application: the API, the pages and the static files, behind the headers.

`process.py` serves it with uvicorn, and tests do with a server of their own.
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from hooks.web import api
from hooks.web.headers import SecurityHeaders
from hooks.web.pages import routes
from hooks.web.pages.page_reader import PageReader
from hooks.web.rendering import STATIC
from hooks.web.views import Views


def create(views: Views) -> FastAPI:
    """The application that shows `views`."""
    app = FastAPI(
        title="gluehook", version=views.version, docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json"
    )
    app.state.views = views
    app.state.pages = PageReader(views)
    app.include_router(api.router)
    app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(SecurityHeaders)
    return app
