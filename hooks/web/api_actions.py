"""The part of the API that does something, and `explain`, which does nothing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException

from hooks.control.client import NotRunning
from hooks.control.server import Refused
from hooks.web.access import Identity
from hooks.web.actions import act, actor
from hooks.web.api import ViewsOf, refusals
from hooks.web.schema import Done, Explain, Explanations, Pause, Resume, Retry, RunRule

router = APIRouter(prefix="/api/v1", responses=refusals(403, 409, 413, 422, 503))


def acting(request: Request) -> Identity:
    """Who acts. Raises HTTPException if it may not."""
    return actor(request)


_By = Annotated[Identity, Depends(acting)]


@router.post("/pause")
def pause(views: ViewsOf, _: _By, body: Pause) -> Done:
    """Start no run of a rule, or of any rule, for a while."""
    return Done(done=act(views.runner, "pause", body.model_dump(by_alias=True)))


@router.post("/resume")
def resume(views: ViewsOf, _: _By, body: Resume) -> Done:
    """End the pause of a rule, or every pause."""
    return Done(done=act(views.runner, "resume", body.model_dump()))


@router.post("/retry")
def retry(views: ViewsOf, _: _By, body: Retry) -> Done:
    """Run the rule of a past run again, with its event."""
    return Done(done=act(views.runner, "retry", body.model_dump()))


@router.post("/run")
def run(views: ViewsOf, _: _By, body: RunRule) -> Done:
    """Run a rule by hand."""
    return Done(done=act(views.runner, "run", body.model_dump(exclude_none=True)))


@router.post("/explain")
def explain(views: ViewsOf, body: Explain) -> Explanations:
    """Which rules an event would run, which not and why not. Nothing is run."""
    try:
        items, said = views.runner.ask("explain", event=body.event)
    except Refused as why:
        raise HTTPException(409, str(why)) from None
    except NotRunning as why:
        raise HTTPException(503, str(why)) from None
    return Explanations(rules=items, said=said)
