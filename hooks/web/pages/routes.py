"""Which page is at which address."""

from __future__ import annotations

from functools import partial
from typing import cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hooks.web.forms import fields
from hooks.web.pages.page_reader import PageReader
from hooks.web.pages.runs import OUTCOMES, SPANS
from hooks.web.refusal import refused
from hooks.web.rendering import page
from hooks.web.routing import Router

router = Router()

# for which kinds of the stream a page is fetched anew
_RUNS = "run_started run_ended missed"
_TRACE = f"{_RUNS} step decision"
_RULES = f"{_RUNS} rules command"
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


@router.get("/rules")
def rules(request: Request) -> HTMLResponse:
    """The rules file that is in force."""
    pages = _pages(request)
    it = pages.rules.page()
    return page(request, "rules.html", it=it, listens=_RULES, again_s=pages.rules_again_s)


@router.get("/try")
def try_event(request: Request, event: str = "") -> HTMLResponse:
    """What the rules would do with an event."""
    return page(request, "try.html", it=_pages(request).trial(event))


@router.post("/try/replay")
async def try_rules(request: Request) -> HTMLResponse:
    """What the rules of the form would have done with the last 24 h. Fields: rules, and show, all or differences."""
    sent = await fields(request)
    replay = partial(_pages(request).replay, sent.get("rules", ""), compare=sent.get("show") != "all")
    return page(request, "try.html", it=await run_in_threadpool(replay))


@router.get("/peers")
def peers(request: Request) -> HTMLResponse:
    """WireGuard's peers."""
    it, again_s = _pages(request).peers()
    return page(request, "peers.html", it=it, listens="event", again_s=again_s)


def _pages(request: Request) -> PageReader:
    return cast(PageReader, request.app.state.pages)
