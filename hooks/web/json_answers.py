"""JSON in and out. Out with an ETag, or 304 where the program has it already; in within bounds, or one sentence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_KIND = "application/json"


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The value as JSON."""
    return Response(_written(value), status, headers, _KIND)


def tagged(request: Request, value: Any) -> Response:
    """The value as JSON with an ETag, or 304."""
    body = _written(value)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    known = {one.strip().removeprefix("W/") for one in ",".join(request.headers.getlist("if-none-match")).split(",")}
    if known & {tag, "*"}:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, headers={"ETag": tag}, media_type=_KIND)


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object of the body. Raises HTTPException."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _KIND:
        raise HTTPException(415, f"send the request as {_KIND}")
    try:
        found = json.loads(await request.body(), parse_constant=_no_number)
    except (ValueError, RecursionError) as wrong:
        raise HTTPException(422, f"the request is no JSON: {wrong}"[:300]) from None
    if not isinstance(found, dict):
        raise HTTPException(422, 'the request is no JSON object such as {"rule": "heal-vpn"}')
    return found


def _written(value: Any) -> bytes:
    # a text from outside may hold half a character, which no encoding has; JSON in ASCII can write it
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
