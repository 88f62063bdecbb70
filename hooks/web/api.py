"""The API, `/api/v1`: JSON for programs. Each refusal is {"error": one sentence}; what cannot be read now is 503."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hooks.trace.trace import NoSuchRun
from hooks.web.access import COOKIE, Access
from hooks.web.answer import Answer
from hooks.web.following import TooMany
from hooks.web.json_answers import answer, tagged
from hooks.web.operations import Operations
from hooks.web.stream import EventStream
from hooks.web.summary import summary
from hooks.web.views import Views

_DAY_S = 86400.0

operations = Operations()
plain = Operations("")  # beside it


def views_of(request: Request) -> Views:
    """What is shown."""
    found: Views = request.app.state.views
    return found


def _may_read_on(request: Request) -> bool:
    access: Access = request.app.state.access
    headers = request.headers.get("authorization", ""), request.cookies.get(COOKIE, "")
    return access.holds(request.state.identity, *headers)


@operations.get("/status", "Status")
def status(request: Request) -> Response:
    """Whether gluehook is well, and what the runner knows now."""
    views = views_of(request)
    health, snapshot = views.health(), views.snapshot()
    failed = views.runs(outcome="failed", since=max(0.0, views.now() - _DAY_S), limit=1000).value
    short = summary(health, snapshot.value, None if failed is None else len(failed["runs"]))
    return tagged(request, {
        "version": views.version, **health, "unknown": views.unknown(), "summary": short, "snapshot": snapshot.value,
        "snapshot_at": None if snapshot.value is None else snapshot.at,
    })  # fmt: skip


@operations.get("/runs", "Runs", 503, query="before limit rule key event outcome since")
def runs(request: Request, limit: int = 50, **which: Any) -> Response:
    """Past runs, newest first."""
    return tagged(request, _page(views_of(request).runs, limit=limit, **which))


@operations.get("/runs/{run:path}", "Trace", 404, 503)
def trace(request: Request, run: str) -> Response:
    """Everything that is known of one run; write # in its id as %23."""
    try:
        return tagged(request, _known(views_of(request).trace(run)))
    except NoSuchRun as why:
        raise HTTPException(404, str(why)) from None


@operations.get("/events", "Events", 503, query="before:before_event limit since")
def events(request: Request, limit: int = 50, **which: Any) -> Response:
    """Accepted events, newest first."""
    return tagged(request, _page(views_of(request).events, limit=limit, **which))


@operations.get("/rules", "Rules")
def rules(request: Request) -> Response:
    """The rules in force."""
    views = views_of(request)
    snapshot, text = views.snapshot(), views.rules_text()
    known, found = snapshot.value or {}, text.value or {}
    return tagged(request, {
        "file": known.get("rules_file", found.get("file")),
        "fingerprint": known.get("fingerprint", found.get("fingerprint")),
        "rules": known.get("rules"), "text": found.get("text"), "unknown": [*filter(None, (snapshot.why, text.why))],
    })  # fmt: skip


@operations.get("/doctor", "Findings")
def doctor(request: Request) -> Response:
    """What the doctor has found, at most some minutes ago. If that is longer ago, it looks again meanwhile."""
    views = views_of(request)
    found = views.findings.latest()
    value = (found.value if found else None) or {}
    said = (found.why or value.get("said", "")) if found else "the doctor looks for the first time"
    return tagged(request, {
        "at": found.at if found and found.value is not None else None, "findings": value.get("findings"),
        "said": said, "is_looking": views.findings.is_reading,
    })  # fmt: skip


@operations.get("/stream", "text/event-stream", 503, query="kinds")
async def stream(request: Request, kinds: str = "") -> Response:
    """What happens, as server-sent events: the items of docs/control-socket.md, and `runner` when it comes and goes.

    `kinds`: some of them, with commas between them.
    """
    following = views_of(request).following
    try:
        subscriber = following.subscribe(frozenset(filter(None, kinds.split(","))))
    except TooMany as why:
        raise HTTPException(503, str(why), {"Retry-After": "10"}) from None
    return EventStream(following, subscriber, partial(_may_read_on, request))


@plain.get("/readyz", "Ready")
def readyz(request: Request) -> Response:
    """Whether the runner is followed and the journal can be read; 503 if not.

    Needs no login, but says why only to who may read.
    """
    unknown = views_of(request).unknown()
    said = unknown if request.state.identity is not None else []
    return answer({"ready": not unknown, "unknown": said}, 503 if unknown else 200)


@plain.get("/healthz", "Alive")
async def healthz(_: Request) -> Response:
    """Whether the web process answers. Needs no login."""
    return answer({"status": "ok"})


def _page(read: Any, **which: Any) -> Any:
    try:
        return _known(read(**which))
    except ValueError as wrong:
        raise HTTPException(422, str(wrong)) from None


def _known(found: Answer) -> Any:
    if found.value is None:
        raise HTTPException(503, found.why, {"Retry-After": "5"})
    return found.value
