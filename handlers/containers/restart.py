"""`containers.restart`: restarts running containers. What its owner stopped or paused stays so: restart_budget.py."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from handlers.containers.companions import bring_back, save_ending, sharing_processes
from handlers.containers.restart_attempt import SETTLE_S, left_by_us, read_back, restart, started_since
from handlers.containers.restart_budget import RestartBudget
from handlers.containers.several import SeveralContainers
from handlers.containers.targets import TargetArgs
from handlers.shared.docker import obstacle_of_parent
from hooks.docker.container import InspectedContainer
from hooks.handler import Context, Duration, Outcome


@dataclass(frozen=True)
class RestartArgs(TargetArgs):
    """Arguments of `containers.restart`."""

    stop_timeout: Duration | None = field(
        default=None,
        metadata={"says": "how long it may take to stop before it is killed; default: the container's own"},
    )


class Restart(SeveralContainers[RestartArgs]):
    """Restart a running container, unless it has started since the event."""

    name: ClassVar[str] = "containers.restart"
    says: ClassVar[str] = "restarts running containers, unless they have started since; each at most 5 times an hour"
    Args: ClassVar[type] = RestartArgs
    verb: ClassVar[str] = "restart"

    def plan_one(self, client: Any, seen: InspectedContainer, args: RestartArgs, ctx: Context) -> str | None:  # noqa: ARG002 - the base's signature
        """That it would be restarted, or None."""
        spared = _spared(client, seen, ctx) or RestartBudget(seen.name, ctx).refusal()
        return None if spared else f"container '{seen.name}' would be restarted"

    def apply_one(self, client: Any, seen: InspectedContainer, args: RestartArgs, ctx: Context) -> Outcome:
        """Restart it, read back whether it runs, and start what ended with it because it shares its processes."""
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
    if seen.paused:
        return f"container '{seen.name}' is paused; it stays so until you or a containers.unpause unpause it"
    if not seen.stopped and started_since(seen, ctx):
        return f"container '{seen.name}' has started since the event; it is left as it is"
    return obstacle_of_parent(client, seen, healthy=True)
