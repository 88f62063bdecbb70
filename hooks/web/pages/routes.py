"""Which page is at which address."""

from __future__ import annotations

from typing import cast

from starlette.requests import Request
from starlette.responses import HTMLResponse

from hooks.web.pages.page_reader import PageReader
from hooks.web.pages.runs import OUTCOMES, SPANS
from hooks.web.refusal import refused
from hooks.web.rendering import page
from hooks.web.routing import Router

router = Router()

# for which kinds of the stream a page is fetched anew
_RUNS = "run_started run_ended missed"
_TRACE = f"{_RUNS} step decision"
_OVERVIEW = f"{_RUNS} event decision run_overdue source rules command stopping"


@router.get("/")
def overview(request: Request, examine: str = "") -> HTMLResponse:
    """The overview."""
    pages = _pages(request)
    it = pages.overview(examine=bool(examine))
    return page(request, "overview.html", it=it, listens=_OVERVIEW, again_s=pages.again_s)


@router.get("/runs")
def runs(request: Request) -> HTMLResponse:
    """The list of runs; the query filters it."""
    it = _pages(request).runs(request.query_params)
    return page(request, "runs.html", it=it, outcomes=OUTCOMES, spans=SPANS, listens="" if it.filter.before else _RUNS)


@router.get("/runs/{run:path}")
def trace(request: Request, run: str) -> HTMLResponse:
    """The trace of one run."""
    try:
        it = _pages(request).trace(run)
    except LookupError as why:
        return cast(HTMLResponse, refused(request, 404, str(why)))
    return page(request, "trace.html", it=it, listens=_TRACE)


def _pages(request: Request) -> PageReader:
    return cast(PageReader, request.app.state.pages)
