"""Which page is at which address."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from hooks.web.pages.page_reader import PageReader
from hooks.web.rendering import page

router = APIRouter(include_in_schema=False)


@router.get("/")
def overview(request: Request, examine: str = "") -> HTMLResponse:
    """The overview."""
    pages = _pages(request)
    it = pages.overview(examine=bool(examine))
    return page(request, "overview.html", it=it, again_s=pages.again_s)


def _pages(request: Request) -> PageReader:
    return cast(PageReader, request.app.state.pages)
