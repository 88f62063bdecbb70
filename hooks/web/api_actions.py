"""The part of the API that does something, and `explain`, which does nothing."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hooks.web.actions import act, actor, ask
from hooks.web.api import views_of
from hooks.web.json_answers import answer
from hooks.web.operations import Operations

operations = Operations()


@operations.post("/pause", "Done", 403, 409, 503, body="Pause")
async def pause(request: Request, body: dict[str, Any]) -> Response:
    """Start no run of a rule, or of any rule, for a while, such as 30m."""
    return await _done(request, "pause", body)


@operations.post("/resume", "Done", 403, 409, 503, body="Resume")
async def resume(request: Request, body: dict[str, Any]) -> Response:
    """End the pause of a rule, or every pause."""
    return await _done(request, "resume", body)


@operations.post("/retry", "Done", 403, 409, 503, body="Retry")
async def retry(request: Request, body: dict[str, Any]) -> Response:
    """Run the rule of a past run again, with its event."""
    return await _done(request, "retry", body)


@operations.post("/run", "Done", 403, 409, 503, body="RunRule")
async def run(request: Request, body: dict[str, Any]) -> Response:
    """Run a rule by hand: with this event, a line of a recording, or with that of its last run."""
    return await _done(request, "run", body)


@operations.post("/explain", "Explanations", 403, 409, 503, body="Explain")
def explain(request: Request, body: dict[str, Any]) -> Response:
    """Which rules an event would run, which not and why not. Nothing is run."""
    items, said = ask(views_of(request).runner, "explain", event=body["event"])
    return answer({"rules": items, "said": said})


async def _done(request: Request, action: str, body: dict[str, Any]) -> Response:
    actor(request)
    return answer({"done": await run_in_threadpool(act, views_of(request).runner, action, body)})
