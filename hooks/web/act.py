"""The forms of the pages that do something: POST /act, and back to the page with a sentence of what was done."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hooks.web.actions import act, actor
from hooks.web.forms import fields
from hooks.web.login import go_to
from hooks.web.routing import Router

router = Router()


@router.post("/act")
async def act_by_form(request: Request) -> Response:
    """Fields: action, its arguments, csrf, and back, the page to show next."""
    sent = await fields(request)
    identity = actor(request, sent.get("csrf", ""))
    try:
        said = await run_in_threadpool(act, request.app.state.views.runner, sent.get("action", ""), sent)
    except HTTPException as why:
        said = f"not done: {why.detail}"
    request.app.state.access.notify(identity, said)
    return go_to(request, sent.get("back", "/"))
