"""`containers.rejoin`: brings containers into the new network namespace of the container whose network they share.

A container with `network_mode: container:X` stays in X's old namespace after X restarts, and reaches nothing.
The shipped rule rejoin-network calls this when gluetun is healthy; a resync may call it at any time.
The handler reads all containers (namespace.py, dependents.py), decides what each needs (rejoin_work.py), and does that
(rejoin_attempt.py, recreate.py). It first finishes or undoes re-creations that were cut off.
It guarantees: no container is touched before the parent runs and is healthy; a container that its owner stopped or
paused stays so; only what sits on an old namespace is touched, and what ends with that (companions.py); re-creation
needs `if_recreated = "recreate"`, else the exact command is reported; each container is restarted at most 5 times an
hour (restart_budget.py).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, NamedTuple

from handlers.containers.companions import companions
from handlers.containers.dependents import Remembered
from handlers.containers.joined_starts import JoinedStarts
from handlers.containers.namespace import Namespace, inspect_members, refuse_nested
from handlers.containers.owners import EVERY, every, owners
from handlers.containers.present_ids import PresentIds
from handlers.containers.recreate import finish_interrupted
from handlers.containers.rejoin_attempt import RejoinAttempt, saved_deeds
from handlers.containers.rejoin_work import Work, add, names, report, work
from handlers.containers.restart_attempt import left_by_us
from handlers.shared.docker import CONTROL, admitted, docker_client, inspect, obstacle
from hooks.config.settings import Settings
from hooks.docker.container import InspectedContainer
from hooks.docker.state_words import state_words
from hooks.events.catalogue import Event, topic_of
from hooks.handler import Context, Duration, Handler, Outcome, Retry


@dataclass(frozen=True)
class RejoinArgs:
    """Arguments of `containers.rejoin`."""

    of: str = field(
        metadata={
            "says": 'the container whose network the others share; "*": the one that the event is about, or whose '
            "network that one joins; for an event of no container each one whose network others share, at once"
        }
    )
    if_recreated: Literal["report", "recreate"] = field(
        default="report",
        metadata={
            "says": "what to do once that container has another id, so that a restart of the others does not help: "
            "fail and say the command that re-creates them, or re-create them"
        },
    )
    grace: Duration = field(
        default=Duration(60.0),
        metadata={"says": "how long Compose or another tool has to re-create them, before gluehook does"},
    )


class Rejoin(Handler[RejoinArgs]):
    """Find the containers in an old namespace; restart those that a restart helps, re-create or report the others."""

    name: ClassVar[str] = "containers.rejoin"
    says: ClassVar[str] = "after a container restarts, brings the containers that share its network into its new one"
    Args: ClassVar[type] = RejoinArgs
    reconciles: ClassVar[bool] = True

    def targets(self, args: RejoinArgs, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002 - the base's signature
        """The container whose network it is; the others are locked one by one, as they are found."""
        return () if args.of == EVERY else (f"container:{args.of}",)

    def plan(self, args: RejoinArgs, ctx: Context) -> str | None:
        """Which containers would be restarted, re-created or reported, or None."""
        if args.of == EVERY:
            planned = [self.plan(replace(args, of=owner), ctx) for owner in owners(ctx)]
            return "; ".join(filter(None, planned)) or None
        with _engine(args, ctx) as client:
            found = _inspect(client, args, ctx)
        if isinstance(found, str):
            return None
        parent, todo = found.shared.parent, found.todo
        words = [f"{names(todo.restarts)} would be restarted"] if todo.restarts else []
        words += [f"{names(todo.recreations)} would be re-created"] if todo.recreations else []
        words += [report(parent, todo.reports)] if todo.reports else []
        return "; ".join([*words, *todo.manual]) or None

    def apply(self, args: RejoinArgs, ctx: Context) -> Outcome:
        """Finish what was cut off, restart and re-create in dependency order, and read back whether they run."""
        if args.of == EVERY:
            return every(owners(ctx), lambda owner: self.apply(replace(args, of=owner), ctx), ctx)
        with _engine(args, ctx) as client:
            settled = finish_interrupted(client, ctx)
            found = _inspect(client, args, ctx)
        if isinstance(found, str):
            return Outcome("changed" if settled else "skipped", "; ".join([*settled, found]), again=True)
        parent = found.shared.parent
        ctx.saw(state_words(parent))
        for one in found.shared.dependents:
            ctx.saw(f"container '{one.seen.name}' joins the {one.shares} of '{one.joins.name}': {one.state}")
        JoinedStarts(ctx.memory, parent.name).save(found.shared.dependents, [one.id for one in found.shared.everyone])
        return RejoinAttempt(parent, found.todo, found.ids, ctx).apply(
            args.grace, [*saved_deeds(parent, ctx), *settled]
        )


def remembered(parent: str, ctx: Context) -> Remembered:
    """What gluehook has seen and done to the containers in the namespace of the parent of this name."""
    return Remembered(lambda seen: left_by_us(seen, ctx), joined=JoinedStarts(ctx.memory, parent).joined)


class Found(NamedTuple):
    """A namespace and what is to be done about it."""

    shared: Namespace
    todo: Work
    ids: PresentIds  # of every container


def _engine(args: RejoinArgs, ctx: Context) -> AbstractContextManager[Any]:
    return docker_client(ctx, f"find the containers that share the network of container '{args.of}'", CONTROL)


def _inspect(client: Any, args: RejoinArgs, ctx: Context) -> Found | str:
    """The namespace and the work on it, or why no container can join it now."""
    found = inspect(client, args.of)
    if found is None and ctx.world.last_known(args.of):  # a re-creation removes it first
        return f"container '{args.of}' is gone; the containers that share its network are handled when it is back"
    parent = admitted(found, args.of, ctx)
    refuse_nested(client, parent)
    try:
        unready = obstacle(parent, f"container '{parent.name}', whose network others share,", healthy=True)
    except Retry as end:
        if _is_about_the_parent(ctx.event, parent):
            raise
        unready = end.said
    if unready:
        return unready
    # ctx.world may be older than what was just read: at a start, the first list may be under way
    shared = inspect_members(client, parent, ctx.world.ids(), remembered(parent.name, ctx))
    recreates = args.if_recreated == "recreate"
    todo = work(shared, ctx, recreates=recreates)
    ids = PresentIds(shared.everyone, ctx.world.ids())
    for one in companions(client, shared, [*todo.restarts, *todo.recreations, *todo.reports], ids, ctx):
        add(one, todo, ctx, recreates=recreates)
    return Found(shared, todo, ids)


def _is_about_the_parent(event: Event, parent: InspectedContainer) -> bool:
    """Whether a parent that is not ready is to be waited for. What only happened elsewhere does not make it ready."""
    return event.subject == parent.name or topic_of(event) is not None
