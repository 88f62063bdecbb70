"""The API, `/api/v1`: JSON for programs. Each refusal is {"error": one sentence}."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from hooks.web.access import Identity
from hooks.web.actions import act, actor
from hooks.web.following import TooMany
from hooks.web.stream import EventStream
from hooks.web.views import Views

router = APIRouter(prefix="/api/v1")
plain = APIRouter()  # beside it


class Error(BaseModel):
    """Why a request was not fulfilled."""

    error: str


class Done(BaseModel):
    """What was done."""

    done: str


class Ready(BaseModel):
    """Whether all is there that the page needs, and what is not known if not."""

    ready: bool
    unknown: list[str]


class Pause(BaseModel):
    """Start no run of `rule`, or of any rule, for this duration, such as 30m."""

    rule: str = ""
    duration: str = Field(alias="for")


class Resume(BaseModel):
    """End the pause of `rule`, or every pause."""

    rule: str = ""


class Retry(BaseModel):
    """Run the rule of this past run again, with its event."""

    run: str


_ACTION: Any = {code: {"model": Error} for code in (401, 403, 409, 413, 422, 429, 503)}


def views_of(request: Request) -> Views:
    """What is shown."""
    found: Views = request.app.state.views
    return found


def acting(request: Request) -> Identity:
    """Who acts. Raises HTTPException if it may not."""
    return actor(request)


_Views = Annotated[Views, Depends(views_of)]
_By = Annotated[Identity, Depends(acting)]


@router.get("/status")
def status(views: _Views) -> dict[str, Any]:
    """Whether gluehook is well, and what the runner knows now."""
    snapshot = views.snapshot()
    return {**views.health(), "version": views.version, "snapshot": snapshot.value, "unknown": snapshot.why}


@router.get("/stream", response_class=EventStream, responses={503: {"model": Error}})
async def stream(views: _Views, kinds: str = "") -> EventStream:
    """What happens, as server-sent events: the items of docs/control-socket.md, and `runner` when it comes and goes.

    `kinds`: some of them, with commas between them.
    """
    try:
        subscriber = views.following.subscribe(frozenset(filter(None, kinds.split(","))))
    except TooMany as why:
        raise HTTPException(503, str(why), {"Retry-After": "10"}) from None
    return EventStream(views.following, subscriber)


@plain.get("/readyz", responses={503: {"model": Ready}})
def readyz(request: Request, views: _Views) -> JSONResponse:
    """Whether the runner is followed and the journal can be read. Needs no login, but says why only to who may read."""
    unknown = views.unknown()
    said = unknown if request.state.identity is not None else []
    return JSONResponse({"ready": not unknown, "unknown": said}, 503 if unknown else 200)


@plain.get("/healthz")
async def healthz() -> dict[str, str]:
    """Whether the web process answers. Needs no login."""
    return {"status": "ok"}


@router.post("/pause", responses=_ACTION)
def pause(views: _Views, _: _By, body: Pause) -> Done:
    """Start no run of a rule, or of any rule, for a while."""
    return Done(done=act(views.runner, "pause", body.model_dump(by_alias=True)))


@router.post("/resume", responses=_ACTION)
def resume(views: _Views, _: _By, body: Resume) -> Done:
    """End the pause of a rule, or every pause."""
    return Done(done=act(views.runner, "resume", body.model_dump()))


@router.post("/retry", responses=_ACTION)
def retry(views: _Views, _: _By, body: Retry) -> Done:
    """Run the rule of a past run again, with its event."""
    return Done(done=act(views.runner, "retry", body.model_dump()))
