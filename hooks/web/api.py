"""The API, `/api/v1`: JSON for programs. Each refusal is {"error": one sentence}; what cannot be read now is 503."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response, StreamingResponse

from hooks.journal.pages import OutcomeFilter
from hooks.trace.trace import NoSuchRun
from hooks.web import schema
from hooks.web.answer import Answer
from hooks.web.etags import tagged
from hooks.web.following import TooMany
from hooks.web.stream import EventStream
from hooks.web.summary import summary
from hooks.web.views import Views

MOST = 200  # runs or events in one answer
_DAY_S = 86400.0


def views_of(request: Request) -> Views:
    """What is shown."""
    found: Views = request.app.state.views
    return found


def refusals(*codes: int) -> dict[int | str, dict[str, Any]]:
    """These answers, and those that every address may give, for the schema."""
    return {code: {"model": schema.Error} for code in (*codes, 401, 421, 429)}


ViewsOf = Annotated[Views, Depends(views_of)]
_Before = Annotated[str, Query(max_length=100, description="`next` of the page before")]
_Limit = Annotated[int, Query(ge=1, le=MOST)]
_Since = Annotated[float, Query(ge=0, le=1e11, description="seconds since the Unix epoch")]

router = APIRouter(prefix="/api/v1")
plain = APIRouter()  # beside it


@router.get("/status", responses={200: {"model": schema.Status}, **refusals()})
def status(request: Request, views: ViewsOf) -> Response:
    """Whether gluehook is well, and what the runner knows now."""
    health, snapshot = views.health(), views.snapshot()
    failed = views.runs(outcome="failed", since=max(0.0, views.now() - _DAY_S), limit=1000).value
    short = summary(health, snapshot.value, None if failed is None else len(failed["runs"]))
    return tagged(request, {
        "version": views.version, **health, "unknown": views.unknown(), "summary": short, "snapshot": snapshot.value,
        "snapshot_at": None if snapshot.value is None else snapshot.at,
    })  # fmt: skip


@router.get("/runs", responses={200: {"model": schema.RunsPage}, **refusals(422, 503)})
def runs(
    request: Request, views: ViewsOf, *, before: _Before = "", limit: _Limit = 50, rule: str = "", key: str = "",
    event: str = "", outcome: OutcomeFilter = "", since: _Since = 0.0,
) -> Response:  # fmt: skip
    """Past runs, newest first."""
    try:
        page = views.runs(
            before=before, limit=limit, rule=rule, key=key, event=event, outcome=outcome, since=since
        )  # fmt: skip
    except ValueError as wrong:
        raise HTTPException(422, str(wrong)) from None
    return tagged(request, _known(page))


@router.get("/runs/{run:path}", responses={200: {"description": "The trace"}, **refusals(404, 422, 503)})
def trace(request: Request, views: ViewsOf, run: str) -> Response:
    """Everything that is known of one run; write # in its id as %23."""
    try:
        return tagged(request, _known(views.trace(run)))
    except NoSuchRun as why:
        raise HTTPException(404, str(why)) from None


@router.get("/events", responses={200: {"model": schema.EventsPage}, **refusals(422, 503)})
def events(request: Request, views: ViewsOf, before: _Before = "", limit: _Limit = 50, since: _Since = 0.0) -> Response:
    """Accepted events, newest first."""
    try:
        page = views.events(before=before, limit=limit, since=since)
    except ValueError as wrong:
        raise HTTPException(422, str(wrong)) from None
    return tagged(request, _known(page))


@router.get("/rules", responses={200: {"model": schema.Rules}, **refusals()})
def rules(request: Request, views: ViewsOf) -> Response:
    """The rules in force."""
    snapshot, text = views.snapshot(), views.rules_text()
    known, found = snapshot.value or {}, text.value or {}
    return tagged(request, {
        "file": known.get("rules_file", found.get("file")),
        "fingerprint": known.get("fingerprint", found.get("fingerprint")),
        "rules": known.get("rules"), "text": found.get("text"), "unknown": [*filter(None, (snapshot.why, text.why))],
    })  # fmt: skip


@router.get("/doctor", responses={200: {"model": schema.Findings}, **refusals()})
def doctor(request: Request, views: ViewsOf) -> Response:
    """What the doctor has found, at most some minutes ago. If that is longer ago, it looks again meanwhile."""
    found = views.findings.latest()
    value = (found.value if found else None) or {}
    said = (found.why or value.get("said", "")) if found else "the doctor looks for the first time"
    return tagged(request, {
        "at": found.at if found and found.value is not None else None, "findings": value.get("findings"),
        "said": said, "is_looking": views.findings.is_reading,
    })  # fmt: skip


@router.get(
    "/stream", response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Until it is closed"}, **refusals(422, 503)},
)  # fmt: skip
async def stream(views: ViewsOf, kinds: Annotated[str, Query(max_length=300)] = "") -> EventStream:
    """What happens, as server-sent events: the items of docs/control-socket.md, and `runner` when it comes and goes.

    `kinds`: some of them, with commas between them.
    """
    try:
        subscriber = views.following.subscribe(frozenset(filter(None, kinds.split(","))))
    except TooMany as why:
        raise HTTPException(503, str(why), {"Retry-After": "10"}) from None
    return EventStream(views.following, subscriber)


@plain.get("/readyz", responses={200: {"model": schema.Ready}, 503: {"model": schema.Ready}, **refusals()})
def readyz(request: Request, views: ViewsOf) -> JSONResponse:
    """Whether the runner is followed and the journal can be read. Needs no login, but says why only to who may read."""
    unknown = views.unknown()
    said = unknown if request.state.identity is not None else []
    return JSONResponse({"ready": not unknown, "unknown": said}, 503 if unknown else 200)


@plain.get("/healthz", responses=refusals())
async def healthz() -> dict[str, str]:
    """Whether the web process answers. Needs no login."""
    return {"status": "ok"}


def _known(answer: Answer) -> Any:
    if answer.value is None:
        raise HTTPException(503, answer.why, {"Retry-After": "5"})
    return answer.value
