"""`/metrics`, for Prometheus. Where a password or a token is set, it needs the token as a bearer token."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from hooks.web.metrics import CONTENT_TYPE

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """The text that Prometheus scrapes."""
    return Response(request.app.state.metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})
