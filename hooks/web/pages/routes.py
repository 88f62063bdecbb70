"""Which page is at which address."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from hooks.web.pages.findings import diagnosis
from hooks.web.pages.overview import overview as overview_of
from hooks.web.rendering import page

router = APIRouter(include_in_schema=False)

# what a page is fetched anew for; base.html hands it to the script
_CHANGES = "event decision run_started run_ended run_overdue source rules command stopping hello"


@router.get("/")
def overview(request: Request) -> HTMLResponse:
    """The overview."""
    views = request.app.state.views
    snapshot, doctor = views.snapshot(), views.doctor()
    answer = None if doctor.value is None else {"at": doctor.at, **doctor.value}
    findings = answer["findings"] if answer else []
    it = overview_of(views.health(), snapshot.value, snapshot.why, diagnosis=diagnosis(answer, doctor.why),
                     findings=findings)  # fmt: skip
    return page(request, "overview.html", it=it, listens=_CHANGES)
