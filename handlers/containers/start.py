"""`containers.start`: starts containers that do not run: all that are named, or those that gluehook has stopped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from handlers.containers.ours import Ours
from handlers.containers.restart_attempt import SETTLE_S, failed_at_once, left_by_us, read_back, started_since
from handlers.containers.several import SeveralContainers
from handlers.containers.targets import TargetArgs
from handlers.shared.docker import obstacle_of_parent
from hooks.docker.container import InspectedContainer
from hooks.handler import Context, Outcome


@dataclass(frozen=True)
class StartArgs(TargetArgs):
    """Arguments of `containers.start`."""

    only_ours: bool = field(
        default=False, metadata={"says": "only what gluehook has stopped, and nobody has started and stopped since"}
    )


class Start(SeveralContainers[StartArgs]):
    """Start a container that does not run: the one verb that does, because a rule says so in as many words."""

    name: ClassVar[str] = "containers.start"
    says: ClassVar[str] = "starts containers that do not run, unless they were started and stopped since the event"
    Args: ClassVar[type] = StartArgs
    reconciles: ClassVar[bool] = True
    verb: ClassVar[str] = "start"

    def plan_one(self, client: Any, seen: InspectedContainer, args: StartArgs, ctx: Context) -> str | None:
        """That it would be started, or None."""
        settled = not seen.stopped or _not_ours(client, seen, args, ctx) or _left_stopped(client, seen, args, ctx)
        return None if settled else f"container '{seen.name}' would be started"

    def apply_one(self, client: Any, seen: InspectedContainer, args: StartArgs, ctx: Context) -> Outcome:
        """Start it and read back whether it runs. With `only_ours`, what its owner has stopped is left as it is."""
        if not seen.stopped:
            how = "is restarting" if seen.restarting else "runs (paused)" if seen.paused else "runs"
            return Outcome("unchanged", f"container '{seen.name}' {how}")
        if why := _not_ours(client, seen, args, ctx):
            return Outcome("unchanged", why)
        if spared := _left_stopped(client, seen, args, ctx):
            return Outcome("skipped", spared)
        client.start(seen.id)
        ctx.wait(SETTLE_S)
        done = read_back(client, seen, "started", ctx)
        Ours(seen, ctx).forget()
        return done


def _not_ours(client: Any, seen: InspectedContainer, args: StartArgs, ctx: Context) -> str | None:
    """Why `only_ours` leaves it as it is, or None."""
    if not args.only_ours:
        return None
    ours = Ours(seen, ctx)
    if ours.stopped_this_one and failed_at_once(seen, ctx):  # our own start of it came to nothing
        return None
    why = ours.obstacle(client, "stopped")
    return f"container '{seen.name}' stays stopped until you start it: {why}" if why else None


def _left_stopped(client: Any, seen: InspectedContainer, args: StartArgs, ctx: Context) -> str | None:
    """Why a container that does not run is not started, or None."""
    if not args.only_ours and started_since(seen, ctx) and not left_by_us(seen, ctx):
        return f"container '{seen.name}' was started after the event and stopped again; it stays stopped"
    return obstacle_of_parent(client, seen, healthy=False)
