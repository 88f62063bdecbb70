"""`of = "*"` of `containers.rejoin`: whose networks it is about, and one outcome of several.

An event of a container is about that container alone, so that each owner of a shared network has a lane of its own. Any
other event is about all of them; the failure of one stops no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hooks.handler import Context, GiveUp, Outcome, Retry
from hooks.pairs.reach import by_id

EVERY = "*"


def owners(ctx: Context) -> list[str]:
    """The containers whose networks are meant."""
    if ctx.event.type.startswith("container."):
        return [ctx.event.subject]
    joined = (one.network_mode.partition(":") for one in ctx.world.containers.values())
    found = (by_id(ctx.world, parent) for kind, _, parent in joined if kind == "container")
    return sorted({one.name for one in found if one})


def every(names: Sequence[str], apply: Callable[[str], Outcome], ctx: Context) -> Outcome:
    """Handle each under its own lock. Raises Retry if one may work later, GiveUp if a person must change something."""
    outcomes: list[Outcome] = []
    failed: list[Retry | GiveUp] = []
    for name in names:
        try:
            with ctx.hold(f"container:{name}"):
                outcomes.append(apply(name))
        except (Retry, GiveUp) as end:
            failed.append(end)
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
