"""Containers by name: restart one, start one. What the owner stopped stays stopped, nothing is restarted to death."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from handlers.base import Context, Duration, Handler, Outcome, Retry
from handlers.docker_api import Seen, engine, find, look, obstacle_of_parent
from handlers.restart_budget import RestartBudget
from hooks.settings import Settings

_CONTAINER = {"says": "the container's name"}
_ALLOW = "CONTAINERS=1 and POST=1"
_SETTLE_S = 0.5  # what crashes at once still runs when Docker answers
_AFTERMATH_S = 60  # for so long beyond the stop time-out a restart that was asked for may still be under way


@dataclass(frozen=True)
class RestartArgs:
    """Arguments of `containers.restart`."""

    container: str = field(metadata=_CONTAINER)
    stop_timeout: Duration | None = field(
        default=None,
        metadata={"says": "how long it may take to stop before it is killed; default: the container's own"},
    )


class Restart(Handler[RestartArgs]):
    """Restart a running container, unless it has started since the event."""

    name: ClassVar[str] = "containers.restart"
    says: ClassVar[str] = "restarts a running container, unless it has started since; at most 5 times an hour"
    Args: ClassVar[type] = RestartArgs

    def targets(self, args: RestartArgs, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002 - the base's signature
        """The container."""
        return (f"container:{args.container}",)

    def plan(self, args: RestartArgs, ctx: Context) -> str | None:
        """That it would be restarted, or None."""
        with _engine(f"look at container '{args.container}'", ctx) as client:
            seen = find(client, args.container, ctx)
            spared = _spared(client, seen, ctx) or RestartBudget(seen.name, ctx).refusal()
            return None if spared else f"container '{seen.name}' would be restarted"

    def apply(self, args: RestartArgs, ctx: Context) -> Outcome:
        """Restart it and look whether it runs anew."""
        with _engine(f"restart container '{args.container}'", ctx) as client:
            seen = find(client, args.container, ctx)
            budget = RestartBudget(seen.name, ctx)
            if spared := _spared(client, seen, ctx):
                return Outcome("skipped", spared)
            if refused := budget.refusal():
                budget.told()
                return Outcome("skipped", refused)
            budget.spend()
            _restart(client, seen, args.stop_timeout, ctx)
            return _read_back(client, seen, "restarted", ctx)


@dataclass(frozen=True)
class StartArgs:
    """Arguments of `containers.start`."""

    container: str = field(metadata=_CONTAINER)


class Start(Handler[StartArgs]):
    """Start a container that does not run: the one verb that does, because a rule says so in as many words."""

    name: ClassVar[str] = "containers.start"
    says: ClassVar[str] = "starts a container that does not run, unless it was started and stopped since the event"
    Args: ClassVar[type] = StartArgs
    reconciles: ClassVar[bool] = True

    def targets(self, args: StartArgs, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002 - the base's signature
        """The container."""
        return (f"container:{args.container}",)

    def plan(self, args: StartArgs, ctx: Context) -> str | None:
        """That it would be started, or None."""
        with _engine(f"look at container '{args.container}'", ctx) as client:
            seen = find(client, args.container, ctx)
            settled = seen.running or _left_stopped(client, seen, ctx)
            return None if settled else f"container '{seen.name}' would be started"

    def apply(self, args: StartArgs, ctx: Context) -> Outcome:
        """Start it and look whether it runs."""
        with _engine(f"start container '{args.container}'", ctx) as client:
            seen = find(client, args.container, ctx)
            if seen.running:
                return Outcome("unchanged", f"container '{seen.name}' runs{' (paused)' if seen.paused else ''}")
            if spared := _left_stopped(client, seen, ctx):
                return Outcome("skipped", spared)
            client.start(seen.id)
            return _read_back(client, seen, "started", ctx)


def _engine(doing: str, ctx: Context) -> AbstractContextManager[Any]:
    return engine(ctx, doing, _ALLOW)


def _spared(client: Any, seen: Seen, ctx: Context) -> str | None:
    """Why it is not restarted, or None."""
    if not seen.running and not _left_by_us(seen, ctx):
        return (
            f"container '{seen.name}' does not run; it stays stopped until somebody, or a containers.start, starts it"
        )
    if seen.running and seen.started_at > ctx.event.time:
        return f"container '{seen.name}' has started since the event; it is left as it is"
    return obstacle_of_parent(client, seen, healthy=True)


def _left_stopped(client: Any, seen: Seen, ctx: Context) -> str | None:
    """Why a container that does not run is not started, or None."""
    if seen.started_at > ctx.event.time and not _left_by_us(seen, ctx):
        return f"container '{seen.name}' was started after the event and stopped again; it stays stopped"
    return obstacle_of_parent(client, seen, healthy=False)


def _left_by_us(seen: Seen, ctx: Context) -> bool:
    """Whether it does not run because a restart or start of ours came to nothing: the owner did not stop it."""
    if seen.stranded or ctx.memory.get(_failed_key(seen)) == seen.started_at:
        return True
    asked_s = max(RestartBudget(seen.name, ctx).spent, default=0.0)
    latest_s = asked_s + seen.stop_timeout_s + _AFTERMATH_S
    return seen.started_at / 1e9 < asked_s <= seen.finished_at / 1e9 <= latest_s


def _restart(client: Any, seen: Seen, stop_timeout: Duration | None, ctx: Context) -> None:
    if not seen.running:  # left by us: there is nothing to stop
        client.start(seen.id)
        return
    stop_s = math.ceil(seen.stop_timeout_s if stop_timeout is None else stop_timeout)
    client.timeout = ctx.left() - stop_s  # docker-py adds the stop time-out again
    client.restart(seen.id, timeout=stop_s)
    client.timeout = max(ctx.left(), 1.0)


def _read_back(client: Any, before: Seen, done: str, ctx: Context) -> Outcome:
    ctx.wait(_SETTLE_S)
    now = look(client, before.id)
    if now is None:
        raise Retry(f"container '{before.name}' was {done} and is gone; somebody removed it meanwhile")
    if now.started_at == before.started_at:
        raise Retry(f"container '{before.name}' was to be {done}, but Docker shows no new start of it")
    if now.running and not now.restarting:
        return Outcome("changed", f"container '{before.name}' {done}")
    if now.exit_code == 0:
        return Outcome("changed", f"container '{before.name}' {done}; it has ended again, with exit code 0")
    ctx.memory.put(_failed_key(now), now.started_at)
    raise Retry(f"container '{before.name}' was {done} and ended at once with exit code {now.exit_code}; see its log")


def _failed_key(seen: Seen) -> str:
    return f"containers.failed_start:{seen.name}"
