"""The body of a call of a hook, as a JSON object that the runner and its journal can hold."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

MOST_BYTES = 256 * 1024
DEEPEST = 32  # tables and lists in each other
_MOST_FIELDS = 1000  # of a form
_SURROGATE = re.compile("[\ud800-\udfff]")
_FORM = "application/x-www-form-urlencoded"
_TOO_LONG = f"the body of a hook has at most {MOST_BYTES} bytes"


async def body_of(request: Request) -> bytes:
    """The body. Raises HTTPException if it is too long or compressed."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "send the body as it is, not compressed")
    if int(request.headers.get("content-length", 0)) > MOST_BYTES:  # the gate has looked that it is a number
        raise HTTPException(413, _TOO_LONG)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413, _TOO_LONG)
    return bytes(body)


def values_of(body: bytes, kind: str) -> dict[str, Any]:
    """The values of a body of this content type; none of an empty one. Raises HTTPException with what to send."""
    kind = kind.partition(";")[0].strip().lower()
    if not body.strip():
        return {}
    if kind == _FORM:
        return _form(body)
    if kind and not kind.endswith(("/json", "+json")):
        raise HTTPException(415, f"send a JSON object as application/json, or a form as {_FORM}")
    try:
        found = json.loads(body.decode(), parse_constant=_no_number, parse_float=_float)
        clean = _clean(found, DEEPEST)
    except (ValueError, RecursionError) as wrong:
        raise HTTPException(400, f"the body is no JSON that can be taken: {wrong}"[:300]) from None
    if not isinstance(clean, dict):
        raise HTTPException(400, 'the body is no JSON object such as {"status": "down"}')
    return clean


def _form(body: bytes) -> dict[str, Any]:
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="replace")
    except ValueError as wrong:
        raise HTTPException(400, f"the body is no form: {wrong}"[:300]) from None
    return dict(fields)


def _clean(value: Any, deepest: int) -> Any:
    """The value with � for each half of a character, which no file can hold. Raises ValueError if it is too deep."""
    if isinstance(value, str):
        return _SURROGATE.sub("�", value)
    if not isinstance(value, dict | list):
        return value
    if not deepest:
        raise ValueError(f"more than {DEEPEST} tables and lists lie in each other")
    if isinstance(value, list):
        return [_clean(one, deepest - 1) for one in value]
    return {_clean(name, 1): _clean(one, deepest - 1) for name, one in value.items()}


def _float(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
