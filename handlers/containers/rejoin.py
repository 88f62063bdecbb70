"""Whoever shares a container's network namespace gets into the new one, after that container came up anew."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from handlers.containers.namespace import look_around, refuse_nested
from handlers.containers.recreate import settle
from handlers.containers.rejoin_attempt import Rejoining, remembered
from handlers.containers.rejoin_work import Work, names, report, work
from handlers.containers.restart_attempt import left_by_us
from handlers.shared.docker import CONTROL, admitted, engine, look, obstacle
from hooks.config.settings import Settings
from hooks.docker.container import InspectedContainer
from hooks.handler import Context, Duration, Handler, Outcome


@dataclass(frozen=True)
class RejoinArgs:
    """Arguments of `containers.rejoin`."""

    of: str = field(metadata={"says": "the container whose network the others share"})
    if_recreated: Literal["report", "recreate"] = field(
        default="report",
        metadata={
            "says": "what to do once that container has another id, so that a restart of the others does not help: "
            "fail and say the command that re-creates them, or re-create them"
        },
    )
    grace: Duration = field(
        default=Duration(60.0),
        metadata={"says": "how long Compose or another tool has to re-create them, before that is done"},
    )


class Rejoin(Handler[RejoinArgs]):
    """Look who sits on a dead namespace; restart those whom a restart helps, and see to the others."""

    name: ClassVar[str] = "containers.rejoin"
    says: ClassVar[str] = "containers in another's network get into the new one, after that container came up anew"
    Args: ClassVar[type] = RejoinArgs
    reconciles: ClassVar[bool] = True

    def targets(self, args: RejoinArgs, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002 - the base's signature
        """The container whose network it is; the others are held one by one, as they are found."""
        return (f"container:{args.of}",)

    def plan(self, args: RejoinArgs, ctx: Context) -> str | None:
        """Who would be restarted or re-created, and what would be reported, or None."""
        with _engine(args, ctx) as client:
            found = _look(client, args, ctx)
        if isinstance(found, str):
            return None
        parent, todo = found
        words = [f"{names(todo.restarts)} would be restarted"] if todo.restarts else []
        words += [f"{names(todo.recreations)} would be re-created"] if todo.recreations else []
        words += [report(parent, todo.reports)] if todo.reports else []
        return "; ".join([*words, *todo.by_hand]) or None

    def apply(self, args: RejoinArgs, ctx: Context) -> Outcome:
        """Finish what was cut off, restart and re-create in dependency order, and look whether they run."""
        with _engine(args, ctx) as client:
            settled = settle(client, ctx)
            found = _look(client, args, ctx)
        if isinstance(found, str):
            return Outcome("changed" if settled else "skipped", "; ".join([*settled, found]))
        parent, todo = found
        return Rejoining(parent, todo, ctx).apply(args.grace, [*remembered(parent, ctx), *settled])


def _engine(args: RejoinArgs, ctx: Context) -> AbstractContextManager[Any]:
    return engine(ctx, f"look who shares the network of container '{args.of}'", CONTROL)


def _look(client: Any, args: RejoinArgs, ctx: Context) -> tuple[InspectedContainer, Work] | str:
    """The parent and what is to be done about whoever shares its namespace, or why nobody can join it now."""
    found = look(client, args.of)
    if found is None and ctx.world.last_known(args.of):  # a re-creation removes it first
        return f"container '{args.of}' is gone; whoever shares its network is seen to when it is back"
    parent = admitted(found, args.of, ctx)
    refuse_nested(client, parent)
    unready = obstacle(parent, f"container '{parent.name}', whose network others share,", healthy=True)
    if unready:
        return unready
    # what is believed may be older than what was just seen: at a start, Docker may not have been looked at yet
    shared = look_around(client, parent, ctx.world.ids(), lambda seen: left_by_us(seen, ctx))
    return parent, work(shared, ctx, recreates=args.if_recreated == "recreate")
