"""`of = "*"` of `containers.rejoin`: whose networks it is about, and one outcome of several.

An event of a container is about that container alone, so that each owner of a shared network has a lane of its own. Any
other event is about all of them, at once: the failure of one stops no other, and one that takes its time delays none.
A container that joins another's network owns none: the owner is the one at the end of that chain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from handlers.shared.at_once import at_once
from hooks.handler import Context, GiveUp, Outcome, Retry
from hooks.pairs.reach import by_id
from hooks.world.model import World

EVERY = "*"


def owners(ctx: Context) -> list[str]:
    """The containers whose networks are meant, also one that is gone and that gluehook has known."""
    if ctx.event.type.startswith("container."):
        return [_owner(ctx.world, ctx.event.subject)]
    joined = (one.network_mode.partition(":") for one in ctx.world.containers.values())
    found = (_name_of(ctx.world, parent) for kind, _, parent in joined if kind == "container")
    return sorted({_owner(ctx.world, name) for name in found if name})


def _owner(world: World, name: str) -> str:
    """The container at the end of the chain, as far as that is known."""
    way = [name]
    while (one := world.containers.get(way[-1])) and one.network_mode.startswith("container:"):
        joins = _name_of(world, one.network_mode.partition(":")[2])
        if not joins or joins in way:  # in a circle there is no owner, which `containers.rejoin` says
            break
        way.append(joins)
    return way[-1]


def _name_of(world: World, ident: str) -> str:
    """What the container of this id is called, or was called when there was one; "" where that is not known."""
    if found := by_id(world, ident):
        return found.name
    return next((name for name, ids in world.ids().items() if ident == name or ident in ids), "")


def every(names: Sequence[str], apply: Callable[[str], Outcome], ctx: Context) -> Outcome:
    """Handle each under its own lock. Raises Retry if one may work later, GiveUp if a person must change something."""

    outcomes: list[Outcome] = []
    failed: list[Retry | GiveUp] = []

    def one(name: str) -> None:
        try:
            with ctx.hold(f"container:{name}"):
                outcomes.append(apply(name))
        except (Retry, GiveUp) as end:
            failed.append(end)

    at_once([partial(one, name) for name in names])
    outcomes.sort(key=lambda outcome: outcome.said)  # the same sentence whichever has ended first
    failed.sort(key=lambda end: end.said)
    said = "; ".join([*(one.said for one in outcomes), *(one.said for one in failed)])
    if any(isinstance(end, Retry) for end in failed):
        raise Retry(
            said, after=min((end.after for end in failed if isinstance(end, Retry) and end.after), default=None)
        )
    if failed:
        raise GiveUp(said)
    again = any(one.again for one in outcomes)
    ended = sorted(outcomes, key=lambda one: ("changed", "skipped", "unchanged").index(one.status))
    status = ended[0].status if ended else "unchanged"
    return Outcome(status, said or "no container shares the network of another", again=again)
