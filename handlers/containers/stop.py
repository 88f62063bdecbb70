"""`containers.stop`: stops containers, and remembers that gluehook did so; see ours.py."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from handlers.containers.ours import Ours
from handlers.containers.several import SeveralContainers
from handlers.containers.targets import TargetArgs
from handlers.shared.docker import inspect
from hooks.docker.answers import is_absent
from hooks.docker.client import engine
from hooks.docker.container import InspectedContainer
from hooks.handler import Context, Duration, Outcome, Retry


@dataclass(frozen=True)
class StopArgs(TargetArgs):
    """Arguments of `containers.stop`."""

    stop_timeout: Duration | None = field(
        default=None,
        metadata={"says": "how long it may take to stop before it is killed; default: the container's own"},
    )


class Stop(SeveralContainers[StopArgs]):
    """Stop what runs, dependents first, and remember it: `containers.start` with `only_ours` starts it again."""

    name: ClassVar[str] = "containers.stop"
    says: ClassVar[str] = "stops running containers; `containers.start` with `only_ours = true` starts them again"
    Args: ClassVar[type] = StopArgs
    reconciles: ClassVar[bool] = True
    verb: ClassVar[str] = "stop"
    allow: ClassVar[str] = "CONTAINERS=1 ALLOW_STOP=1"
    dependents_first: ClassVar[bool] = True

    def plan_one(self, client: Any, seen: InspectedContainer, args: StopArgs, ctx: Context) -> str | None:  # noqa: ARG002 - the base's signature
        """That it would be stopped, or None."""
        return None if seen.stopped else f"container '{seen.name}' would be stopped"

    def apply_one(self, client: Any, seen: InspectedContainer, args: StopArgs, ctx: Context) -> Outcome:
        """Stop it and read back. One that does not run already is left as it is, and stays its owner's."""
        ours = Ours(seen, ctx)
        if seen.stopped:
            if not ours.is_ours(client, "stopped"):
                return Outcome("unchanged", f"container '{seen.name}' does not run; gluehook has not stopped it")
            ours.confirm(client, seen)  # gluehook may have been killed before it could
            return Outcome("unchanged", f"container '{seen.name}' is stopped, by gluehook")
        stop_s = math.ceil(seen.stop_timeout_s if args.stop_timeout is None else args.stop_timeout)
        ours.intend("stopped")
        with forgotten_if_refused(ours):
            if seen.paused and engine().podman:  # which stops no container that is paused
                client.unpause(seen.id)
            client.timeout = max(ctx.left(), 0.5) - stop_s  # docker-py adds the stop time-out again
            _stop(client, seen, stop_s)
        client.timeout = max(ctx.left(), 1.0)
        return _read_back(client, seen, ours)


def _stop(client: Any, seen: InspectedContainer, stop_s: int) -> None:
    from docker.errors import APIError

    try:
        client.stop(seen.id, timeout=stop_s)
    except APIError as error:
        if not is_absent(error):  # else it was removed as soon as it had ended, which is what `_read_back` says
            raise


def _read_back(client: Any, before: InspectedContainer, ours: Ours) -> Outcome:
    now = inspect(client, before.id)
    if now is None or before.auto_remove:
        ours.forget()
        how = "Docker removes it, as it was run with --rm" if before.auto_remove else "somebody has removed it since"
        return Outcome("changed", f"container '{before.name}' stopped; {how}")
    if not now.stopped:
        raise Retry(f"container '{before.name}' was to be stopped, and Docker shows that it runs")
    ours.confirm(client, now)
    return Outcome("changed", f"container '{before.name}' stopped")


@contextmanager
def forgotten_if_refused(ours: Ours) -> Iterator[None]:
    """Docker or a proxy refuses the request: then nothing was done that is ours."""
    from docker.errors import APIError

    try:
        yield
    except APIError as error:
        if error.response is not None and error.response.status_code < 500:
            ours.forget()
        raise
