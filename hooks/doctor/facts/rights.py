"""Which requests that the rules need a proxy refuses: asked without doing anything.

`Collector.collect_all` calls `ask` with the steps of the rules. Each request names a container that does not exist, or
has a body that is none, so Docker answers 404 or 400 and does nothing; what stands before Docker refuses it with 401,
403 or 405 (recorded from haproxy's rules and from a proxy with lists of paths). So a right that is missing is found
before the emergency in which it is needed.

Guaranteed: nothing is changed. Only requests of handlers that a rule uses are made; one that fails proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from typing import Any

from hooks.docker import refusals
from hooks.doctor.facts.model import Refused, Use
from hooks.handler import Context

_NOBODY = "0" * 64  # no container has this id
_RESTART, _START = ("POST", f"/containers/{_NOBODY}/restart"), ("POST", f"/containers/{_NOBODY}/start")
_EXEC = (("POST", f"/containers/{_NOBODY}/exec"), ("POST", f"/exec/{_NOBODY}/start"))
_RE_CREATE = (
    ("POST", "/containers/create"), ("POST", f"/containers/{_NOBODY}/stop"),
    ("POST", f"/containers/{_NOBODY}/rename"), ("DELETE", f"/containers/{_NOBODY}"),
)  # fmt: skip
_NEEDED = {
    "containers.restart": (_RESTART, _START), "containers.start": (_START,), "containers.rejoin": (_RESTART, _START),
    "containers.exec": _EXEC, "wireguard.set_dns_forward": _EXEC,
}  # fmt: skip


def needed(use: Use) -> Iterator[tuple[str, str]]:
    """The requests, as method and path, that a step of a rule makes besides reading."""
    yield from _NEEDED.get(use.handler, ())
    if use.handler == "containers.rejoin" and use.args.get("if_recreated") == "recreate":
        yield from _RE_CREATE
    if use.handler == "wireguard.regenerate_peers" and use.args.get("peers"):
        yield from _EXEC


def ask(ctx: Context, uses: Sequence[Use]) -> tuple[Refused, ...]:
    """The requests that are refused, each with the rules that need it."""
    rules: dict[tuple[str, str], list[str]] = {}
    for use in uses:
        for request in needed(use):
            rules.setdefault(request, []).append(use.rule)
    with closing(ctx.docker(max(ctx.left(), 0.1))) as client:
        answers = {request: _status(client, *request) for request in rules}
    return tuple(
        Refused(method, path, status, tuple(dict.fromkeys(rules[method, path])))
        for (method, path), status in answers.items()
        if status in refusals.REFUSED
    )


def _status(client: Any, method: str, path: str) -> int:
    with suppress(OSError):  # what requests raises descends from it
        return int(client.request(method, client._url(path), json=[], timeout=client.timeout).status_code)
    return 0
