"""`containers.pause`: pauses containers, and remembers that gluehook did so; see ours.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from handlers.containers.ours import Ours
from handlers.containers.several import SeveralContainers
from handlers.containers.stop import forgotten_if_refused
from handlers.containers.targets import TargetArgs
from handlers.shared.docker import inspect
from hooks.docker.container import InspectedContainer
from hooks.handler import Context, Outcome, Retry


@dataclass(frozen=True)
class PauseArgs(TargetArgs):
    """Arguments of `containers.pause`."""


class Pause(SeveralContainers[PauseArgs]):
    """Pause what runs, dependents first, and remember it: `containers.unpause` with `only_ours` lets it go on."""

    name: ClassVar[str] = "containers.pause"
    says: ClassVar[str] = "pauses running containers; `containers.unpause` with `only_ours = true` lets them go on"
    Args: ClassVar[type] = PauseArgs
    reconciles: ClassVar[bool] = True
    verb: ClassVar[str] = "pause"
    allow: ClassVar[str] = "CONTAINERS=1 ALLOW_PAUSE=1"
    dependents_first: ClassVar[bool] = True

    def plan_one(self, client: Any, seen: InspectedContainer, args: PauseArgs, ctx: Context) -> str | None:  # noqa: ARG002 - the base's signature
        """That it would be paused, or None."""
        return f"container '{seen.name}' would be paused" if seen.running and not seen.paused else None

    def apply_one(self, client: Any, seen: InspectedContainer, args: PauseArgs, ctx: Context) -> Outcome:  # noqa: ARG002 - the base's signature
        """Pause it and read back. Skipped while it does not run; one that is paused already stays its owner's."""
        ours = Ours(seen, ctx)
        if seen.restarting:
            raise Retry(f"container '{seen.name}' is restarting; it is paused when it runs")
        if seen.stopped:
            return Outcome("skipped", f"container '{seen.name}' does not run, so there is nothing to pause")
        if seen.paused:
            if not ours.is_ours(client, "paused"):
                return Outcome("unchanged", f"container '{seen.name}' is paused already, not by gluehook")
            ours.confirm(client, seen)  # gluehook may have been killed before it could
            return Outcome("unchanged", f"container '{seen.name}' is paused, by gluehook")
        ours.intend("paused")
        with forgotten_if_refused(ours):
            client.pause(seen.id)
        now = inspect(client, seen.id)
        if now is None or not now.paused:
            raise Retry(f"container '{seen.name}' was to be paused, and Docker shows that it is not")
        ours.confirm(client, now)
        return Outcome("changed", f"container '{seen.name}' paused")
