"""`containers.signal`: sends a signal to the first process of containers, such as HUP, at which many read their files.

A retry of the run sends it only to those that it could not be sent to. A run that was cut off by a kill of gluehook may
send it twice.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from handlers.containers import targets
from handlers.containers.ours import Ours
from handlers.containers.restart_attempt import SETTLE_S
from handlers.containers.several import SeveralContainers
from handlers.containers.stop import forgotten_if_refused
from handlers.containers.targets import TargetArgs
from handlers.shared.docker import inspect
from hooks.docker.container import InspectedContainer
from hooks.handler import Context, Outcome, Retry

_lock = threading.Lock()  # several are sent it at once
_ENDING = frozenset({"INT", "KILL", "QUIT", "TERM"})  # it may end later than it is read back


@dataclass(frozen=True)
class SignalArgs(TargetArgs):
    """Arguments of `containers.signal`."""

    signal: Literal["HUP", "USR1", "USR2", "WINCH", "ALRM", "INT", "QUIT", "TERM", "KILL"] = field(
        kw_only=True, metadata={"says": "the signal"}
    )


class Signal(SeveralContainers[SignalArgs]):
    """Send a signal to a running container, and say whether it has ended by it."""

    name: ClassVar[str] = "containers.signal"
    says: ClassVar[str] = "sends a signal, such as HUP, to running containers"
    Args: ClassVar[type] = SignalArgs
    verb: ClassVar[str] = "signal"
    allow: ClassVar[str] = "CONTAINERS=1 ALLOW_RESTARTS=1"

    def plan_one(self, client: Any, seen: InspectedContainer, args: SignalArgs, ctx: Context) -> str | None:  # noqa: ARG002 - the base's signature
        """That it would be sent, or None."""
        return f"container '{seen.name}' would be sent {args.signal}" if seen.running and not seen.paused else None

    def apply(self, args: SignalArgs, ctx: Context) -> Outcome:
        """Send it to each that runs. Skipped for one that does not run or is paused."""
        done = super().apply(args, ctx)
        ctx.memory.put(_key(args), None)
        return done

    def apply_one(self, client: Any, seen: InspectedContainer, args: SignalArgs, ctx: Context) -> Outcome:
        """Send it to one, and read back whether that has ended."""
        if [ctx.run, seen.id] in (ctx.memory.get(_key(args)) or []):
            return Outcome("unchanged", f"container '{seen.name}' was sent {args.signal} by an attempt before")
        if seen.restarting:
            raise Retry(f"container '{seen.name}' is restarting; {args.signal} is sent when it runs")
        if seen.stopped or seen.paused:
            how = "is paused" if seen.paused else "does not run"
            return Outcome("skipped", f"container '{seen.name}' {how}, so {args.signal} was not sent")
        ours = Ours(seen, ctx)
        ours.intend("stopped")  # what it ends by this is ended by us
        with forgotten_if_refused(ours):
            client.kill(seen.id, args.signal)
        if len(targets.names(args)) != 1:
            _save_sent(seen, args, ctx)
        ctx.wait(SETTLE_S)
        return _read_back(client, seen, args.signal, ours)


def _read_back(client: Any, before: InspectedContainer, signal: str, ours: Ours) -> Outcome:
    now, sent = inspect(client, before.id), f"container '{before.name}' was sent {signal}"
    if now is not None and now.stopped:
        ours.confirm(client, now)
        return Outcome("changed", f"{sent} and has ended, with exit code {now.exit_code}")
    if now is None or signal not in _ENDING or now.started_at != before.started_at:
        ours.forget()
    if now is None or now.restarting or now.started_at != before.started_at:
        how = "is gone" if now is None else "has ended; Docker restarts it"
        return Outcome("changed", f"{sent} and {how}")
    return Outcome("changed", sent)


def _save_sent(seen: InspectedContainer, args: SignalArgs, ctx: Context) -> None:
    with _lock:
        before = [one for one in ctx.memory.get(_key(args)) or [] if one[0] == ctx.run]
        ctx.memory.put(_key(args), [*before, [ctx.run, seen.id]])


def _key(args: SignalArgs) -> str:
    return f"containers.signalled:{args.signal} {targets.described(args)}"
