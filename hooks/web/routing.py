"""Which function answers at which address. A blocking function is called in a thread of its own."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Endpoint = Callable[..., Response | Awaitable[Response]]
F = TypeVar("F", bound=Callable[..., Any])


class Router:
    """The routes of one module. A function gets the request, and by the names of its parameters what stands in the
    path and after the question mark, as text.
    """

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def get(self, path: str) -> Callable[[F], F]:
        """Let the decorated function answer GET and HEAD at this path."""
        return self._adding(path, "GET")

    def post(self, path: str) -> Callable[[F], F]:
        """Let the decorated function answer POST at this path."""
        return self._adding(path, "POST")

    def _adding(self, path: str, method: str) -> Callable[[F], F]:
        def add(function: F) -> F:
            names = list(inspect.signature(function).parameters)[1:]
            self.routes.append(
                Route(path, endpoint(function, lambda request: _texts(request, names)), methods=[method])
            )
            return function

        return add


def endpoint(
    function: Endpoint, arguments: Callable[[Request], Mapping[str, Any] | Awaitable[Mapping[str, Any]]]
) -> Callable[[Request], Awaitable[Response]]:
    """What a route calls: `function` with the request and its arguments."""

    async def answer(request: Request) -> Response:
        found = arguments(request)
        given = await found if inspect.isawaitable(found) else found
        if inspect.iscoroutinefunction(function):
            response: Response = await function(request, **given)
            return response
        return await run_in_threadpool(function, request, **given)  # type: ignore[arg-type]

    return answer


def _texts(request: Request, names: list[str]) -> dict[str, str]:
    given = {**request.query_params, **request.path_params}
    return {name: given[name] for name in names if name in given}
