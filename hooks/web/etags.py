"""Answers of the API: JSON with an ETag, or 304 where the program has it already."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response


def tagged(request: Request, value: Any) -> Response:
    """The value as JSON."""
    # a text from outside may hold half a character, which no encoding has; JSON can write it
    body = json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if tag in {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, headers={"ETag": tag}, media_type="application/json")
