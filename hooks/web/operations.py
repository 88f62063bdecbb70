"""The operations of the API: what each takes and gives, checked when it is called and shown in the OpenAPI document."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from hooks.web import schema
from hooks.web.json_answers import read_object
from hooks.web.routing import Endpoint, endpoint

F = TypeVar("F", bound=Callable[..., Any])

API_VERSION = "1"
_ALWAYS = (401, 421, 429)  # what the gate may answer anywhere
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one path. `answers` are the names of schemas by status, `body` is that of what is sent, or ""."""

    method: str
    path: str
    function: Endpoint
    answers: dict[int, str]
    query: tuple[tuple[str, str], ...] = ()  # name and kind
    body: str = ""

    @property
    def route(self) -> Route:
        """The route, which calls the function with checked values only."""
        return Route(self.path, endpoint(self.function, self._arguments), methods=[self.method])

    async def _arguments(self, request: Request) -> dict[str, Any]:
        try:
            values: dict[str, Any] = {
                name: schema.query_value(name, request.query_params[name], kind)
                for name, kind in self.query if name in request.query_params
            }  # fmt: skip
            if self.body:
                values["body"] = schema.body_values(self.body, await read_object(request))
        except ValueError as wrong:
            raise HTTPException(422, str(wrong)) from None
        return {**request.path_params, **values}

    def document(self) -> dict[str, Any]:
        """As OpenAPI has it."""
        said = inspect.getdoc(self.function) or ""
        parameters = [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in _in_path(self.path)
            ),
            *({"name": name, "in": "query", "schema": schema.QUERY[kind]} for name, kind in self.query),
        ]
        body = {"requestBody": {"required": True, "content": _content(self.body)}} if self.body else {}
        answers = {str(status): {"description": _says(name), "content": _content(name)}
                   for status, name in sorted(self.answers.items())}  # fmt: skip
        return {"summary": said.partition("\n")[0], "description": said, "parameters": parameters, **body,
                "operationId": self.function.__name__, "responses": answers}  # fmt: skip


class Operations:
    """The operations of one module, as decorators."""

    def __init__(self, prefix: str = "/api/v1") -> None:
        self._prefix = prefix
        self.all: list[Operation] = []

    def get(self, path: str, answer: str, *refusals: int, query: str = "") -> Callable[[F], F]:
        """Let the decorated function answer GET; `query` names its fields, as name or name:kind."""
        fields = tuple((name, kind or name) for name, _, kind in (one.partition(":") for one in query.split()))
        return self._adding("GET", path, answer, (*refusals, *((422,) if fields else ())), fields)

    def post(self, path: str, answer: str, *refusals: int, body: str) -> Callable[[F], F]:
        """Let the decorated function answer POST; it gets the checked `body`."""
        return self._adding("POST", path, answer, (*refusals, 408, 413, 415, 422), body=body)

    def _adding(
        self, method: str, path: str, answer: str, refusals: Iterable[int], query: tuple[tuple[str, str], ...] = (), *,
        body: str = "",
    ) -> Callable[[F], F]:  # fmt: skip
        answers = dict.fromkeys((*refusals, *_ALWAYS), "Error") | {200: answer}
        if answer == "Ready":
            answers[503] = answer  # what is not ready is said in the same form

        def add(function: F) -> F:
            self.all.append(Operation(method, self._prefix + path, function, answers, query, body))
            return function

        return add


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """The OpenAPI document of these operations."""
    paths: dict[str, Any] = {}
    for one in operations:
        path = one.path.replace(":path}", "}")
        paths.setdefault(path, {})[one.method.lower()] = one.document()
    return {
        "openapi": "3.1.0", "info": {"title": "gluehook", "version": API_VERSION}, "paths": paths,
        "components": {
            "schemas": {**schema.ANSWERS, **schema.BODIES},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }  # fmt: skip


def _content(name: str) -> dict[str, Any]:
    if name == "text/event-stream":
        return {name: {"schema": {"type": "string"}}}
    return {_JSON: {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _in_path(path: str) -> list[str]:
    return [part.partition("}")[0].removesuffix(":path") for part in path.split("{")[1:]]


def _says(name: str) -> str:
    return "Why not" if name == "Error" else name
