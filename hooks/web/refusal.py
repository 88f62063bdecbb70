"""The response to a request that is refused: one sentence, as JSON for programs and as a page for people."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from hooks.web.json_answers import answer
from hooks.web.rendering import page

_FOR_PROGRAMS = ("/api/", "/healthz", "/readyz", "/metrics", "/hook/")


def refused(request: Request, status: int, said: str, headers: Mapping[str, str] | None = None) -> Response:
    """The response; a program gets {"error": the sentence}."""
    if for_program(request):
        return answer({"error": said}, status, headers)
    response = page(request, "refused.html", status, title=HTTPStatus(status).phrase, said=said)
    response.headers.update(headers or {})
    return response


def for_program(request: Request) -> bool:
    """Whether a program asks rather than a browser that shows pages."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return path.startswith(_FOR_PROGRAMS) or "text/html" not in request.headers.get("accept", "text/html")
