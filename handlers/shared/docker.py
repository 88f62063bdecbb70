"""What handlers read from Docker, and Retry or GiveUp for each way in which Docker can fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

from handlers.containers import compose
from handlers.shared.http import TRY_LATER, retry_after_s
from handlers.shared.output import cut
from hooks.config.secrets import mask_userinfo
from hooks.docker import client, listing, refusals
from hooks.docker.address import AddressError
from hooks.docker.answers import is_absent, is_refusal
from hooks.docker.client import engine
from hooks.docker.container import MALFORMED, InspectedContainer, ListedContainer, inspected
from hooks.docker.listing import Listing, NoEngineError
from hooks.events.wording import did_you_mean
from hooks.handler import Context, GiveUp, Retry

# what a socket proxy must allow before containers can be restarted; POST=1 besides before they can be re-created
CONTROL = "CONTAINERS=1 ALLOW_RESTARTS=1 ALLOW_START=1"


@contextmanager
def docker_client(ctx: Context, doing: str, allow: str) -> Iterator[Any]:
    """A `docker.APIClient` for the rest of the attempt; what goes wrong with it becomes `Retry` or `GiveUp`.

    `doing` completes "cannot …", `allow` names the permissions that a socket proxy must grant.
    """
    from docker.errors import DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        with closing(ctx.docker(max(ctx.left(), 0.1))) as made:
            yield made
    except (DockerException, RequestException, HTTPError) as error:
        raise _in_words(error, doing, allow, ctx.now()) from None


def inspect(client: Any, name: str) -> InspectedContainer | None:
    """The container of this name or id, or None where Docker knows none. Raises Retry for an answer that is none."""
    from docker.errors import APIError

    try:
        raw = client.inspect_container(name)
    except APIError as error:
        if is_absent(error):
            return None
        raise
    try:
        return inspected(raw)
    except MALFORMED:
        raise Retry(f"Docker's answer about container '{name}' is not one of a Docker engine") from None


def list_containers(client: Any, *, networks: bool = False) -> Listing:
    """Every container, running or not. `networks`: also whose network each shares, where the list does not show it.

    Raises Retry for an answer that is none.
    """
    try:
        return listing.list_containers(client, networks=networks)
    except NoEngineError as error:
        raise Retry(str(error)) from None


def find(client: Any, name: str, ctx: Context) -> InspectedContainer:
    """As `inspect`; raises GiveUp for an unknown name, and for the container that gluehook itself runs in."""
    return admitted(inspect(client, name), name, ctx)


def admitted(found: InspectedContainer | None, name: str, ctx: Context) -> InspectedContainer:
    """The container that `inspect` returned, if it may be touched. Raises GiveUp as `find` does."""
    if found is None:
        meant = did_you_mean(name, ctx.world.containers, " ({})")
        raise GiveUp(f"Docker knows no container '{name}'{meant}; correct the name in the rules file or create it")
    if is_own(found, ctx):
        raise GiveUp(f"container '{name}' is the one that gluehook runs in, which no rule may touch; name another")
    return found


def is_own(container: ListedContainer, ctx: Context) -> bool:
    """Whether gluehook itself runs in it."""
    return bool(ctx.own_id) and (container.id.startswith(ctx.own_id) or ctx.own_id.startswith(container.id))


def obstacle_of_parent(client: Any, member: InspectedContainer, *, healthy: bool) -> str | None:
    """Why a container that lives in another's network namespace must be left alone, or None.

    Starting it beside a parent that does not run fails and leaves it stopped. Raises Retry while the parent
    is on its way up, GiveUp when it is gone for good. `healthy`: the parent's health check must pass too.
    """
    if member.parent is None:
        return None
    parent = inspect(client, member.parent)
    if parent is None:
        again = compose.recreation([member.labels], podman=engine().podman)
        raise GiveUp(
            f"container '{member.name}' joins the network of a container that no longer exists "
            f"({member.parent[:12]}); it must be re-created" + (f": {again[0]}" if again else "")
        )
    return obstacle(parent, f"container '{member.name}' joins the network of '{parent.name}', which", healthy=healthy)


def obstacle(parent: InspectedContainer, who: str, *, healthy: bool) -> str | None:
    """Why no container can join this one's network namespace now, or None; `who` begins the sentence.

    Raises Retry while it is on its way up. `healthy`: its health check, if it has one, must pass too.
    """
    if parent.restarting:
        raise Retry(f"{who} is restarting; nothing is done before that runs")
    if not parent.running:
        return f"{who} does not run; nothing is done, since no container could join it"
    if healthy and parent.health not in ("", "healthy"):
        raise Retry(f"{who} is {parent.health}; nothing is done before that is healthy")
    return None


def _in_words(error: BaseException, doing: str, allow: str, now_s: float) -> Retry | GiveUp:
    reply = _reply(error)
    if reply is None:
        return Retry(f"cannot {doing}: Docker's engine did not answer ({_reason(error)})")
    status = int(reply.status_code)
    if is_refusal(reply):
        method, path = str(reply.request.method), urlsplit(str(reply.url)).path
        said = refusals.refused(method, path, status, client.where())
        return GiveUp(f"cannot {doing}: {said}. All in all it needs {allow}")
    said = cut(mask_userinfo(str(getattr(error, "explanation", None) or reply.reason or "")))
    if status == 409 or status in TRY_LATER or status >= 500:  # 409: it is restarting, paused or being removed
        after = retry_after_s(reply.headers, now_s)
        return Retry(f"cannot {doing}: Docker answered {status}: {said}", after=after)
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
        if isinstance(seen, AddressError):
            return str(seen)
        if isinstance(seen, NoEngineError | json.JSONDecodeError):
            return "what answers is none of a Docker engine's answers"
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror
        if "Timeout" in type(seen).__name__:
            return "it took too long"
        seen = seen.__cause__ or seen.__context__
    return type(error).__name__
