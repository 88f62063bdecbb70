"""Which page is at which address."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from hooks.web.rendering import page

router = APIRouter(include_in_schema=False)


@router.get("/")
def overview(request: Request) -> HTMLResponse:
    """The overview."""
    views = request.app.state.views
    return page(request, "overview.html", health=views.health())
