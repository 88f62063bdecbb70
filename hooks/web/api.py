"""The API, `/api/v1`: JSON for programs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

router = APIRouter(prefix="/api/v1")


@router.get("/status")
def status(request: Request) -> dict[str, Any]:
    """Whether gluehook is well, and what the runner knows now."""
    views = request.app.state.views
    snapshot = views.snapshot()
    return {**views.health(), "version": views.version, "snapshot": snapshot.value, "unknown": snapshot.why}
