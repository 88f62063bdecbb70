"""`/metrics`, for Prometheus. Where a password or a token is set, it needs the token as a bearer token."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hooks.web.metrics import CONTENT_TYPE
from hooks.web.routing import Router

router = Router()


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """The text that Prometheus scrapes."""
    return Response(request.app.state.metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})
