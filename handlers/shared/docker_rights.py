"""Which requests that the rules need a proxy refuses: asked without doing anything.

A running gluehook calls `ask` with the steps of the rules after each new connection to Docker, the doctor and the
status for each report. Each request names a container that does not exist, or has a body that is none, so Docker
answers 404 or 400 and does nothing; what stands before Docker refuses it with 401, 403 or 405 (recorded from haproxy's
rules and from a proxy with lists of paths), or with an answer that is not in Docker's words. So a right that is missing
is found before the emergency in which it is needed.

Guaranteed: nothing is changed. Only requests of handlers that a rule uses are made, and the inspect that gluehook
itself needs; one that fails proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from hooks.docker import refusals
from hooks.docker.answers import is_refusal

_NOBODY = "0" * 64  # no container has this id
_INSPECT = ("GET", f"/containers/{_NOBODY}/json")
_RESTART, _START = ("POST", f"/containers/{_NOBODY}/restart"), ("POST", f"/containers/{_NOBODY}/start")
_STOP, _KILL = ("POST", f"/containers/{_NOBODY}/stop"), ("POST", f"/containers/{_NOBODY}/kill")
_PAUSE, _UNPAUSE = ("POST", f"/containers/{_NOBODY}/pause"), ("POST", f"/containers/{_NOBODY}/unpause")
_EXEC = (("POST", f"/containers/{_NOBODY}/exec"), ("POST", f"/exec/{_NOBODY}/start"))
_LOG = "container.log"  # an event whose source makes requests of its own
_RE_CREATE = (
    ("POST", "/containers/create"), ("POST", f"/containers/{_NOBODY}/stop"),
    ("POST", f"/containers/{_NOBODY}/rename"), ("DELETE", f"/containers/{_NOBODY}"),
)  # fmt: skip
_RUN = (("POST", "/containers/create"), _START, ("DELETE", f"/containers/{_NOBODY}"))
_NEEDED = {
    "containers.restart": (_RESTART, _START), "containers.start": (_START,), "containers.rejoin": (_RESTART, _START),
    "containers.stop": (_STOP,), "containers.pause": (_PAUSE,), "containers.unpause": (_UNPAUSE,),
    "containers.signal": (_KILL,), "containers.run": _RUN, _LOG: (("GET", f"/containers/{_NOBODY}/logs"),),
    "containers.exec": _EXEC, "wireguard.set_dns_forward": _EXEC,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Use:
    """One step of a rule that is in force: which rule, which handler, and with what."""

    rule: str
    handler: str
    args: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that is refused, with its status. `rules` need it; gluehook itself where none does."""

    method: str
    path: str
    status: int
    rules: tuple[str, ...] = ()


def needed(use: Use) -> Iterator[tuple[str, str]]:
    """The requests, as method and path, that a step of a rule makes besides reading."""
    yield from _NEEDED.get(use.handler, ())
    if use.handler == "containers.rejoin" and use.args.get("if_recreated") == "recreate":
        yield from _RE_CREATE
    if use.handler == "wireguard.regenerate_peers" and use.args.get("peers"):
        yield from _EXEC


def ask(client: Any, steps: Iterable[Use]) -> tuple[Refused, ...]:
    """The requests that are refused, each with the rules that need it."""
    rules: dict[tuple[str, str], list[str]] = {_INSPECT: []}
    for use in steps:
        for request in needed(use):
            rules.setdefault(request, []).append(use.rule)
    refused = []
    with suppress(OSError):  # what requests raises descends from it; where one hangs, so may the others
        for (method, path), names in rules.items():
            if status := _refusal(client, method, path):
                refused.append(Refused(method, path, status, tuple(dict.fromkeys(names))))
    return tuple(refused)


def uses(rules: Iterable[Any]) -> tuple[Use, ...]:
    """Every step of the rules that are switched on, and the logs that they read. `rules` are those of a rules table."""
    active = [rule for rule in rules if rule.enabled]
    steps = (Use(rule.name, step.use, step.args) for rule in active for step in rule.do)
    logs = (Use(rule.name, _LOG) for rule in active if any(entry.event == _LOG for entry in rule.on))
    return (*steps, *logs)


def told(refused: Sequence[Refused]) -> str:
    """Which requests are refused, with which status, and who needs them; no full stop."""
    asked = ", ".join(written(one) for one in refused)
    statuses = " and ".join(dict.fromkeys(str(one.status) for one in refused))
    rules = ", ".join(dict.fromkeys(rule for one in refused for rule in one.rules))
    return f"{asked}: refused with {statuses}, and needed by {rules or 'gluehook itself, to know how containers are'}"


def cure(refused: Sequence[Refused]) -> str:
    """What to allow at the proxy, for both kinds of proxy; no full stop."""
    words = " ".join(dict.fromkeys(word for one in refused for word in refusals.needs(one.method, one.path).split()))
    asked = ", ".join(written(one) for one in refused)
    return (
        f"at the proxy before Docker's socket set {words} and re-create it; or, if it has a list of allowed paths, add "
        f"{asked}"
    )


def written(one: Refused) -> str:
    """The request as a person writes it: `POST /containers/ID/restart`."""
    return f"{one.method} {one.path.replace(_NOBODY, 'ID')}"


def _refusal(client: Any, method: str, path: str) -> int:
    """The status with which the request is refused, 0 where it is not."""
    body: list[str] | None = None if method == "GET" else []
    answer = client.request(method, client._url(path), json=body, timeout=client.timeout)
    return int(answer.status_code) if is_refusal(answer) else 0
