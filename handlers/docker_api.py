"""What the container handlers ask of Docker: one look at a container, and the right error word when Docker fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from handlers.base import Context, GiveUp, Retry
from handlers.http import TRY_LATER, retry_after_s
from handlers.masking import cut, mask
from hooks.wire import nanoseconds

DEFAULT_STOP_TIMEOUT_S = 10  # Docker's own
_STRANDED = re.compile(r"join\w* network|no such container|is restarting, wait", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Seen:
    """A container as `inspect` shows it now. Times are ns since the Unix epoch, 0 for never."""

    name: str
    id: str
    running: bool
    paused: bool
    restarting: bool
    health: str  # "healthy", "unhealthy", "starting", or "" for no health check
    started_at: int
    finished_at: int
    exit_code: int
    error: str
    network_mode: str
    stop_timeout_s: int
    service: str  # its name in a compose file, or ""

    @property
    def stranded(self) -> bool:
        """Whether it does not run because it could not join another's namespace: nobody stopped it."""
        return not self.running and self.parent is not None and _STRANDED.search(self.error) is not None

    @property
    def parent(self) -> str | None:
        """The id or name of the container whose network namespace it joins."""
        kind, _, parent = self.network_mode.partition(":")
        return parent if kind == "container" else None


@contextmanager
def engine(ctx: Context, doing: str, allow: str) -> Iterator[Any]:
    """A `docker.APIClient` for the rest of the attempt; what goes wrong with it becomes `Retry` or `GiveUp`.

    `doing` completes "cannot …", `allow` names the permissions that a socket proxy must grant.
    """
    from docker.errors import DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        with closing(ctx.docker(max(ctx.left(), 0.1))) as client:
            yield client
    except (DockerException, RequestException, HTTPError) as error:
        raise _in_words(error, doing, allow, ctx.now()) from None


def look(client: Any, name: str) -> Seen | None:
    """The container of this name or id, or None where Docker knows none. Raises Retry for an answer that is none."""
    from docker.errors import NotFound

    try:
        raw = client.inspect_container(name)
    except NotFound:
        return None
    try:
        return _seen(raw)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Retry(f"Docker's answer about container '{name}' is not one of a Docker engine") from None


def find(client: Any, name: str, ctx: Context) -> Seen:
    """As `look`; raises GiveUp for an unknown name, and for the container that gluehook itself runs in."""
    seen = look(client, name)
    if seen is None:
        near = get_close_matches(name, ctx.world.containers, 1)
        meant = f" (did you mean '{near[0]}'?)" if near else ""
        raise GiveUp(f"Docker knows no container '{name}'{meant}; correct the name in the rules file or create it")
    if ctx.own_id and (seen.id.startswith(ctx.own_id) or ctx.own_id.startswith(seen.id)):
        raise GiveUp(f"container '{name}' is the one that gluehook runs in, which no rule may touch; name another")
    return seen


def obstacle_of_parent(client: Any, seen: Seen, *, healthy: bool) -> str | None:
    """Why a container that lives in another's network namespace must be left alone, or None.

    Starting it beside a parent that does not run fails and leaves it stopped. Raises Retry while the parent
    is on its way up, GiveUp when it is gone for good. `healthy`: the parent's health check must pass too.
    """
    if seen.parent is None:
        return None
    parent = look(client, seen.parent)
    if parent is None:
        again = f"docker compose up -d --force-recreate {seen.service or seen.name}"
        raise GiveUp(
            f"container '{seen.name}' joins the network of a container that no longer exists "
            f"({seen.parent[:12]}); it must be re-created: {again}"
        )
    joins = f"container '{seen.name}' joins the network of '{parent.name}', which"
    if parent.restarting:
        raise Retry(f"{joins} is restarting; it is left alone until that runs")
    if not parent.running:
        return f"{joins} does not run; it is left as it is, since it could not join"
    if healthy and parent.health not in ("", "healthy"):
        raise Retry(f"{joins} is {parent.health}; it is left alone until that is healthy")
    return None


def _seen(raw: dict[str, Any]) -> Seen:
    state, config = raw["State"], raw.get("Config") or {}
    health = (state.get("Health") or {}).get("Status") or ""
    return Seen(
        name=str(raw["Name"]).lstrip("/"),
        id=str(raw["Id"]),
        running=bool(state["Running"]),
        paused=bool(state.get("Paused")),
        restarting=bool(state.get("Restarting")),
        health="" if health == "none" else health,
        started_at=nanoseconds(state["StartedAt"]),
        finished_at=nanoseconds(state.get("FinishedAt") or ""),
        exit_code=int(state.get("ExitCode") or 0),
        error=str(state.get("Error") or ""),
        network_mode=str((raw.get("HostConfig") or {}).get("NetworkMode") or ""),
        stop_timeout_s=int(config.get("StopTimeout") or DEFAULT_STOP_TIMEOUT_S),
        service=str((config.get("Labels") or {}).get("com.docker.compose.service") or ""),
    )


def _in_words(error: BaseException, doing: str, allow: str, now_s: float) -> Retry | GiveUp:
    reply = _reply(error)
    if reply is None:
        return Retry(f"cannot {doing}: Docker's engine did not answer ({_reason(error)})")
    status = int(reply.status_code)
    said = cut(mask(str(getattr(error, "explanation", None) or reply.reason or "")))
    if status == 409 or status in TRY_LATER or status >= 500:  # 409: it is restarting, paused or being removed
        after = retry_after_s(reply.headers, now_s)
        return Retry(f"cannot {doing}: Docker answered {status}: {said}", after=after)
    if status == 403:
        return GiveUp(
            f"cannot {doing}: the proxy before Docker's socket forbids it (403); "
            f"set {allow} in that proxy's environment and re-create it"
        )
    return GiveUp(f"cannot {doing}: Docker refuses it with {status}: {said}")


def _reply(error: BaseException | None) -> Any:
    # while the version is negotiated, docker-py wraps the error that carries the answer
    while error is not None:
        reply = getattr(error, "response", None)
        if reply is not None and not 200 <= reply.status_code < 300:
            return reply
        error = error.__cause__ or error.__context__
    return None


def _reason(error: BaseException) -> str:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror
        if "Timeout" in type(seen).__name__:
            return "it took too long"
        seen = seen.__cause__ or seen.__context__
    return type(error).__name__
