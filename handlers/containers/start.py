"""`containers.start`: starts a container that does not run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from handlers.containers.restart_attempt import SETTLE_S, left_by_us, read_back, started_since
from handlers.shared.docker import CONTROL, docker_client, find, obstacle_of_parent
from hooks.config.settings import Settings
from hooks.docker.container import InspectedContainer
from hooks.docker.state_words import state_words
from hooks.handler import Context, Handler, Outcome


@dataclass(frozen=True)
class StartArgs:
    """Arguments of `containers.start`."""

    container: str = field(metadata={"says": "the container's name"})


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
        with docker_client(ctx, f"read container '{args.container}'", CONTROL) as client:
            seen = find(client, args.container, ctx)
            settled = not seen.stopped or _left_stopped(client, seen, ctx)
            return None if settled else f"container '{seen.name}' would be started"

    def apply(self, args: StartArgs, ctx: Context) -> Outcome:
        """Start it and read back whether it runs."""
        with docker_client(ctx, f"start container '{args.container}'", CONTROL) as client:
            seen = find(client, args.container, ctx)
            ctx.saw(state_words(seen))
            if not seen.stopped:
                how = "is restarting" if seen.restarting else "runs (paused)" if seen.paused else "runs"
                return Outcome("unchanged", f"container '{seen.name}' {how}")
            if spared := _left_stopped(client, seen, ctx):
                return Outcome("skipped", spared)
            client.start(seen.id)
            ctx.wait(SETTLE_S)
            return read_back(client, seen, "started", ctx)


def _left_stopped(client: Any, seen: InspectedContainer, ctx: Context) -> str | None:
    """Why a container that does not run is not started, or None."""
    if started_since(seen, ctx) and not left_by_us(seen, ctx):
        return f"container '{seen.name}' was started after the event and stopped again; it stays stopped"
    return obstacle_of_parent(client, seen, healthy=False)
