"""`containers.restart`: restarts a running container. What the owner stopped stays stopped; see restart_budget.py."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from handlers.containers.companions import bring_back, save_ending, sharing_processes
from handlers.containers.restart_attempt import SETTLE_S, left_by_us, read_back, restart, started_since
from handlers.containers.restart_budget import RestartBudget
from handlers.shared.docker import CONTROL, docker_client, find, obstacle_of_parent
from hooks.config.settings import Settings
from hooks.docker.container import InspectedContainer
from hooks.docker.state_words import state_words
from hooks.handler import Context, Duration, Handler, Outcome


@dataclass(frozen=True)
class RestartArgs:
    """Arguments of `containers.restart`."""

    container: str = field(metadata={"says": "the container's name"})
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
        with docker_client(ctx, f"read container '{args.container}'", CONTROL) as client:
            seen = find(client, args.container, ctx)
            spared = _spared(client, seen, ctx) or RestartBudget(seen.name, ctx).refusal()
            return None if spared else f"container '{seen.name}' would be restarted"

    def apply(self, args: RestartArgs, ctx: Context) -> Outcome:
        """Restart it, read back whether it runs, and start what ended with it because it shares its processes."""
        with docker_client(ctx, f"restart container '{args.container}'", CONTROL) as client:
            seen = find(client, args.container, ctx)
            ctx.saw(state_words(seen))
            budget = RestartBudget(seen.name, ctx)
            if spared := _spared(client, seen, ctx):
                return Outcome("skipped", spared)
            if refused := budget.refusal():
                budget.report_refusal()
                return Outcome("skipped", refused)
            budget.spend()
            ending = sharing_processes(client, seen)
            save_ending(ending, ctx)
            restart(client, seen, args.stop_timeout, ctx)
            ctx.wait(SETTLE_S)
            done = read_back(client, seen, "restarted", ctx)
            back = bring_back(client, seen, ending, ctx)
            return replace(done, said="; ".join([done.said, *back]))


def _spared(client: Any, seen: InspectedContainer, ctx: Context) -> str | None:
    """Why it is not restarted, or None."""
    if seen.stopped and not left_by_us(seen, ctx):
        return f"container '{seen.name}' does not run; it stays stopped until you or a containers.start start it"
    if not seen.stopped and started_since(seen, ctx):
        return f"container '{seen.name}' has started since the event; it is left as it is"
    return obstacle_of_parent(client, seen, healthy=True)
