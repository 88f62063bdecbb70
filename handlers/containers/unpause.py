"""`containers.unpause`: lets paused containers go on: all that are named, or those that gluehook has paused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from handlers.containers.ours import Ours
from handlers.containers.several import SeveralContainers
from handlers.containers.targets import TargetArgs
from handlers.shared.docker import inspect
from hooks.docker.container import InspectedContainer
from hooks.handler import Context, Outcome, Retry


@dataclass(frozen=True)
class UnpauseArgs(TargetArgs):
    """Arguments of `containers.unpause`."""

    only_ours: bool = field(
        default=False, metadata={"says": "only what gluehook has paused, and nobody has unpaused and paused since"}
    )


class Unpause(SeveralContainers[UnpauseArgs]):
    """Let a paused container go on."""

    name: ClassVar[str] = "containers.unpause"
    says: ClassVar[str] = "lets paused containers go on"
    Args: ClassVar[type] = UnpauseArgs
    reconciles: ClassVar[bool] = True
    verb: ClassVar[str] = "unpause"
    allow: ClassVar[str] = "CONTAINERS=1 ALLOW_UNPAUSE=1"

    def plan_one(self, client: Any, seen: InspectedContainer, args: UnpauseArgs, ctx: Context) -> str | None:
        """That it would be unpaused, or None."""
        if not seen.paused or (args.only_ours and not Ours(seen, ctx).is_ours(client, "paused")):
            return None
        return f"container '{seen.name}' would be unpaused"

    def apply_one(self, client: Any, seen: InspectedContainer, args: UnpauseArgs, ctx: Context) -> Outcome:
        """Unpause it and read back. With `only_ours`, what its owner has paused is left as it is."""
        ours = Ours(seen, ctx)
        if not seen.paused:
            return Outcome("unchanged", f"container '{seen.name}' is not paused")
        if args.only_ours and (why := ours.obstacle(client, "paused")):
            return Outcome("unchanged", f"container '{seen.name}' stays paused until you unpause it: {why}")
        client.unpause(seen.id)
        now = inspect(client, seen.id)
        if now is None or now.paused:
            raise Retry(f"container '{seen.name}' was to be unpaused, and Docker shows that it is not")
        ours.forget()
        return Outcome("changed", f"container '{seen.name}' unpaused")
