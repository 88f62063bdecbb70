"""Containers by name: restart one, start one. What the owner stopped stays stopped, nothing is restarted to death."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from handlers.containers.restart_attempt import SETTLE_S, left_by_us, read_back, restart
from handlers.containers.restart_budget import RestartBudget
from handlers.shared.docker import CONTROL, engine, find, obstacle_of_parent
from hooks.config.settings import Settings
from hooks.docker.records import Seen
from hooks.handler import Context, Duration, Handler, Outcome

_CONTAINER = {"says": "the container's name"}


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
            restart(client, seen, args.stop_timeout, ctx)
            ctx.wait(SETTLE_S)
            return read_back(client, seen, "restarted", ctx)


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
            ctx.wait(SETTLE_S)
            return read_back(client, seen, "started", ctx)


def _engine(doing: str, ctx: Context) -> AbstractContextManager[Any]:
    return engine(ctx, doing, CONTROL)


def _spared(client: Any, seen: Seen, ctx: Context) -> str | None:
    """Why it is not restarted, or None."""
    if not seen.running and not left_by_us(seen, ctx):
        return (
            f"container '{seen.name}' does not run; it stays stopped until somebody, or a containers.start, starts it"
        )
    if seen.running and seen.started_at > ctx.event.time:
        return f"container '{seen.name}' has started since the event; it is left as it is"
    return obstacle_of_parent(client, seen, healthy=True)


def _left_stopped(client: Any, seen: Seen, ctx: Context) -> str | None:
    """Why a container that does not run is not started, or None."""
    if seen.started_at > ctx.event.time and not left_by_us(seen, ctx):
        return f"container '{seen.name}' was started after the event and stopped again; it stays stopped"
    return obstacle_of_parent(client, seen, healthy=False)
